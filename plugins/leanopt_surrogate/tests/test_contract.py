"""New points of the grid whatever is told, beyond what the kit asks of every method."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import leanopt_surrogate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.testing import drive
from leanopt_core.trial import DONE, Proposal, Score, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leanopt_core.space import Point, Space

    MakeStage = Callable[..., StageRule]
    MakeSpace = Callable[..., Space]


def points(proposed: list[Propose]) -> list[Point]:
    """Return the proposed points."""
    return [command.proposal.point for command in proposed]


def worth(value: float) -> Score:
    """Return the score of a trial with this fitness."""
    return Score(fitness=value, objective=value)


def bowl(point: Point) -> Score:
    """Return a score that is best at level 3 of every axis."""
    return worth(-float(sum((level - 3) ** 2 for level in point)))


def partly(point: Point) -> Score:
    """Return no objective, a violation, or a bowl's score, as the first level has it."""
    if point[0] % 3 == 0:
        return Score(failure="timeout")
    if point[0] % 3 == 1:
        return Score(1.0, 1.0, 0.5 + sum(point), (Violation("rule", 0.5 + sum(point)),))
    return bowl(point)


def constant(_point: Point) -> Score:
    """Return always the same."""
    return worth(1.0)


def extreme(point: Point) -> Score:
    """Return values near the ends of what a float holds."""
    return worth((-1.0) ** sum(point) * 10.0 ** (300 * point[0] / 9))


SCORES = {f.__name__: f for f in (bowl, partly, constant, extreme)}


@pytest.mark.alike(1)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("lookahead", [1, 16, 48])
def test_new_feasible_points_whatever_is_told(
    stage: MakeStage, space: MakeSpace, lookahead: int, score: str
) -> None:
    """The machine refuses points off the grid and broken constraints; none is proposed twice."""
    tried = space(10, 12, 3, 4, rules=("a < b", "c != 'v1' or a > 2"), choices=(2,))
    proposed = drive(tried, [stage(80)], SCORES[score], lookahead=lookahead).proposed
    assert len(set(points(proposed))) == 80
    assert all(command.attempt == 0 for command in proposed)


@pytest.mark.slow
@pytest.mark.long
def test_no_repeats_where_little_is_left(stage: MakeStage, space: MakeSpace) -> None:
    """400 trials on a space of 448 are 400 different ones."""
    proposed = drive(space(8, 8, 7), [stage(400)], bowl).proposed
    assert len(set(points(proposed))) == 400
    assert all(command.attempt == 0 for command in proposed)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_exhausts_any_small_space(stage: MakeStage, space: MakeSpace, data: st.DataObject) -> None:
    """Without a number of trials every feasible point comes once, then it is done."""
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    choices = data.draw(st.sets(st.integers(0, len(lengths) - 1)))
    rules = ("a != 1",) if 0 not in choices else ("a != 'v1'",)
    tried = space(*lengths, rules=rules if lengths[0] > 1 else (), choices=choices)
    score = SCORES[data.draw(st.sampled_from(sorted(SCORES)))]
    lookahead = data.draw(st.sampled_from([1, 3, 16]))
    proposed = points(drive(tried, [stage(None)], score, lookahead=lookahead).proposed)
    assert sorted(proposed) == sorted(tried.sample(1))


def test_a_constraint_that_leaves_little(stage: MakeStage, space: MakeSpace) -> None:
    """Where 20 of 8,000 points are feasible, all of them are found."""
    narrow = space(20, 20, 20, rules=("a == b", "b == c"))
    assert sorted(points(drive(narrow, [stage(None)], bowl).proposed)) == [
        (k, k, k) for k in range(20)
    ]


def test_axes_of_a_billion_levels(stage: MakeStage, space: MakeSpace) -> None:
    """Fine grids cost neither memory nor time."""
    wide = space(10**9, 10**12, 3)
    proposed = drive(
        wide, [stage(60)], lambda p: worth(-abs(p[0] / 1e9 - 0.3) - p[1] / 1e12)
    ).proposed
    assert len(set(points(proposed))) == 60


class Scan:
    """A method that proposes given points in turn."""

    def __init__(self, proposed: Iterator[Point]) -> None:
        self.points = proposed

    def ask(self, context: object) -> object:
        """Return the next point."""
        point = next(self.points, None)
        return DONE if point is None else Proposal(point, "scan")

    def tell(self, trial: object, context: object) -> None:
        """Learn nothing."""

    def refused(self, point: Point) -> None:
        """Learn nothing."""


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("trials", "before", "spread"), [(80, 3, 21), (40, 40, 0), (40, 3, 10), (12, 1, 7)]
)
def test_spreads_first_points(
    stage: MakeStage, space: MakeSpace, trials: int, before: int, spread: int
) -> None:
    """Up to a third of the trials, eight at least; trials of earlier stages count."""
    tried = space(12, 12, 12)
    scan = StageRule("scan", "scan", lambda start: Scan(start.space.sample(5)), before)  # type: ignore[arg-type, return-value]  # the protocol's union
    proposed = drive(tried, [scan, stage(trials)], bowl, lookahead=1).proposed
    assert len(set(points(proposed))) == before + trials
    assert sum(command.proposal.origin == "spread" for command in proposed) == spread


FRESH = """
import sys
import leanopt_surrogate
(spec,) = leanopt_surrogate.leanopt_stages()
print(spec.name, *(module in sys.modules for module in ("numpy", "scipy", "threadpoolctl")))
"""


def test_registers_lightly() -> None:
    """Listing the method imports no heavy library."""
    ended = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["surrogate", "False", "False", "False"]
    (spec,) = leanopt_surrogate.leanopt_stages()
    assert spec.factory == "leanopt_surrogate._impl:create"
