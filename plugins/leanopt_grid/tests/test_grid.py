"""The search method `grid`: everything once, nothing held, no time lost in what is infeasible."""

from __future__ import annotations

import random
import tracemalloc
from itertools import islice, product
from typing import TYPE_CHECKING

import leanopt_grid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_grid._impl import GridSearch, create
from leanopt_grid._walk import feasible_points

from leanopt_core.search.commands import StageRule
from leanopt_core.search.history import ToldHistory
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.specs import NoOptions
from leanopt_core.stage import AskContext, StageStart
from leanopt_core.testing import drive
from leanopt_core.trial import DONE, Proposal, Score

if TYPE_CHECKING:
    from leanopt_core.search.commands import Propose
    from leanopt_core.space import Point


RULES = ("a < b", "b < c", "a == c", "a + b + c > 9", "c % 2 == 0", "a * b == 6", "b > 90", "f > 1")


def space(*lengths: int, rules: tuple[str, ...] = ()) -> Space:
    """Return a space with axes a, b, c ... of so many levels each, and a fixed f of 1."""
    names = "abcde"[: len(lengths)]
    axes = tuple(Axis.integers(n, 0, size - 1, 1) for n, size in zip(names, lengths, strict=True))
    parsed = tuple(ParameterConstraint.parse(rule, [*names, "f"]) for rule in rules)
    return Space(axes, {"f": 1}, parsed)


def build(start: StageStart) -> GridSearch:
    """Build the method as the core does."""
    return create(NoOptions(), start)


def stage(trials: int | None = None, name: str = "grid") -> StageRule:
    """Return the stage `grid`."""
    return StageRule(name, "stage grid", build, trials)


def result(point: Point) -> Score:
    """Return what a point scores, of which nothing depends."""
    return Score(1.0, sum(point) / 10)


def points(proposed: list[Propose]) -> list[Point]:
    """Return the points of proposals."""
    return [command.proposal.point for command in proposed]


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 6)),
    st.lists(st.sampled_from(RULES), max_size=3, unique=True),
)
def test_every_feasible_point_once(lengths: tuple[int, ...], rules: list[str]) -> None:
    """Whatever the constraints, what comes is what a look at every point of the grid gives."""
    expected = [
        (a, b, c)
        for a, b, c in product(*map(range, lengths))
        if all(eval(rule, {}, {"a": a, "b": b, "c": c, "f": 1}) for rule in rules)  # noqa: S307 - the independent truth
    ]
    found = list(feasible_points(space(*lengths, rules=tuple(rules))))
    assert sorted(found) == expected
    if not rules:
        assert found == expected


@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_a_whole_search(lookahead: int) -> None:
    """Same points in the same order at any distance and order of completion, none refused."""
    small = space(6, 6, rules=("a < b",))
    first = drive(small, [stage()], result).proposed
    assert sorted(points(first)) == [(a, b) for a in range(6) for b in range(6) if a < b]
    assert {command.attempt for command in first} == {0}
    for order in range(3):
        again = drive(small, [stage()], result, lookahead=lookahead, order=order).proposed
        assert points(again) == points(first)
    assert drive(small, [stage()], result, stored=first[:9], order=5).proposed == first


@pytest.mark.parametrize("score", [Score(failure="timeout"), Score(0.1, None, 2.0), Score(1, 1)])
def test_results_change_nothing(score: Score) -> None:
    """Failed, violating or all alike: the grid goes on."""
    assert len(drive(space(5, 4), [stage()], lambda _point: score).proposed) == 20


@pytest.mark.long
def test_three_thousand_of_five_thousand() -> None:
    """No repeat, nothing infeasible: the machine refuses the one and raises at the other."""
    proposed = drive(space(10, 10, 10, 5), [stage(3000)], result).proposed
    assert len(set(points(proposed))) == len(proposed) == 3000


def test_two_thousand_million_points_start_at_once() -> None:
    """The first points of 2 x 10^9 come without looking at many, and leave no memory behind."""
    wide = space(100, 100, 100, 100, 20, rules=("a < b",))
    walk = feasible_points(wide)
    first = next(walk)
    tracemalloc.start()
    try:
        for _ in islice(walk, 10):
            pass
        before = tracemalloc.get_traced_memory()[0]
        for _ in islice(walk, 5000):
            pass
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert first == (0, 1, 0, 0, 0)
    assert grown < 2_000


class Counted(Space):
    """A space that counts how many points are looked at."""

    looks: list[int] = []  # noqa: RUF012 - one space, one test

    def feasible(self, point: Point) -> bool:
        """Count and say."""
        self.looks.append(1)
        return super().feasible(point)


def test_skips_what_is_infeasible() -> None:
    """Of 2 x 10^9 points with 20 feasible ones few are looked at: no time is lost in between."""
    wide = space(100, 100, 100, 100, 20, rules=("b > 98 and a > 98", "d > 98 and c > 98"))
    counted = Counted(wide.axes, {"f": 1}, wide.constraints)
    assert list(feasible_points(counted)) == [(99, 99, 99, 99, e) for e in range(20)]
    assert len(counted.looks) <= 100 * 100 + 100 * 100 + 20


def test_a_space_without_feasible_points() -> None:
    """Proven empty after as many looks as the constraint's own axes have points."""
    assert (
        drive(space(100, 100, 100, 100, 20, rules=("a + b > 900",)), [stage()], result).proposed
        == []
    )
    assert drive(space(9, 9, rules=("f > 1",)), [stage()], result).proposed == []


def test_a_space_of_one_point() -> None:
    """A space without searched parameters has one point."""
    assert points(drive(Space((), {}, ()), [stage()], result).proposed) == [()]


def test_asked_after_the_end() -> None:
    """It stays done."""
    nothing = ToldHistory(space(1))
    search = build(StageStart(space(1), 7, None, 1, nothing))
    asked = [search.ask(AskContext(number, 0, 7, nothing)) for number in (1, 2, 3)]
    assert asked == [Proposal((0,), "grid", {"point": 1}), DONE, DONE]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400))
def test_goes_on_where_an_earlier_stage_was(first: int) -> None:
    """A grid that ran before is passed over, however long: every point comes once all the same."""
    stages = [stage(first, "one"), stage(None, "two")]
    proposed = drive(space(20, 20), stages, result).proposed
    assert sorted(points(proposed)) == list(product(range(20), range(20)))
    assert [command.index for command in proposed].count(0) == first


def test_leaves_the_global_generator_alone() -> None:
    """No global random state is read or moved."""
    random.seed(3)
    state = random.getstate()
    drive(space(6, 6), [stage()], result)
    assert random.getstate() == state


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_grid.leanopt_stages()
    assert (spec.name, spec.factory) == ("grid", "leanopt_grid._impl:create")
