"""The constants of LEAN's own unit tests (Tests/Common/Statistics, Tests/Common/Data)."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pytest
from leanopt_harness.statistics import (
    lean_result,
    load_interest_rate,
    match_fills,
    trade_statistics,
)
from leanopt_harness.statistics.moments import Moments, probabilistic_sharpe
from leanopt_harness.values import Fill, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leanopt_harness.values import Result, Statistic

_DATA = Path(__file__).parent / "data"
_DAY = 86_400
_START = 1_438_875_000  # 2015-08-06 15:30 UTC
_BUILDER = json.loads((_DATA / "lean-trade-builder.json").read_text(encoding="utf-8"))
_TRADES = json.loads((_DATA / "lean-trade-statistics.json").read_text(encoding="utf-8"))


def _lean_data() -> Path:
    """LEAN's data folder: LEANOPT_LEAN_DATA, or shared/lean-data in a folder above; else skip."""
    named = os.environ.get("LEANOPT_LEAN_DATA")
    above = [folder / "shared" / "lean-data" for folder in Path(__file__).resolve().parents]
    for folder in [Path(named)] if named else above:
        if folder.is_dir():
            return folder
    pytest.skip("needs LEAN's data folder: set LEANOPT_LEAN_DATA")


def _grown(returns: Sequence[float], *, trading_days: int = 252, risk_free: float = 0.0) -> Result:
    """Report on a day's standstill, which LEAN leaves out, and then these daily returns."""
    equity = [100_000.0]
    for value in returns:
        equity.append(equity[-1] * (1 + value))
    times = [_DAY * (i + 1) for i in range(len(equity))]
    return lean_result(times, equity, [], trading_days=trading_days, risk_free=risk_free)


def _number(result: Result, name: str) -> float:
    value = result.statistics[name]
    assert isinstance(value, (int, float))
    return value


def _annual_performance(returns: Sequence[float], trading_days: int) -> float:
    result = _grown(returns, trading_days=trading_days)
    return _number(result, "Sharpe Ratio") * _number(result, "Annual Standard Deviation")


@pytest.mark.parametrize("name", _BUILDER)
def test_fills_become_the_trades_of_leans_trade_builder(name: str) -> None:
    """Every FillToFill, FIFO case of TradeBuilderTests, with fees of 1 and market prices."""
    fills: list[Fill] = []
    times: list[int] = []
    marks: list[float] = []
    now = _START
    for kind, *values in _BUILDER[name]["steps"]:
        if kind == "fill":
            minute, quantity, price = values
            now = _START + 60 * minute
            fills.append(Fill(now, quantity, price, 1.0))
        else:
            now += 1
            times.append(now)
            marks.extend(values)
    trades = [closed.trade for closed in match_fills(fills, times, marks)]
    expected = _BUILDER[name]["trades"]
    assert len(trades) == len(expected)
    for trade, row in zip(trades, expected, strict=True):
        entry, entry_price, quantity, direction, leave, exit_price, *money = row
        assert (trade.entry_time, trade.exit_time) == (_START + 60 * entry, _START + 60 * leave)
        assert (trade.entry_price, trade.exit_price) == (entry_price, exit_price)
        assert (trade.quantity, trade.direction) == (quantity, direction)
        found = (trade.profit, trade.fees, trade.mae, trade.mfe)
        assert found == pytest.approx(tuple(money), abs=1e-9)


@pytest.mark.parametrize(
    ("side", "prices", "given_back"),
    [
        (1, (100, 120, 110), 10),
        (1, (100, 140, 120, 130, 110), 30),
        (1, (100, 120, 110, 120, 140, 115), 25),
        (1, (100, 120, 110, 120, 130, 125), 10),
        (1, (100, 80, 110), 20),
        (1, (100, 90, 130, 110), 20),
        (-1, (100, 80, 90), 10),
        (-1, (100, 60, 80, 70, 90), 30),
        (-1, (100, 80, 90, 80, 60, 85), 25),
        (-1, (100, 80, 90, 80, 70, 75), 10),
        (-1, (100, 120, 90), 20),
        (-1, (100, 110, 70, 90), 20),
    ],
)
def test_end_trade_drawdown(side: int, prices: Sequence[float], given_back: float) -> None:
    """DrawdownTestCases: the most that a trade gave back from its best moment."""
    times = [_START + i for i in range(len(prices))]
    fills = [Fill(times[0], 1000 * side, prices[0]), Fill(times[-1], -1000 * side, prices[-1])]
    (closed,) = match_fills(fills, times[1:-1], prices[1:-1])
    assert closed.end_drawdown == given_back * 1000


