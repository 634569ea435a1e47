"""The search method `random`, in searches of its own and after another stage."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from functools import partial

import leanopt_random
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_random._impl import RandomSearch, create

from leanopt_core.search.commands import StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.specs import NoOptions
from leanopt_core.stage import AskContext, StageStart
from leanopt_core.testing import StageContract, drive
from leanopt_core.testing.driving import scanned


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


@pytest.mark.alike(6)
class TestContract(StageContract):
    """The kit for search methods."""

    exhaustive = True
    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], RandomSearch]:
        """The method has no options."""
        return partial(create, NoOptions())


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_exhausts_the_feasible_points(lookahead: int) -> None:
    """Without a number of trials every feasible point comes once, at any distance."""
    search = drive(space(), [stage()], lookahead=lookahead)
    assert sorted(search.points) == [(a, b) for a in range(6) for b in range(6) if a < b]
    assert {command.proposal.origin for command in search.proposed} == {"random"}


def test_seeds_give_other_orders() -> None:
    """Another seed draws in another order."""
    first, second = (drive(space(), [stage()], seed=seed).points for seed in (1, 2))
    assert first != second
    assert sorted(first) == sorted(second)


@pytest.mark.long
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


@given(st.integers(1, 14), st.integers(0, 1000))
def test_goes_on_where_an_earlier_stage_was(first: int, seed: int) -> None:
    """After a stage that drew some points it draws exactly the others."""
    points = drive(space(), [stage(first, "one"), stage(None, "two")], seed=seed).points
    assert len(points) == len(set(points)) == 15


def test_finds_the_last_points_of_an_almost_known_space() -> None:
    """Where far more than a hundred repeats lie before the next new point, it is found still."""
    wide = space(40, 40, "fast + slow > 0")
    proposed = drive(wide, [scanned(1599), stage()]).proposed
    assert len(proposed) == 1600
    last = proposed[-1]
    assert last.index == 1
    assert last.attempt == 0


def test_a_huge_space_costs_nothing() -> None:
    """A space of 10^18 points is drawn from at once."""
    axes = tuple(Axis.integers(f"p{index}", 1, 1000, 1) for index in range(6))
    points = drive(Space(axes, {}, ()), [stage(100)]).points
    assert len(set(points)) == 100


@pytest.mark.long
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


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_random.leanopt_stages()
    assert (spec.name, spec.factory) == ("random", "leanopt_random._impl:create")
