"""Curves and fills of every kind: against brute force, at the edges, and with mistakes in them."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_harness.statistics import (
    InterestRates,
    Reporter,
    lean_result,
    load_interest_rate,
    match_fills,
)
from leanopt_harness.values import Fill
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leanopt_harness.values import Result

_DAY = 86_400
_CLOSE = 21 * 3600
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def _portfolio(result: Result) -> dict[str, Any]:
    performance: Any = result.statistics["totalPerformance"]
    return dict(performance["portfolioStatistics"])


def _trade_section(result: Result) -> dict[str, Any]:
    performance: Any = result.statistics["totalPerformance"]
    return dict(performance["tradeStatistics"])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for child in value.values():
            yield from _leaves(child)
    else:
        yield value


@st.composite
def _curves(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    """Draw a daily curve with closed days between the bars."""
    gaps = draw(st.lists(st.integers(1, 4), min_size=4, max_size=60))
    days = [20_000 + sum(gaps[:i]) for i in range(len(gaps))]
    moves = st.floats(-0.2, 0.2)
    returns = draw(st.lists(moves, min_size=len(days), max_size=len(days)))
    equity = [
        1000.0 * float(np.prod([1 + value for value in returns[:i]])) for i in range(len(days))
    ]
    return [day * _DAY + _CLOSE for day in days], equity


@given(_curves(), st.floats(0, 0.1), st.sampled_from([252, 365]))
def test_returns_against_the_whole_series_of_days(
    curve: tuple[list[int], list[float]], rate: float, trading_days: int
) -> None:
    """The closed form for closed days equals numpy and scipy on every calendar day's return."""
    times, equity = curve
    ours = _portfolio(lean_result(times, equity, [], risk_free=rate, trading_days=trading_days))
    by_day = dict(zip([time // _DAY for time in times], equity, strict=True))
    values = [equity[0]]
    for day in range(times[0] // _DAY, times[-1] // _DAY + 1):
        values.append(by_day.get(day, values[-1]))
    returns = np.diff(values)[1:] / np.array(values[1:-1])
    if returns.std(ddof=1) < 1e-9:
        return
    deviation = returns.std(ddof=1) * sqrt(trading_days)
    excess = (1 + returns.mean()) ** trading_days - 1 - rate
    assert ours["annualStandardDeviation"] == pytest.approx(deviation)
    assert ours["annualVariance"] == pytest.approx(deviation**2)
    assert ours["sharpeRatio"] == pytest.approx(excess / deviation, rel=1e-9, abs=1e-9)
    recent = returns[-trading_days:]
    at_risk = stats.norm.ppf(0.05, recent.mean(), recent.std(ddof=1))
    assert ours["valueAtRisk95"] == pytest.approx(at_risk, abs=1e-12)
    losses = returns[returns < 0]
    if len(losses) > 1 and losses.std(ddof=1) > 1e-9:
        downside = losses.std(ddof=1) * sqrt(trading_days)
        assert ours["sortinoRatio"] == pytest.approx(excess / downside, rel=1e-9, abs=1e-9)
    expected = _probabilistic(returns, rate / trading_days, 1 / sqrt(trading_days))
    if expected is not None:
        assert ours["probabilisticSharpeRatio"] == pytest.approx(expected, abs=1e-7)


def _probabilistic(returns: Any, rate: float, target: float) -> float | None:
    sharpe = (returns.mean() - rate) / returns.std(ddof=1)
    skewness = stats.skew(returns, bias=False)
    kurtosis = stats.kurtosis(returns, bias=False)
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if len(returns) < 4 or not spread > 1e-6:
        return None
    return float(stats.norm.cdf((sharpe - target) * sqrt((len(returns) - 1) / spread)))


@given(_curves())
def test_drawdown_against_every_pair_of_samples(curve: tuple[list[int], list[float]]) -> None:
    """The deepest fall is the worst of all pairs, the recovery the longest of all waits."""
    times, equity = curve
    ours = _portfolio(lean_result(times, equity, []))
    pairs = [1 - b / a for i, a in enumerate(equity) for b in equity[i:]]
    assert ours["drawdown"] == pytest.approx(max(pairs), abs=1e-12)
    samples = list(zip(times, equity, strict=True))
    for (time, value), (after, _) in pairwise(list(samples)):
        night = (time // _DAY + 1) * _DAY
        samples.extend((sample, value) for sample in range(night, after, _DAY))
    samples.sort()
    waits = [
        samples[j][0] - samples[i][0]
        for i, (_, peak) in enumerate(samples[:-1])
        for j in range(i + 2, len(samples))
        if samples[j][1] >= peak > max(value for _, value in samples[i + 1 : j])
        and peak >= max(value for _, value in samples[: i + 1])
    ]
    expected = max(waits, default=None if max(pairs) > 0 else 0)
    assert ours["drawdownRecovery"] == (None if expected is None else expected // _DAY)


_STEPS = st.lists(
    st.tuples(st.integers(-5, 5).filter(bool), st.integers(1, 50), st.integers(0, 3)),
    min_size=1,
    max_size=25,
)


def _fills(steps: Sequence[tuple[int, int, int]]) -> list[Fill]:
    return [Fill(1000 + i, quantity, price, fee) for i, (quantity, price, fee) in enumerate(steps)]


@given(_STEPS)
def test_trades_against_units_in_a_queue(steps: list[tuple[int, int, int]]) -> None:
    """Matched unit by unit, first in first out, the same quantities and profits come out."""
    queue: deque[tuple[int, int, int]] = deque()
    expected: dict[tuple[int, int], list[float]] = {}
    for fill in _fills(steps):
        side = 1 if fill.quantity > 0 else -1
        for _ in range(int(abs(fill.quantity))):
            if queue and queue[0][0] != side:
                was, time, price = queue.popleft()
                row = expected.setdefault((time, fill.time), [0, 0])
                row[0] += 1
                row[1] += (fill.price - price) * was
            else:
                queue.append((side, fill.time, int(fill.price)))
    ours = {
        (one.trade.entry_time, one.trade.exit_time): [one.trade.quantity, one.trade.profit]
        for one in match_fills(_fills(steps))
    }
    assert ours == expected


@given(_STEPS)
def test_money_adds_up_when_all_is_sold(steps: list[tuple[int, int, int]]) -> None:
    """Flat at the end, the trades hold all the profit and all the fees, and equity agrees."""
    held = sum(quantity for quantity, _, _ in steps)
    fills = _fills([*steps, (-held, 20, 1)] if held else steps)
    paid = sum(fill.quantity * fill.price for fill in fills)
    fees = sum(fill.fee for fill in fills)
    result = lean_result([5000], [100_000 - paid - fees], fills, cash=100_000)
    section = _trade_section(result)
    assert section["totalProfitLoss"] == pytest.approx(-paid, abs=1e-9)
    assert section["totalFees"] == result.statistics["Total Fees"] == fees
    assert result.statistics["Net Profit"] == pytest.approx((-paid - fees) / 100_000, abs=1e-12)
    assert result.statistics["Total Orders"] == len(fills)


@given(
    st.lists(_NUMBERS, min_size=1, max_size=12),
    st.lists(st.tuples(_NUMBERS.filter(bool), _NUMBERS, _NUMBERS), max_size=6),
    _NUMBERS,
    _NUMBERS,
)
def test_every_number_is_finite_or_unknown(
    equity: list[float], rows: list[tuple[float, float, float]], cash: float, rate: float
) -> None:
    """However wild the account, no NaN and no infinity comes out, and JSON takes it."""
    times = [_DAY * (i + 1) for i in range(len(equity))]
    fills = [Fill(100 + i, *row) for i, row in enumerate(rows)]
    result = lean_result(times, equity, fills, cash=cash, risk_free=rate, marks=equity)
    numbers = [value for value in _leaves(result.statistics) if isinstance(value, (int, float))]
    assert all(isfinite(number) for number in numbers)
    json.dumps(result.statistics, allow_nan=False)


def test_binary_fractions_leave_no_position() -> None:
    """Ten times 0.1 sold as 1.0 is flat: no dust is left to trade."""
    fills = [Fill(i, 0.1, 10) for i in range(1, 11)]
    closed = match_fills([*fills, Fill(20, -1.0, 11), Fill(30, 2, 12), Fill(40, -2, 13)])
    assert len(closed) == 11
    assert (closed[-1].trade.entry_time, closed[-1].trade.direction) == (30, 1)


def test_what_never_lost_has_no_ratio_to_its_losses() -> None:
    """LEAN's 0 for an expectancy and 10 for a profit factor without a loss are unknown here."""
    fills = [Fill(10, 5, 100), Fill(20, -5, 110)]
    result = lean_result([1000, _DAY + 1000], [1050, 1050], fills, cash=1000)
    section = _trade_section(result)
    assert result.statistics["Win Rate"] == 1
    assert result.statistics["Average Win"] == pytest.approx(0.05)
    unknown = {"Average Loss", "Profit-Loss Ratio", "Expectancy"}
    assert {result.statistics[name] for name in unknown} == {None}
    for key in ("profitFactor", "winLossRatio", "profitToMaxDrawdownRatio", "largestLoss"):
        assert section[key] is None, key
    assert section["maximumClosedTradeDrawdown"] == 0


def test_what_always_lost_has_the_worst_ratios() -> None:
    """Without a win the expectancy is -1 and the profit factor 0; both are known."""
    fills = [Fill(10, 5, 100), Fill(20, -5, 90), Fill(30, 5, 90), Fill(40, -5, 80)]
    result = lean_result([1000, _DAY + 1000], [900, 900], fills, cash=1000)
    assert result.statistics["Expectancy"] == -1
    assert _trade_section(result)["profitFactor"] == 0
    assert result.statistics["Average Win"] is None
    assert result.statistics["Profit-Loss Ratio"] is None


def test_no_orders_are_a_flat_line_without_ratios() -> None:
    """What is known of doing nothing is 0; ratios, averages and rates are unknown."""
    result = lean_result([_DAY * i + 5 for i in range(1, 40)], [1000.0] * 39, [])
    known = {name: value for name, value in result.statistics.items() if value is not None}
    del known["totalPerformance"]
    assert (known.pop("Start Equity"), known.pop("End Equity")) == (1000, 1000)
    assert known.keys() == {
        "Total Orders",
        "Compounding Annual Return",
        "Drawdown",
        "Net Profit",
        "Annual Standard Deviation",
        "Annual Variance",
        "Total Fees",
        "Portfolio Turnover",
        "Drawdown Recovery",
    }
    assert not any(known.values())


def test_an_open_position_is_no_trade() -> None:
    """A fill that was not closed counts as an order and in the fees, not among the trades."""
    result = lean_result([1000], [995], [Fill(10, 1, 100, 5.0)], cash=1000)
    assert result.trades == []
    assert (result.statistics["Total Orders"], result.statistics["Total Fees"]) == (1, 5)
    assert result.statistics["Win Rate"] is None


def test_a_ruined_account_has_no_compound_return_below_nothing() -> None:
    """At exactly 0 all is lost; below it the compound return is no real number."""
    gone = lean_result([_DAY * 100], [0.0], [], cash=1000).statistics
    owing = lean_result([_DAY * 100], [-50.0], [], cash=1000).statistics
    assert (gone["Compounding Annual Return"], gone["Drawdown"]) == (-1, 1)
    assert owing["Compounding Annual Return"] is None
    assert owing["Net Profit"] == pytest.approx(-1.05)


def test_several_times_a_day_sample_at_the_end_of_the_day() -> None:
    """An hourly curve has the daily returns of its last values, and its own drawdown."""
    days = [1000.0, 1010.0, 990.0, 1020.0, 1015.0]
    hourly = [value for end in days for value in (end * 0.97, end * 1.01, end)]
    times = [_DAY * (i // 3 + 1) + 3600 * (14 + i % 3) for i in range(len(hourly))]
    fine, coarse = (
        _portfolio(lean_result(times[first::step], hourly[first::step], [], cash=1000))
        for first, step in ((0, 1), (2, 3))
    )
    for key in ("annualVariance", "sharpeRatio", "sortinoRatio", "totalNetProfit"):
        assert fine[key] == coarse[key]
    assert fine["drawdown"] > coarse["drawdown"]


def test_an_earlier_start_has_closed_days_before_the_first_bar() -> None:
    """A start two days earlier lengthens the years and adds days without a return."""
    times = [_DAY * (100 + i) + _CLOSE for i in range(20)]
    equity = [1000.0 + 7 * (-1) ** i + i for i in range(20)]
    near = _portfolio(lean_result(times, equity, [], cash=1000))
    far = _portfolio(lean_result(times, equity, [], cash=1000, start=98 * _DAY))
    # the first bar's return counts once it is not the first day's
    returns = [0.0, *np.diff([1000.0, *equity]) / np.array([1000.0, *equity[:-1]])]
    assert far["annualVariance"] == pytest.approx(np.var(returns, ddof=1) * 252)
    assert near["annualVariance"] == pytest.approx(np.var(returns[2:], ddof=1) * 252)
    grown = (equity[-1] / 1000) ** (365 / (21 + _CLOSE / _DAY)) - 1
    assert far["compoundingAnnualReturn"] == pytest.approx(grown)


def test_turnover_is_what_was_traded_a_day_over_the_days_equity() -> None:
    """Two fills in four calendar days, one on a closed day, each over the equity of its day."""
    times = [_DAY + 5, 2 * _DAY + 5, 4 * _DAY + 5]
    fills = [Fill(_DAY + 1, 2, 50), Fill(3 * _DAY + 1, -2, 60)]
    result = lean_result(times, [1000, 1250, 1300], fills, cash=1000)
    assert result.statistics["Portfolio Turnover"] == pytest.approx((100 / 1000 + 120 / 1250) / 4)


def test_a_trade_has_the_tag_of_the_fill_that_closed_it() -> None:
    """Not of the one that opened it; a fill that reverses closes one trade and opens another."""
    fills = [Fill(1, 2, 10, tag="in"), Fill(2, -1, 11), Fill(3, -2, 12, tag="turn"), Fill(4, 1, 9)]
    assert [one.trade.tag for one in match_fills(fills)] == [None, "turn", None]


def test_instruments_are_matched_each_for_itself() -> None:
    """Fills by instrument give the trades of each, in order of exit, and one account."""
    books = {
        "SPY": [Fill(10, 1, 100, 1.0), Fill(40, -1, 110, 1.0)],
        "TLT": [Fill(20, -2, 50), Fill(30, 2, 45)],
    }
    result = lean_result([35, 1000], [1008, 1018], books, cash=1000, marks={"SPY": [90.0, 95.0]})
    assert [trade.entry_time for trade in result.trades] == [20, 10]
    assert [trade.profit for trade in result.trades] == [10, 10]
    assert [trade.mae for trade in result.trades] == [None, -10]
    assert result.statistics["Total Orders"] == 4
    assert _trade_section(result)["averageMAE"] is None


def test_a_reporter_serves_many_curves() -> None:
    """Kept and used again, a reporter says what it says when new, and changes no input."""
    times = tuple(_DAY * i + 5 for i in range(1, 30))
    reporter = Reporter(times, risk_free=0.01)
    for scale in (1.0, -1.0, 1.0):
        equity = [1000 + scale * i for i in range(len(times))]
        before = list(equity)
        fills = [Fill(times[3], 1, 10), Fill(times[9], -1, 10 + scale)]
        result = reporter.result(equity, fills, cash=1000)
        assert result == lean_result(times, equity, fills, cash=1000, risk_free=0.01)
        assert equity == before
        assert (result.times, result.equity) == (times, equity)


def test_arrays_are_taken() -> None:
    """Numpy arrays in, plain numbers out."""
    times = np.arange(1, 20) * _DAY
    equity = np.linspace(1000, 1100, 19)
    result = lean_result(times, equity, [])  # type: ignore[arg-type]  # an array is no Sequence
    assert {type(time) for time in result.times} == {int}
    assert {type(value) for value in result.equity} == {float}
    json.dumps(result.statistics, allow_nan=False)


_FLAT = [1.0, 1.0]
_TWO = [_DAY, 2 * _DAY]


@pytest.mark.parametrize(
    ("times", "equity", "options", "message"),
    [
        ([], [], {}, "a curve needs at least one time"),
        ([5, 5], _FLAT, {}, "times must increase: times[0] is 5, times[1] is 5"),
        ([1.5, 2.5], _FLAT, {}, "times must be whole seconds since 1970-01-01 UTC"),
        (_TWO, [1.0], {}, "equity has 1 values, the curve 2 times"),
        (_TWO, [1.0, float("nan")], {}, "equity[1] is nan, not a finite number"),
        (_TWO, [float("inf"), 1.0], {}, "equity[0] is inf, not a finite number"),
        (_TWO, _FLAT, {"cash": float("nan")}, "cash is nan, not a finite number"),
        (_TWO, _FLAT, {"risk_free": float("inf")}, "risk_free is inf, not a finite number"),
        (_TWO, _FLAT, {"start": _DAY}, "start 86400 must be before the first time 86400"),
        (_TWO, _FLAT, {"marks": [1.0]}, "marks has 1 values, the curve 2 times"),
        (_TWO, _FLAT, {"marks": {"SPY": _FLAT}}, "marks for 'SPY', which has no entry in fills"),
        (_TWO, _FLAT, {"trading_days": 0}, "trading_days is 0, expected at least 1"),
        (
            _TWO,
            _FLAT,
            {"fills": [Fill(5, 0, 1)]},
            (
                "fills[0] needs finite numbers and a quantity other than 0: "
                "Fill(time=5, quantity=0, price=1, fee=0.0, tag=None)"
            ),
        ),
        (
            _TWO,
            _FLAT,
            {"fills": [Fill(9, 1, 1), Fill(8, 1, 1)]},
            "fills must be in order of time: fills[1] is earlier than the last",
        ),
        (
            _TWO,
            _FLAT,
            {"fills": [Fill(172_801, 1, 1)]},
            (
                "a fill at 172801 is outside the curve, which runs from 0 to 172800 "
                "(seconds since 1970-01-01 UTC)"
            ),
        ),
    ],
)
def test_mistakes_are_named(
    times: list[int], equity: list[float], options: dict[str, Any], message: str
) -> None:
    """Each mistake in the input is one clear ValueError."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lean_result(times, equity, **{"fills": [], **options})


def test_interest_rates_hold_until_the_next(tmp_path: Path) -> None:
    """Rates come as fractions, in any order of lines, and the mean is that of the days."""
    path = tmp_path / "rates.csv"
    path.write_text("DATE,PCREDIT8\n1970-01-05,4\n\n1970-01-03,2.0\n", encoding="utf-8")
    rates = load_interest_rate(path)
    assert rates == InterestRates((2, 4), (0.02, 0.04))
    assert [rates.on(day) for day in (-9, 2, 3, 4, 900)] == [0.02, 0.02, 0.02, 0.04, 0.04]


@given(
    st.dictionaries(st.integers(0, 50), st.floats(0, 0.2), min_size=1, max_size=6),
    st.integers(-5, 60),
    st.integers(0, 30),
)
def test_the_mean_rate_is_that_of_every_day(table: dict[int, float], first: int, n: int) -> None:
    """The mean over spans equals the mean over single days."""
    days = tuple(sorted(table))
    rates = InterestRates(days, tuple(table[day] for day in days))
    every = [rates.on(day) for day in range(first, first + n + 1)]
    assert rates.mean(first, first + n) == pytest.approx(sum(every) / len(every), abs=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "DATE,X\n2003-13-09,2.25\n",
            ", line 2: expected YYYY-MM-DD,per cent, found '2003-13-09,2.25'",
        ),
        ("DATE,X\n2003-01-09\n", ", line 2: expected YYYY-MM-DD,per cent, found '2003-01-09'"),
        (
            "DATE,X\n2003-01-09,nan\n",
            ", line 2: expected YYYY-MM-DD,per cent, found '2003-01-09,nan'",
        ),
        ("DATE,X\n", ": no rates"),
    ],
)
def test_a_broken_rate_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """A line that is no rate, and a file without any, are errors."""
    path = tmp_path / "rates.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{re.escape(str(path) + message)}$"):
        load_interest_rate(path)


def test_the_risk_free_rate_of_a_file_is_its_mean_over_the_days() -> None:
    """A file's rates and their mean as a number give the same result."""
    day = int(datetime(2005, 1, 3, tzinfo=UTC).timestamp()) // _DAY
    rates = InterestRates((day, day + 3, day + 6), (0.01, 0.03, 0.05))
    times = [(day + i) * _DAY + _CLOSE for i in (0, 1, 4, 7)]
    equity = [100.0, 101.0, 99.0, 103.0]
    mean = (3 * 0.01 + 3 * 0.03 + 2 * 0.05) / 8
    by_file = _portfolio(lean_result(times, equity, [], risk_free=rates))
    assert by_file == pytest.approx(_portfolio(lean_result(times, equity, [], risk_free=mean)))