def _trade(row: Sequence[float]) -> Trade:
    entry, entry_price, quantity, direction, leave, exit_price, profit, fees, mae, mfe, _ = row
    return Trade(
        entry_time=_START + int(entry),
        entry_price=entry_price,
        quantity=quantity,
        direction=int(direction),
        exit_time=_START + int(leave),
        exit_price=exit_price,
        profit=profit,
        fees=fees,
        mae=mae,
        mfe=mfe,
    )


def _agrees(ours: float | str | None, leans: float) -> bool:
    if ours is None:
        return leans in (0, 10)  # what LEAN says where it cannot know
    if isinstance(ours, str):
        return ours == f"{datetime.fromtimestamp(_START + leans, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return ours == pytest.approx(leans, rel=1e-12)


@pytest.mark.parametrize("name", _TRADES)
def test_trade_statistics_are_leans(name: str) -> None:
    """Every case of TradeStatisticsTests that has no option assignment."""
    rows = _TRADES[name]["trades"]
    ours = trade_statistics([_trade(row) for row in rows], [row[-1] for row in rows])
    wrong = {
        key: (ours[key], value)
        for key, value in _TRADES[name]["expected"].items()
        if not _agrees(ours[key], value)
    }
    assert not wrong


def test_no_trades_are_counted_and_nothing_else_is_known() -> None:
    """Where LEAN has zeros for no trades, counts and sums are 0 and the rest is unknown."""
    ours = trade_statistics([])
    assert {key for key, value in ours.items() if value is not None} == {
        "totalNumberOfTrades",
        "numberOfWinningTrades",
        "numberOfLosingTrades",
        "totalProfitLoss",
        "totalProfit",
        "totalLoss",
        "maxConsecutiveWinningTrades",
        "maxConsecutiveLosingTrades",
        "totalFees",
    }
    assert not any(ours.values())


@pytest.mark.parametrize(
    ("trading_days", "variance", "deviation", "sharpe", "probabilistic"),
    [
        (202, 0.00589787137120101, 0.0767976000354244, -3.0952570635188, 0.252197874915608),
        (252, 0.00735774052248839, 0.0857772727620108, -3.3486737318423, 0.257146306116665),
        (365, 0.0106570448043979, 0.103232963748978, -3.75507953923657, 0.264390639112978),
    ],
)
def test_statistics_of_returns(
    trading_days: int, variance: float, deviation: float, sharpe: float, probabilistic: float
) -> None:
    """PortfolioStatisticsTests for three lengths of the trading year."""
    result = _grown([-0.009025132, 0.003653969, 0, 0], trading_days=trading_days)
    assert _number(result, "Annual Variance") == pytest.approx(variance, rel=1e-9)
    assert _number(result, "Annual Standard Deviation") == pytest.approx(deviation, rel=1e-9)
    assert _number(result, "Sharpe Ratio") == pytest.approx(sharpe, rel=1e-9)
    assert _number(result, "Probabilistic Sharpe Ratio") == pytest.approx(probabilistic, rel=1e-9)


_JUMP, _SLIP = (0.01, 0.02, 0.01, 0, 0, 3), (0, 0, 0, -0.1, 0, 0.01, 0)


@pytest.mark.parametrize(
    ("performance", "benchmark", "probability"),
    [(_JUMP, _JUMP, 0.5), (_JUMP, _SLIP, 1), (_SLIP, _JUMP, 0)],
)
def test_the_probability_to_beat_a_benchmark(
    performance: Sequence[float], benchmark: Sequence[float], probability: float
) -> None:
    """ProbabilisticSharpeRatioTests: a benchmark's Sharpe ratio in place of LEAN's own target."""
    target = fmean(benchmark) / stdev(benchmark)
    found = probabilistic_sharpe(Moments.of(performance), target, 0)
    assert found == pytest.approx(probability, abs=0.001)


def test_without_variance_no_probability_is_known() -> None:
    """ProbabilisticSharpeRatioTests, ZeroValues: 0 there."""
    assert probabilistic_sharpe(Moments.of([0, 0, 0, 0]), 0, 0) is None


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ((100, 90, 100), 2),
        ((100, 90, 95, 100), 3),
        ((100, 90, 100, 90, 100), 2),
        ((100, 90, 100, 90, 80, 100), 3),
        ((100, 90, 95, 90, 100), 4),
        ((100, 90, 80, 70), None),  # LEAN: 0, as if it had recovered at once
        ((100, 90, 95, 90), None),
        ((50, 100, 98, 99, 100), 3),
        ((100, 100, 100), 0),
        ((100,), 0),
        ((100, 98, 100, 101, 100, 99), 2),
        ((100, 97, 99, 97, 100), 4),
    ],
)
def test_drawdown_recovery(values: Sequence[float], days: int | None) -> None:
    """DrawdownRecoveryTests; what never recovered is unknown."""
    times = [_DAY * (20_000 + i) for i in range(len(values))]
    assert lean_result(times, values, []).statistics["Drawdown Recovery"] == days


