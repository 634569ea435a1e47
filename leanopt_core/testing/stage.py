"""The contract of a search method: tests."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from statistics import fmean
from time import perf_counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanopt_core.space import Axis, Point, Space
from leanopt_core.stage import AskContext, Stage, StageStart, TellContext
from leanopt_core.testing import outcomes, spaces
from leanopt_core.testing.driving import Build, Search, drive, rule, scanned
from leanopt_core.testing.surroundings import elsewhere, put_clocks_on, seeded, states
from leanopt_core.trial import Proposal, Signal, Trial

#: The lookaheads of the tests.
LOOKAHEADS = (1, 16, 48)

distances = pytest.mark.parametrize("lookahead", LOOKAHEADS)


class StageContract:
    """Inherit and override `build`; every test runs on the method it builds.

    A method whose `ask` is expensive may lower `trials`, `examples` and `cost_trials`.
    """

    #: The budget of the tests' searches.
    trials = 40
    #: Number of random spaces.
    examples = 25
    #: Number of trials after which the cost of an ask is measured.
    cost_trials = (600, 2000)

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """Override: return the factory of the method, such as `partial(create, Options())`."""
        raise NotImplementedError("override the fixture `build`")

    def search(self, build: Build, space: Space, **how: object) -> Search:
        """Run a search of `trials` trials with only this method."""
        return drive(space, [rule(build, self.trials)], **how)  # type: ignore[arg-type]

    @distances
    def test_order_of_completion_changes_nothing(self, build: Build, lookahead: int) -> None:
        """Proposals and origins do not depend on which backtest ends first."""
        space = spaces.every_kind()
        first = self.search(build, space, lookahead=lookahead)
        for order in range(1, 4):
            again = self.search(build, space, lookahead=lookahead, order=order)
            assert again.proposed == first.proposed

    @distances
    def test_the_same_search_again(self, build: Build, lookahead: int) -> None:
        """A second search with the same seed is equal: no state is kept between searches."""
        space = spaces.every_kind()
        first = self.search(build, space, lookahead=lookahead)
        self.search(build, space, lookahead=lookahead, seed=8)
        assert self.search(build, space, lookahead=lookahead).proposed == first.proposed

    @distances
    def test_grid_and_constraints_are_kept(self, build: Build, lookahead: int) -> None:
        """Each point is on the grid and violates no constraint."""
        space = spaces.every_kind()
        search = self.search(build, space, lookahead=lookahead)
        assert search.points
        for point in search.points:
            assert space.contains(point)
            values = space.values(point)
            assert values["fast"] < values["slow"], "a constraint is violated"  # type: ignore[operator]
            assert values["fast"] + values["hold"] <= 40, "a constraint is violated"  # type: ignore[operator]

    def test_any_space_is_searched(self, build: Build) -> None:
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
            search = drive(space, [rule(build, trials)], seed=seed, lookahead=lookahead)
            assert 1 <= len(search.points) == len(set(search.points)) <= trials
            assert all(space.feasible(point) for point in search.points)

        check()

    @distances
    def test_new_points_are_proposed(self, build: Build, lookahead: int) -> None:
        """With thousands of untried points the method does not end by repeating itself."""
        search = self.search(build, spaces.roomy(), lookahead=lookahead)
        assert search.reasons[0] in {"trials", "done"}, "it proposed 100 repeats in a row"

    @distances
    def test_ends_when_every_point_is_tried(self, build: Build, lookahead: int) -> None:
        """When every point is tried, it returns `DONE` and repeats nothing."""
        space = spaces.small()
        search = drive(space, [rule(build, 200)], lookahead=lookahead)
        assert len(search.points) <= 15
        assert search.reasons == ["done"], "it proposed 100 repeats in a row"

    @distances
    def test_asked_after_exhaustion(self, build: Build, lookahead: int) -> None:
        """If an earlier stage has tried every point, it returns `DONE` at once."""
        stages = [scanned(15), rule(build, self.trials)]
        search = drive(spaces.small(), stages, lookahead=lookahead)
        assert search.of(1) == []
        assert search.reasons == ["trials", "done"], "it proposed 100 repeats in a row"

    @distances
    @pytest.mark.parametrize("outcome", outcomes.hard(spaces.roomy()))
    def test_survives(self, build: Build, outcome: str, lookahead: int) -> None:
        """Outcomes without information cause neither an error nor repeats."""
        space = spaces.every_kind()
        judge = outcomes.hard(space)[outcome]
        search = self.search(build, space, judge=judge, lookahead=lookahead)
        assert search.points
        assert search.reasons[0] in {"trials", "done"}, "it proposed 100 repeats in a row"
        assert len(search.told) == len(search.points)

    @distances
    @pytest.mark.parametrize("left_by", spaces.one_point())
    def test_a_space_of_one_point(self, build: Build, left_by: str, lookahead: int) -> None:
        """The only point is proposed once, then the method is done."""
        space = spaces.one_point()[left_by]
        search = self.search(build, space, lookahead=lookahead)
        assert len(search.points) == 1
        assert search.reasons == ["done"], "it proposed 100 repeats in a row"

    @distances
    def test_earlier_trials_are_taken_up(self, build: Build, lookahead: int) -> None:
        """The method handles trials of an earlier stage, as seeds or history, even all failed."""
        space = spaces.every_kind()
        for judge in (None, outcomes.hard(space)["all failed"]):
            for seeds in ((), ("earlier",)):
                stages = [scanned(20), rule(build, self.trials, seeds)]
                search = drive(space, stages, judge=judge, lookahead=lookahead)
                assert len(set(search.points)) == len(search.points)
                assert search.reasons[1] in {"trials", "done"}

    @distances
    def test_refusals_are_taken(self, build: Build, lookahead: int) -> None:
        """If most of a space has been tried, only new points become trials."""
        stages = [scanned(10), rule(build, self.trials)]
        search = drive(spaces.small(), stages, lookahead=lookahead)
        assert len(set(search.points)) == len(search.points) <= 15
        assert search.reasons == ["trials", "done"], "it proposed 100 repeats in a row"

    @distances
    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
    def test_stored_proposals_replay(self, build: Build, share: float, lookahead: int) -> None:
        """A replay repeats the stored proposals and continues in the same way."""
        space = spaces.every_kind()
        stages = [scanned(6), rule(build, self.trials, ("earlier",))]
        whole = drive(space, stages, lookahead=lookahead).proposed
        stored = whole[: int(share * len(whole))]
        assert drive(space, stages, lookahead=lookahead, stored=stored, order=3).proposed == whole

    def test_explanations_can_be_stored(self, build: Build) -> None:
        """What a proposal has as `because` is small JSON, and is not changed afterwards."""
        for command in self.search(build, spaces.every_kind()).proposed:
            stored, because = command.because, command.proposal.because
            assert (stored is None) == (because is None)
            if stored is not None:
                unchanged = json.loads(json.dumps(because)) == json.loads(stored)
                assert unchanged, "a `because` was changed after the proposal"

    def test_another_process_searches_alike(self, build: Build) -> None:
        """Another process proposes the same: no dependence on hash order or process state."""
        there = elsewhere(build, self.trials)
        if there is None:
            pytest.skip("`build` uses functions that another process cannot import")
        assert there == self.search(build, spaces.every_kind()).points

    def test_no_clock_is_read(self, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proposals do not depend on the clock."""
        space = spaces.every_kind()
        now = self.search(build, space).proposed
        put_clocks_on(monkeypatch)
        assert self.search(build, space).proposed == now

    def test_global_random_state_is_untouched(self, build: Build) -> None:
        """The method does not use the global random generators of Python and NumPy."""
        runs = []
        for seed in (3, 4):
            with seeded(seed):
                before = states()
                runs.append(self.search(build, spaces.every_kind()).proposed)
                untouched = states()[: len(before)] == before
            assert untouched, "a global generator was used"
        assert runs[0] == runs[1]

    @pytest.mark.slow
    def test_cost_of_an_ask_is_reported(
        self,
        build: Build,
        record_property: Callable[[str, object], None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Reports milliseconds per proposal over the last 50, without a limit."""
        for trials in self.cost_trials:
            asked, milliseconds = cost(build, trials)
            said = f"{milliseconds:.3f} ms an ask after {asked} trials"
            if asked < trials:
                said += ", when it ended"
            record_property(f"ask_ms_{trials}", round(milliseconds, 4))
            with capsys.disabled():
                print(f"\n{type(self).__name__}: {said}", end="")  # noqa: T201 - the report
            assert asked > 0


#: The mean is taken over this many of the last proposals.
WINDOW = 50


def large() -> Space:
    """Return a space of seven axes and ten million points."""
    return Space(tuple(Axis.integers(name, 1, 10) for name in "abcdefg"), {}, ())


def cost(build: Build, trials: int) -> tuple[int, float]:
    """Return the number of trials, and the mean cost of the last ones in milliseconds.

    The cost of a proposal is the method's time since the one before: asks, tells and refusals.
    """
    space = large()
    timed: list[_Timed] = []

    def watched(start: StageStart) -> Stage:
        timed.append(_Timed(build(start)))
        return timed[0]

    search = drive(space, [rule(watched, trials)], judge=outcomes.hilly(space))
    return len(search.points), 1000 * fmean(timed[0].costs or (0.0,))


class _Timed:
    """Passes calls on, and records the cost of the last proposals in seconds."""

    def __init__(self, method: Stage) -> None:
        self._method = method
        self._spent = 0.0
        self.costs: deque[float] = deque(maxlen=WINDOW)

    def ask(self, context: AskContext) -> Proposal | Signal:
        began = perf_counter()
        answer = self._method.ask(context)
        self._spent += perf_counter() - began
        if isinstance(answer, Proposal):
            self.costs.append(self._spent)
            self._spent = 0.0
        return answer

    def tell(self, trial: Trial, context: TellContext) -> None:
        began = perf_counter()
        self._method.tell(trial, context)
        self._spent += perf_counter() - began

    def refused(self, point: Point) -> None:
        began = perf_counter()
        self._method.refused(point)
        self._spent += perf_counter() - began
