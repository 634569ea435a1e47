"""The contract of a search method: tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanopt_core.space import Space
from leanopt_core.stage import Stage, StageStart
from leanopt_core.testing import outcomes, spaces
from leanopt_core.testing import stage_rules as rules
from leanopt_core.testing.costs import DOUBT, Cost
from leanopt_core.testing.driving import Build, Search, scanned
from leanopt_core.testing.limits import LimitedKit
from leanopt_core.testing.searching import Searching, watched
from leanopt_core.testing.surroundings import elsewhere, plan, put_clocks_on, seeded, states

#: The lookaheads of the tests.
LOOKAHEADS = (1, 16, 48)

distances = pytest.mark.parametrize("lookahead", LOOKAHEADS)

#: So often is the cost of an ask measured before it counts as too high: machines are noisy.
_MEASUREMENTS = 3


class StageContract(LimitedKit):
    """Inherit and override `build`; every test runs on the method it builds.

    A method whose `ask` is expensive may lower `trials`, `examples` and `cost_trials`. Set `seeded`
    to False for a method that takes no random choices, and `exhaustive` to True for one that ends
    only when it has proposed every point. Set `objectives` for a method that looks at several.
    """

    #: The budget of the tests' searches.
    trials = 40
    #: Number of random spaces.
    examples = 25
    #: Number of trials after which the cost of an ask is measured.
    cost_trials = (600, 2000)
    #: The largest power of the number of trials with which the cost may grow; None for no limit.
    cost_growth: float | None = 1.0
    #: How many objectives trials have.
    objectives = 1
    #: Whether another seed gives another search.
    seeded = True
    #: Whether it is done only when it has proposed every feasible point.
    exhaustive = False

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Override: return the factory of the method, such as `partial(create, Options())`."""
        raise NotImplementedError("override the fixture `build`")

    @pytest.fixture
    def searching(self, build: Build) -> Searching:
        """Return searches with the method, its calls limited."""
        return Searching(build, self.trials, self.limits({}), self.objectives)

    @distances
    def test_order_of_completion_changes_nothing(
        self, searching: Searching, lookahead: int
    ) -> None:
        """Proposals and origins do not depend on which backtest ends first."""
        space = spaces.every_kind()
        first = searching(space, lookahead=lookahead)
        for order in range(1, 4):
            again = searching(space, lookahead=lookahead, order=order)
            same = again.proposed == first.proposed
            assert same, f"{rules.GIVEN}; with backtests in another order it searched otherwise"

    @distances
    def test_the_same_search_again(self, searching: Searching, lookahead: int) -> None:
        """A second search with the same seed is equal: searches share no state."""
        space = spaces.every_kind()
        first = searching(space, lookahead=lookahead)
        searching(space, lookahead=lookahead, seed=8)
        searching(spaces.roomy(), lookahead=lookahead)
        for again in (searching, beside_others(searching)):
            same = again(space, lookahead=lookahead).proposed == first.proposed
            assert same, f"{rules.GIVEN}; after or beside another search it searched otherwise"

    @distances
    def test_grid_and_constraints_are_kept(self, searching: Searching, lookahead: int) -> None:
        """Each point is on the grid and violates no constraint."""
        space = spaces.every_kind()
        search = searching(space, lookahead=lookahead)
        assert search.points, f"{rules.DONE}; it proposed nothing"
        for point in search.points:
            assert space.contains(point), f"{rules.POINT}; it proposed {point}"
            values: Mapping[str, Any] = space.values(point)
            kept = values["fast"] < values["slow"] and values["fast"] + values["hold"] <= 40
            assert kept, f"{rules.POINT}; it proposed {values}"

    @distances
    def test_inactive_parameters_are_not_searched(
        self, searching: Searching, lookahead: int
    ) -> None:
        """Where a condition makes a parameter inactive, each point has its first value."""
        space, few = spaces.conditional(), spaces.few_conditional()
        search = searching(space, lookahead=lookahead)
        assert search.points, f"{rules.DONE}; it proposed nothing"
        check_end(search)
        for point in search.points:
            assert space.canonical(point) == point, f"{rules.CANONICAL}; it proposed {point}"
        stored = search.proposed[: len(search.proposed) // 2]
        again = searching(space, lookahead=lookahead, stored=stored, order=3)
        assert again.proposed == search.proposed, f"{rules.REPLAY}; it continues otherwise"
        end = searching.run(few, [searching.rule(200)], lookahead=lookahead)
        assert end.reasons == ["done"], f"{rules.DONE}; it ended by {end.reasons}"
        tried = f"it tried {len(end.points)} of 9 points"
        assert len(end.points) == 9 or not self.exhaustive, f"{rules.EXHAUSTIVE}; {tried}"

    def test_any_space_is_searched(self, searching: Searching) -> None:
        """In any space, even a small or constrained one, points are feasible, unique, and end."""

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            # A busy machine is no fault of the method.
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(spaces.spaces(), st.integers(0, 2**32), st.integers(1, 24), st.integers(1, 30))
        def check(space: Space, seed: int, lookahead: int, trials: int) -> None:
            stages = [searching.rule(trials)]
            search = searching.run(space, stages, seed=seed, lookahead=lookahead)
            found = f"of {trials} trials it made {search.points}"
            assert 1 <= len(search.points) <= trials, f"{rules.DONE}; {found}"
            assert len(set(search.points)) == len(search.points), f"{rules.POINT}; {found}"
            assert all(space.feasible(point) for point in search.points), f"{rules.POINT}; {found}"
            if self.exhaustive:
                all_tried = len(search.points) == min(trials, len(list(space.sample(0))))
                assert all_tried, f"{rules.EXHAUSTIVE}; {found}"

        check()

    @distances
    def test_new_points_are_proposed(self, searching: Searching, lookahead: int) -> None:
        """With thousands of untried points the method does not end by repeating itself."""
        check_end(searching(spaces.roomy(), lookahead=lookahead))

    @distances
    def test_ends_when_every_point_is_tried(self, searching: Searching, lookahead: int) -> None:
        """When every point is tried, it returns `DONE` and repeats nothing."""
        search = searching.run(spaces.small(), [searching.rule(200)], lookahead=lookahead)
        assert search.reasons == ["done"], f"{rules.DONE}; it ended by {search.reasons}"
        tried = f"it tried {len(search.points)} of 15 points"
        assert len(search.points) == 15 or not self.exhaustive, f"{rules.EXHAUSTIVE}; {tried}"

    @distances
    def test_asked_after_exhaustion(self, searching: Searching, lookahead: int) -> None:
        """If an earlier stage has tried every point, it returns `DONE` at once."""
        stages = [scanned(15), searching.rule()]
        search = searching.run(spaces.small(), stages, lookahead=lookahead)
        assert search.of(1) == [], f"{rules.POINT}; every point had been tried before"
        assert search.reasons[1] == "done", f"{rules.DONE}; it ended by {search.reasons[1]!r}"

    @distances
    @pytest.mark.parametrize("outcome", outcomes.hard(spaces.roomy()))
    def test_survives(self, searching: Searching, outcome: str, lookahead: int) -> None:
        """Outcomes without information cause neither an error nor repeats."""
        space, small = spaces.every_kind(), spaces.small()
        search = searching(space, judge=outcomes.hard(space)[outcome], lookahead=lookahead)
        assert search.points, f"{rules.DONE}; it proposed nothing"
        check_end(search)
        # To the end of the space, however it ends there.
        judge = outcomes.hard(small)[outcome]
        searching.run(small, [searching.rule(200)], judge=judge, lookahead=lookahead)

    @distances
    @pytest.mark.parametrize("left_by", spaces.one_point())
    def test_a_space_of_one_point(self, searching: Searching, left_by: str, lookahead: int) -> None:
        """The only point is proposed once, then the method is done."""
        search = searching(spaces.one_point()[left_by], lookahead=lookahead)
        assert len(search.points) == 1, f"{rules.DONE}; of one point it proposed {search.points}"
        assert search.reasons == ["done"], f"{rules.DONE}; it ended by {search.reasons}"

    @distances
    def test_earlier_trials_are_taken_up(self, searching: Searching, lookahead: int) -> None:
        """The method handles trials of an earlier stage, as seeds or history, even all failed."""
        space = spaces.every_kind()
        for judge in (None, outcomes.hard(space)["all failed"]):
            for seeds in ((), ("earlier",)):
                stages = [scanned(20), searching.rule(seed_from=seeds)]
                search = searching.run(space, stages, judge=judge, lookahead=lookahead)
                check_end(search)

    @distances
    def test_refusals_are_taken(self, searching: Searching, lookahead: int) -> None:
        """If most of a space has been tried, only new points become trials."""
        stages = [scanned(10), searching.rule()]
        search = searching.run(spaces.small(), stages, lookahead=lookahead)
        assert search.reasons[1] == "done", f"{rules.DONE}; it ended by {search.reasons[1]!r}"
        tried = f"it tried {len(search.of(1))} of the 5 points that were left"
        assert len(search.points) == 15 or not self.exhaustive, f"{rules.EXHAUSTIVE}; {tried}"

    @distances
    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
    def test_stored_proposals_replay(
        self, searching: Searching, share: float, lookahead: int
    ) -> None:
        """A replay repeats the stored proposals and continues in the same way."""
        space = spaces.every_kind()
        stages = [scanned(6), searching.rule(seed_from=("earlier",))]
        whole = searching.run(space, stages, lookahead=lookahead).proposed
        stored = whole[: int(share * len(whole))]
        again = searching.run(space, stages, lookahead=lookahead, stored=stored, order=3).proposed
        replayed = f"after a replay of {len(stored)} of {len(whole)} trials it continues otherwise"
        assert again == whole, f"{rules.REPLAY}; {replayed}"

    def test_explanations_can_be_stored(self, searching: Searching) -> None:
        """What a proposal has as `because` is small JSON, and is not changed afterwards."""
        for command in searching(spaces.every_kind()).proposed:
            stored, because = command.because, command.proposal.because
            told = f"trial {command.number} was stored with {stored}, and has {because} later"
            kept = stored is None or json.loads(json.dumps(because)) == json.loads(stored)
            assert kept, f"{rules.FROZEN}; {told}"

    def test_what_it_is_told_is_left_alone(self, searching: Searching) -> None:
        """It changes neither trials nor histories, nor anything in them."""
        space = spaces.every_kind()
        mixed = outcomes.mixed(space)
        searching, watch = watched(searching)
        stages = [scanned(12), searching.rule(seed_from=("earlier",))]
        searching.run(space, stages, judge=lambda p: evolve(mixed(p), values={"kit": 1.0}))
        changed = watch.changed()
        assert changed == [], f"{rules.FROZEN}; it changed {', '.join(changed)}"

    def test_another_seed_searches_otherwise(self, searching: Searching) -> None:
        """Searches with different seeds differ, if `seeded`, and are equal if not."""
        first, *others = (searching(spaces.every_kind(), seed=seed).points for seed in (7, 8, 9))
        if self.seeded:
            assert others != [first, first], f"{rules.SEEDED}; each seed gave the same points"
        else:
            assert others == [first, first], f"{rules.SEEDED}; `seeded` is False, but seeds count"

    def test_another_process_searches_alike(self, build: Build, searching: Searching) -> None:
        """Another process proposes the same: no dependence on hash order or process state."""
        limit = searching.limits.seconds
        there = elsewhere(build, self.trials, limit, objectives=self.objectives)
        if there is None:
            pytest.skip("`build` uses functions that another process cannot import")
        same = there == plan(searching)
        assert same, f"{rules.CLOCK}; another process proposed other points or origins"

    def test_no_clock_is_read(self, searching: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proposals do not depend on the clock."""
        space = spaces.every_kind()
        now = searching(space).proposed
        put_clocks_on(monkeypatch)
        assert searching(space).proposed == now, f"{rules.CLOCK}; a day later it searches otherwise"

    def test_global_random_state_is_untouched(self, searching: Searching) -> None:
        """The method does not use the global random generators of Python and NumPy."""
        runs = []
        for seed in (3, 4):
            with seeded(seed):
                before = states()
                runs.append(searching(spaces.every_kind()).proposed)
                untouched = states()[: len(before)] == before
            assert untouched, f"{rules.GENERATORS}; it used one"
        assert runs[0] == runs[1], f"{rules.GENERATORS}; seeded otherwise, they gave other points"

    @pytest.mark.slow
    def test_cost_of_an_ask(
        self,
        searching: Searching,
        record_property: Callable[[str, object], None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Print milliseconds of CPU time per proposal; they grow at most as `cost_growth` says."""
        limit = None if self.cost_growth is None else self.cost_growth + DOUBT
        for _ in range(_MEASUREMENTS):
            costs = [Cost.measured(searching, trials) for trials in self.cost_trials]
            grown = costs[-1].power_since(costs[0])
            if limit is None or grown <= limit:
                break
        for trials, cost in zip(self.cost_trials, costs, strict=True):
            record_property(f"ask_ms_{trials}", round(cost.milliseconds, 4))
            with capsys.disabled():
                print(f"\n{type(self).__name__}: {cost}", end="")  # noqa: T201 - the report
        told = f"it grows with the power {grown:.1f} of the number of trials"
        least = f"{self.cost_growth} is expected"
        assert limit is None or grown <= limit, f"{rules.COST}; {told}, {least}"


def check_end(search: Search) -> None:
    """Fail unless the last stage ended by its budget, or because it was done."""
    told = f"the stage ended by {search.reasons[-1]!r}, after 100 repeats in a row"
    assert search.reasons[-1] in {"trials", "done"}, f"{rules.REPEATS}; {told}"


def beside_others(searching: Searching) -> Searching:
    """Return the same searches, each beside another one that has just begun."""

    def build(start: StageStart) -> Stage:
        made = searching.build(start)
        searching.build(evolve(start, seed=start.seed + 1))
        return made

    return evolve(searching, build=build)