def test_winning_and_losing_share_the_capital_of_their_time() -> None:
    """PortfolioStatisticsTests: a loss of 8,000, then a win of 10,800, on 100,000."""
    fills = [Fill(10, 10, 800), Fill(20, -10, 0), Fill(30, 100, 192), Fill(40, -100, 300)]
    result = lean_result([50, _DAY + 50], [102_800, 102_800], fills, cash=100_000)
    assert _number(result, "Average Win") == pytest.approx(0.1173913043478260869565217391)
    assert _number(result, "Average Loss") == pytest.approx(-0.08)
    assert _number(result, "Profit-Loss Ratio") == pytest.approx(1.4673913043478260869565217388)
    assert _number(result, "Win Rate") == _number(result, "Loss Rate") == 0.5


def test_annual_performance_of_a_mean_of_one() -> None:
    """AnnualPerformanceTests: half and one and a half, four periods a year."""
    assert _annual_performance([0.5] * 176 + [1.5] * 176, 4) == pytest.approx(15.0, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("19980101", "20210401", 0.082859685889996371),
        ("20080430", "20081231", -0.41546561808009674),
        ("20161231", "20171231", 0.19741738320179447),
    ],
)
def test_annual_performance_of_spy(first: str, last: str, expected: float) -> None:
    """AnnualPerformanceTests on LEAN's daily bars of SPY, read where they are."""
    path = _lean_data() / "equity" / "usa" / "daily" / "spy.zip"
    with zipfile.ZipFile(path) as archive:
        rows = [line.split(",") for line in archive.read("spy.csv").decode().splitlines()]
    closes = [int(row[4]) for row in rows]
    days = [row[0][:8] for row in rows]
    returns = [
        now / before - 1
        for day, before, now in zip(days[1:], closes, closes[1:], strict=False)
        if first <= day <= last
    ]
    assert _annual_performance(returns, 252) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("1970-03-06", 0.0225),
        ("2020-03-06", 0.0175),
        ("2020-03-07", 0.0175),
        ("2020-03-08", 0.0175),
        ("2020-03-10", 0.0175),
        ("2050-12-31", 0.055),
    ],
)
def test_interest_rates(day: str, rate: float) -> None:
    """InterestRateProviderTests on LEAN's file, before its first day and after its last, too."""
    folder = _lean_data() / "alternative" / "interest-rate" / "usa"
    since = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) // _DAY
    assert load_interest_rate(folder / "interest-rate.csv").on(since) == pytest.approx(rate)


def test_a_risk_free_rate_above_the_return_turns_the_sharpe_ratios() -> None:
    """SharpeRatioAndProbabilisticSharpeRatioStayConsistent, with returns of our own."""
    returns = [0.00018 + (0.00016 if i % 2 else -0.00016) for i in range(500)]
    gross, excess = _grown(returns), _grown(returns, risk_free=0.068)
    assert _number(gross, "Sharpe Ratio") > 0
    assert _number(gross, "Probabilistic Sharpe Ratio") > 0.5
    assert _number(excess, "Sharpe Ratio") < 0
    assert _number(excess, "Probabilistic Sharpe Ratio") < 0.1


def test_a_large_annual_performance_is_no_error() -> None:
    """PortfolioStatisticsDoesNotFailWhenAnnualPerformanceIsLarge."""
    result = _grown([0.6281421, 2.3815, -0.620932, 0.2795571])
    assert _number(result, "Sharpe Ratio") > 1e40


def _section(result: Result, key: str) -> Mapping[str, Statistic]:
    performance = result.statistics["totalPerformance"]
    assert not isinstance(performance, (int, float, str, type(None)))
    section = performance[key]
    assert not isinstance(section, (int, float, str, type(None)))
    return section


def test_value_at_risk_of_one_sample_is_unknown() -> None:
    """VaRIsZeroIfLessThan2Samples: unknown here."""
    portfolio = _section(_grown([0.006196177273682046]), "portfolioStatistics")
    assert portfolio["valueAtRisk99"] is None
    assert portfolio["valueAtRisk95"] is None


def test_value_at_risk_looks_one_trading_year_back() -> None:
    """The normal quantiles of the last 252 returns, as in VaRMatchesExternalData."""
    recent = [0.01, -0.01] * 126
    portfolio = _section(_grown([0.5] * 20 + recent), "portfolioStatistics")
    deviation = 0.01 * sqrt(252 / 251)
    assert portfolio["valueAtRisk99"] == pytest.approx(-2.326347874 * deviation)
    assert portfolio["valueAtRisk95"] == pytest.approx(-1.644853627 * deviation)
