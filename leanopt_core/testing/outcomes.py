"""Scores by point, for searches without backtests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from attrs import evolve

from leanopt_core.space import Point, Space
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Violation
from leanopt_core.work import Category, Failure

Judge = Callable[[Point], Score]


def mixed(space: Space) -> Judge:
    """Return a rugged landscape with some failed and violating points."""

    def judge(point: Point) -> Score:
        index = space.grid_index(point)
        if index % 11 == 0:
            return _failed(point)
        value = float(index * 37 % 101)
        return _violating(value, 0.5) if index % 7 == 0 else Score(value, value)

    return judge


def hilly(space: Space) -> Judge:
    """Return a smooth landscape whose best point is in the middle."""

    def judge(point: Point) -> Score:
        away = (
            (level / max(len(a) - 1, 1) - 0.5) for level, a in zip(point, space.axes, strict=True)
        )
        value = -sum(distance**2 for distance in away)
        return Score(value, value)

    return judge


def hard(space: Space) -> Mapping[str, Judge]:
    """Return landscapes without a slope, by name."""
    return {
        "all failed": _failed,
        "all infeasible": lambda point: _violating(None, 1.0 + space.grid_index(point) % 13),
        "all without fitness": lambda _: Score(reasons=("there is no such statistic",)),
        "constant": lambda _: Score(1.0, 1.0),
        "huge": lambda point: _huge(space.grid_index(point)),
        "most pruned": lambda point: _pruned(space.grid_index(point)),
    }


def several(judge: Judge, space: Space, count: int) -> Judge:
    """Return a judge of so many objectives: each further one is the first's of another point.

    There every level is a share of its axis higher, beginning again after the last.
    """

    def judged(point: Point) -> Score:
        score = judge(point)
        if score.objective is None or count == 1:
            return score
        there = (judge(_shifted(point, space, place / count)) for place in range(1, count))
        further = (one.objective for one in there)
        own = score.objective
        objectives = (own, *(own if one is None else one for one in further))
        return evolve(score, objectives=objectives)

    return judged


def _shifted(point: Point, space: Space, share: float) -> Point:
    lengths = map(len, space.axes)
    return tuple((at + ceil(share * n)) % n for at, n in zip(point, lengths, strict=True))


def results(score: Score) -> tuple[Mapping[str, Statistics | None], Mapping[str, Failure]]:
    """Return the statistics and failures of the one backtest that a score may come from."""
    if score.failure is not None:
        return {"kit": None}, {"kit": Failure(Category(score.failure), "; ".join(score.reasons))}
    return {"kit": Statistics({"Net Profit": score.fitness, "Total Orders": 30.0})}, {}


def _failed(_: Point) -> Score:
    return Score(reasons=("division by zero",), failure="strategy error")


def _violating(value: float | None, size: float) -> Score:
    reasons = () if value is not None else ("too few trades",)
    violations = (Violation("Total Orders >= 30", size),)
    return Score(value, value, violation=size, violations=violations, reasons=reasons)


def _pruned(index: int) -> Score:
    """Return a score; of ten trials nine are pruned, and look better than the others."""
    if index % 10 == 0:
        return Score(float(index % 7), float(index % 7))
    return Score(9.0 + index % 5, 9.0 + index % 5, pruned_at=index % 3)


def _huge(index: int) -> Score:
    value = (-1e100, 0.0, 1e-100, 1e100)[index % 4]
    return Score(value, value)
