"""Joined curves, walk-forward efficiency and drift: against other ways to compute them."""

from __future__ import annotations

import math
import statistics
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.outputs import DailyReturns
from leanopt_core.report.curve import Curve, efficiency, joined
from leanopt_core.report.drift import drifts
from leanopt_core.space import Axis, Space

FIRST = date(2010, 1, 1).toordinal()
_returns = st.lists(st.floats(-0.25, 0.25, width=32), min_size=1, max_size=40)


def daily(values: list[float], first: int = FIRST, ended: str | None = None) -> DailyReturns:
    """Return these returns on days in a row."""
    return DailyReturns(range(first, first + len(values)), values, ended)


@given(st.lists(_returns, min_size=1, max_size=4))
def test_a_curve_is_its_pieces_one_after_the_other(pieces: list[list[float]]) -> None:
    """With gain, drawdown and Sharpe ratio of all days."""
    starts = [FIRST + 100 * at for at in range(len(pieces))]
    curve = joined(
        (at, daily(values, start))
        for at, (values, start) in enumerate(zip(pieces, starts, strict=True))
    )
    every = [value for values in pieces for value in values]
    assert list(curve.values) == every
    assert len(curve.days) == len(set(curve.days)) == len(every)
    assert [curve.windows.count(at) for at in range(len(pieces))] == [len(one) for one in pieces]
    levels = [1.0]
    for value in every:
        levels.append(levels[-1] * (1 + value))
    assert curve.equity == pytest.approx(levels[1:])
    assert curve.total_return.value == pytest.approx(levels[-1] - 1, abs=1e-12)
    deepest = max(1 - low / high for at, high in enumerate(levels) for low in levels[at:])
    assert curve.drawdown.value == pytest.approx(deepest, abs=1e-12)
    years = len(every) / 365.25
    annual = curve.annual_return
    if annual.value is None:
        assert annual.why == f"{len(every)} days are too few for a return a year"
    else:
        assert annual.value == pytest.approx(levels[-1] ** (1 / years) - 1, rel=1e-6)
    sharpe = curve.sharpe
    if len(every) > 1 and len(set(every)) > 1 and sharpe.value is not None:
        expected = statistics.fmean(every) / statistics.stdev(every) * math.sqrt(365.25)
        assert sharpe.value == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_what_is_unknown_has_a_reason() -> None:
    """Nothing, one day, equal days, and a curve that ends early."""
    assert Curve().total_return.why == Curve().sharpe.why == "no window has daily returns"
    assert joined([(0, daily([0.1]))]).sharpe.why == "daily returns >= 2 needed, found 1"
    assert joined([(0, daily([0.1] * 9))]).sharpe.why == "the daily returns do not vary"
    odd = "the change on 2010-01-03 is too large"
    early = joined([(0, daily([0.1, -0.5], ended=odd)), (1, daily([0.5]))])
    assert (list(early.values), early.windows) == ([0.1, -0.5], [0, 0])
    for figure in (early.total_return, early.annual_return, early.drawdown, early.sharpe):
        assert (figure.value, figure.why) == (None, f"the curve ends early: {odd}")


def test_what_a_float_cannot_hold_is_unknown() -> None:
    """Never infinite."""
    huge = daily([3e38] * 9)
    curve = joined([(0, huge), (1, daily([-0.5], FIRST + 100))])
    assert curve.total_return.why == "the equity is too large"
    for figure in (curve.total_return, curve.annual_return, curve.drawdown, curve.sharpe):
        assert figure.value is None
        assert figure.why
    for inside, outside in ((huge, daily([0.1])), (daily([0.1]), huge), (huge, huge)):
        found = efficiency(iter([((inside,), outside)]))
        assert found.value is None or math.isfinite(found.value)


def test_all_is_lost_at_an_equity_of_zero() -> None:
    """What is not known of the last day, its return, is not made up."""
    zero = "the equity was 0.0 on 2010-01-03"
    lost = joined([(0, daily([0.1, -0.5], ended=zero)), (1, daily([0.5]))])
    assert (lost.total_return.value, lost.annual_return.value, lost.drawdown.value) == (-1, -1, 1)
    assert lost.sharpe.why == f"the curve ends early: {zero}"
    pair = ((daily([0.1]),), daily([0.1], ended=zero))
    assert efficiency(iter([pair])).value == pytest.approx(-1 / 0.1)


def test_efficiency_is_profit_a_day_over_profit_a_day() -> None:
    """Two windows: 21% and 10% in 2 and 1 days in sample, 10% and 0% in 1 day each outside."""
    first = ((daily([0.1, 0.1]),), daily([0.1]))
    second = ((daily([0.1]),), daily([0.0]))
    assert efficiency(iter([first, second])).value == pytest.approx((0.1 / 2) / (0.31 / 3))
    losing = efficiency(iter([((daily([-0.1]),), daily([0.1]))]))
    assert (losing.value, losing.why) == (None, "the chosen trials earn nothing in sample")
    assert efficiency(iter([])).why == "no window has daily returns both in and out of sample"
    early = efficiency(iter([((daily([0.1]),), daily([0.1], ended="odd"))]))
    assert early.why == "a curve ends early: odd"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=12))
def test_drift_is_the_distance_between_neighbours(chosen: list[tuple[int, int]]) -> None:
    """In steps and as a share of the range; choices without order only change."""
    space = Space((Axis.integers("x", 10, 100, 10), Axis.choices("mode", ["a", "b", "c"])))
    x, mode = drifts(space, [space.grid_index(point) for point in chosen])
    moves = [abs(before[0] - after[0]) for before, after in pairwise(chosen)]
    assert (x.parameter, x.compared) == ("x", len(moves))
    assert x.changes == sum(one > 0 for one in moves)
    assert mode.changes == sum(before[1] != after[1] for before, after in pairwise(chosen))
    assert (mode.steps, mode.largest, mode.share) == (None, None, None)
    if moves:
        assert (x.steps, x.largest) == (pytest.approx(sum(moves) / len(moves)), max(moves))
        assert x.share == pytest.approx(x.steps / 9)
    else:
        assert (x.steps, x.largest, x.share) == (None, None, None)
