"""The search method `random`, in searches of its own and after another stage."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING

import leanopt_random
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_random._impl import PATIENCE, RandomSearch, create

from leanopt_core.search.history import ToldHistory
from leanopt_core.search.machine import StageRule
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.specs import NoOptions
from leanopt_core.stage import AskContext, StageStart
from leanopt_core.trial import DONE, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leanopt_core.search.machine import Propose
    from leanopt_core.space import Point

    Drive = Callable[..., list[Propose]]


def space(fast: int = 6, slow: int = 6, rule: str = "fast < slow") -> Space:
    """Return a small space with a constraint."""
    axes = (Axis.integers("fast", 1, fast, 1), Axis.integers("slow", 1, slow, 1))
    return Space(axes, {}, (ParameterConstraint.parse(rule, ["fast", "slow"]),))


def build(start: StageStart) -> RandomSearch:
    """Build the method as the core does."""
    return create(NoOptions(), start)


def stage(trials: int | None = None, name: str = "random") -> StageRule:
    """Return the stage `random`."""
    return StageRule(name, "stage random", build, trials)


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_exhausts_the_feasible_points(drive: Drive, lookahead: int) -> None:
    """Without a number of trials every feasible point comes once, at any distance."""
    proposed = drive(space(), [stage()], lookahead=lookahead)
    points = [command.proposal.point for command in proposed]
    assert sorted(points) == [(a, b) for a in range(6) for b in range(6) if a < b]
    assert {command.proposal.origin for command in proposed} == {"random"}


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_order_of_completion_changes_nothing(drive: Drive, lookahead: int) -> None:
    """Whatever backtest ends first, the proposals are the same."""
    runs = [drive(space(), [stage(12)], lookahead=lookahead, order=order) for order in range(5)]
    assert all(run == runs[0] for run in runs)
    assert len(runs[0]) == 12


def test_seeds_give_other_orders(drive: Drive) -> None:
    """Another seed draws in another order."""
    first, second = (
        [command.proposal.point for command in drive(space(), [stage()], seed=seed)]
        for seed in (1, 2)
    )
    assert first != second
    assert sorted(first) == sorted(second)


def test_leaves_the_global_generator_alone(drive: Drive) -> None:
    """No global random state is read or moved."""
    random.seed(3)
    state = random.getstate()
    first = drive(space(), [stage()])
    assert random.getstate() == state
    random.seed(4)
    assert drive(space(), [stage()]) == first


def test_draws_uniformly() -> None:
    """Over many seeds each feasible point comes about equally often at each place (chi-squared).

    Since each place and each point comes once a seed, 14/15 of the sum over all of them has the
    chi-squared distribution of 14 x 14 degrees of freedom: mean 196, standard deviation 20.
    """
    feasible = [(a, b) for a in range(6) for b in range(6) if a < b]
    places, seeds = range(len(feasible)), 1500
    drawn = Counter(
        (place, point) for seed in range(seeds) for place, point in enumerate(space().sample(seed))
    )
    expected = seeds / len(feasible)
    counts = [drawn[place, point] for place in places for point in feasible]
    assert sum(counts) == seeds * len(feasible)
    statistic = sum((count - expected) ** 2 / expected for count in counts) * 14 / 15
    assert 196 - 4 * 20 < statistic < 196 + 4 * 20


@pytest.mark.parametrize("known", [0, 1, 9, 15])
def test_resumes_by_replay(drive: Drive, known: int) -> None:
    """Asked again from the start it proposes what is stored, and goes on alike."""
    whole = drive(space(), [stage(4, "one"), stage(None, "two")])
    assert drive(space(), [stage(4, "one"), stage(None, "two")], stored=whole[:known]) == whole


@given(st.integers(1, 14), st.integers(0, 1000))
def test_goes_on_where_an_earlier_stage_was(drive: Drive, first: int, seed: int) -> None:
    """After a stage that drew some points it draws exactly the others."""
    proposed = drive(space(), [stage(first, "one"), stage(None, "two")], seed=seed)
    points = [command.proposal.point for command in proposed]
    assert len(points) == len(set(points)) == 15


class Scan:
    """A method that proposes given points in turn."""

    def __init__(self, points: Iterator[Point]) -> None:
        self.points = points

    def ask(self, context: AskContext) -> Proposal | object:
        """Return the next point."""
        point = next(self.points, None)
        return DONE if point is None else Proposal(point, "scan")

    def tell(self, trial: object) -> None:
        """Learn nothing."""

    def refused(self, point: Point) -> None:
        """Learn nothing."""


def test_finds_the_last_points_of_an_almost_known_space(drive: Drive) -> None:
    """Where far more than a hundred repeats lie before the next new point, it is found still."""
    wide = space(40, 40, "fast + slow > 0")
    scan = StageRule("scan", "scan", lambda start: Scan(start.space.sample(5)), 1599)  # type: ignore[arg-type, return-value]  # the protocol's union
    proposed = drive(wide, [scan, stage()])
    assert len(proposed) == 1600
    last = proposed[-1]
    assert last.index == 1
    assert last.attempt == PATIENCE


def test_a_huge_space_costs_nothing(drive: Drive) -> None:
    """A space of 10^18 points is drawn from at once."""
    axes = tuple(Axis.integers(f"p{index}", 1, 1000, 1) for index in range(6))
    points = [command.proposal.point for command in drive(Space(axes, {}, ()), [stage(100)])]
    assert len(set(points)) == 100


def test_holds_no_list_of_what_it_drew() -> None:
    """Thousands of draws leave no more memory behind than a few of them."""
    wide = space(300, 300)
    nothing = ToldHistory(wide)
    search = build(StageStart(wide, 7, None, 1, nothing))
    context = AskContext(1, 0, 7, nothing)
    tracemalloc.start()
    try:
        kept = []
        for draws in (10, 2_000):
            for _ in range(draws):
                search.ask(context)
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert kept[1] - kept[0] < 10_000


def test_a_space_of_one_point(drive: Drive) -> None:
    """A space without searched parameters has one point."""
    assert [c.proposal.point for c in drive(Space((), {}, ()), [stage(5)])] == [()]


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_random.leanopt_stages()
    assert (spec.name, spec.factory) == ("random", "leanopt_random._impl:create")
