"""Results of real LEAN, had again from its equity, its fills and the risk-free rate."""

from __future__ import annotations

import gzip
import json
import os
import re
import zipfile
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from leanopt_harness.statistics import (
    Reporter,
    lean_result,
    load_interest_rate,
    match_fills,
    trade_statistics,
)
from leanopt_harness.values import Fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leanopt_harness.statistics import InterestRates
    from leanopt_harness.values import Result, Statistic

_DATA = Path(__file__).parent / "data"
_DAY = 86_400
# 16:00 in New York since midnight of its winter, 16:00 of its summer, 13:00 of a half day
_CLOSES = (57_600, 54_000, 46_800)
_HALF = 0.5 + 1e-6  # of LEAN's last digit

# the risk-free rate of each document's days
_MEAN_RATES = {
    "completed": 0.041875559534467324,
    "minute": 0.0075,
    "zero-orders": 0.041875559534467324,
}

# what the document's text is rounded to; statistics that are not here have four digits
_DIGITS = {"drawdown": 3, "valueAtRisk99": 3, "valueAtRisk95": 3}
_SHOWN = {
    "Total Orders": 0,
    "Start Equity": 2,
    "End Equity": 2,
    "Total Fees": 2,
    "Drawdown Recovery": 0,
    "Average Win": 4,
    "Average Loss": 4,
    "Win Rate": 2,
    "Loss Rate": 2,
    "Portfolio Turnover": 4,
    "Profit-Loss Ratio": 2,
    "Sharpe Ratio": 3,
    "Sortino Ratio": 3,
    "Expectancy": 3,
    "Annual Standard Deviation": 3,
    "Annual Variance": 3,
    "Drawdown": 3,
    "Net Profit": 5,
    "Compounding Annual Return": 5,
    "Probabilistic Sharpe Ratio": 5,
}


def _shared(folder: str, variable: str | None = None) -> Path:
    """Find a folder, named by `variable` or in `shared` of a folder above, or skip."""
    named = os.environ.get(variable) if variable else None
    above = [parent / "shared" / folder for parent in Path(__file__).resolve().parents]
    for path in [Path(named)] if named else above:
        if path.is_dir():
            return path
    pytest.skip(f"needs shared/{folder}" + (f": set {variable}" if variable else ""))


def _lean_data() -> Path:
    return _shared("lean-data", "LEANOPT_LEAN_DATA")


def _rates() -> InterestRates:
    path = _lean_data() / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
    return load_interest_rate(path)


@cache
def _document(case: str) -> dict[str, Any]:
    text = gzip.decompress((_DATA / f"lean-{case}.json.gz").read_bytes())
    document: dict[str, Any] = json.loads(text)
    return document


def _fills(case: str) -> list[Fill]:
    return [Fill(*row) for row in _document(case)["fills"]]


def _result(case: str, risk_free: float | InterestRates) -> Result:
    document = _document(case)
    (start, _), *curve = document["equity"]
    return lean_result(
        [time for time, _ in curve],
        [value for _, value in curve],
        _fills(case),
        cash=document["cash"],
        risk_free=risk_free,
        start=start,
    )


def _section(result: Result, key: str) -> Mapping[str, Statistic]:
    performance: Any = result.statistics["totalPerformance"]
    section: Mapping[str, Statistic] = performance[key]
    return section


def _shown(text: str) -> float:
    number = float(re.sub(r"[$%,]", "", text))
    return number / 100 if "%" in text else number


def _within(ours: Statistic, leans: float, tolerance: float) -> bool:
    if ours is None:
        return leans in (0, 10)  # what LEAN says where it cannot know
    return isinstance(ours, (int, float)) and abs(ours - leans) <= tolerance


@pytest.mark.parametrize("case", _MEAN_RATES)
def test_mean_rate(case: str) -> None:
    """The mean of LEAN's file as LEAN takes it: over the samples of equity, several a day."""
    rates = _rates()
    mean = fmean(rates.on(time // _DAY) for time, _ in _document(case)["equity"])
    assert mean == pytest.approx(_MEAN_RATES[case], rel=1e-12)


@pytest.mark.parametrize("case", _MEAN_RATES)
def test_portfolio_statistics(case: str) -> None:
    """The document's `portfolioStatistics`, those against the benchmark excepted."""
    ours = _section(_result(case, _MEAN_RATES[case]), "portfolioStatistics")
    leans = _document(case)["portfolioStatistics"]
    wrong = {
        key: (value, leans[key])
        for key, value in ours.items()
        if not _within(value, float(leans[key]), _HALF * 10 ** -_DIGITS.get(key, 4))
    }
    assert not wrong
    assert leans.keys() - ours.keys() == {
        "alpha",
        "beta",
        "informationRatio",
        "trackingError",
        "treynorRatio",
    }


@pytest.mark.parametrize("case", _MEAN_RATES)
def test_summary(case: str) -> None:
    """The document's `statistics`, per cent as fractions."""
    ours = _result(case, _MEAN_RATES[case]).statistics
    leans = _document(case)["statistics"]
    wrong = {
        name: (ours[name], leans[name])
        for name, digits in _SHOWN.items()
        if not _within(ours[name], _shown(leans[name]), _HALF * 10**-digits)
    }
    assert not wrong
    assert ours.keys() == _SHOWN.keys() | {"totalPerformance"}


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_without_the_interest_rates_all_but_the_excess_returns_stand(case: str) -> None:
    """Another risk-free rate moves the Sharpe and Sortino ratios, and nothing else."""
    some, other = (_section(_result(case, rate), "portfolioStatistics") for rate in (0.0, 0.05))
    moved = {key for key, value in some.items() if value != other[key]}
    assert moved == {"sharpeRatio", "sortinoRatio", "probabilisticSharpeRatio"}
    leans = _document(case)["portfolioStatistics"]
    for key in some.keys() - moved:
        assert _within(some[key], float(leans[key]), _HALF * 10 ** -_DIGITS.get(key, 4)), key


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_trades(case: str) -> None:
    """The fills of the order events become the document's closed trades; profits to the cent."""
    trades = _result(case, 0.0).trades
    closed = _document(case)["closedTrades"]
    assert len(trades) == len(closed)
    for trade, lean in zip(trades, closed, strict=True):
        assert trade.entry_time == _seconds(lean["entryTime"])
        assert trade.exit_time == _seconds(lean["exitTime"])
        assert trade.entry_price == lean["entryPrice"]
        assert trade.exit_price == lean["exitPrice"]
        assert trade.quantity == lean["quantity"]
        assert trade.direction == (-1 if lean["direction"] else 1)
        assert trade.profit == pytest.approx(lean["profitLoss"], abs=0.005)
        assert trade.fees == pytest.approx(lean["totalFees"])


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _span(text: str) -> float:
    days, hours, minutes, seconds = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):([\d.]+)", text).groups()  # type: ignore[union-attr]  # the document is ours
    whole = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes))
    return whole.total_seconds() + float(seconds)


def _trade_number(key: str, text: str) -> float:
    return _span(text) if key.endswith("Duration") else float(text)


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_trade_statistics(case: str) -> None:
    """The document's `tradeStatistics`; LEAN adds up trades that it has rounded to the cent."""
    ours = _section(_result(case, 0.0), "tradeStatistics")
    _check_trade_statistics(ours, case, unknown={"MAE", "MFE", "IntraTrade", "EndTrade"})


def _check_trade_statistics(ours: Mapping[str, Statistic], case: str, unknown: set[str]) -> None:
    leans = _document(case)["tradeStatistics"]
    cents = 0.005 * len(_document(case)["closedTrades"])
    assert ours.keys() == leans.keys()
    for key, value in ours.items():
        if any(word in key for word in unknown):
            assert value is None, key
        elif key.endswith("DateTime"):
            assert value == leans[key]
        else:
            pure = key.endswith(("Ratio", "Factor", "Rate", "Duration"))
            assert _within(value, _trade_number(key, leans[key]), 1e-4 if pure else cents), key


def _factors() -> list[tuple[str, float]]:
    path = _lean_data() / "equity" / "usa" / "factor_files" / "spy.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row[0], float(row[1]) * float(row[2])) for row in rows]


def _bars(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return [line.split(",") for line in text.splitlines()]


def _midnight(day: str) -> int:
    moment = datetime.strptime(day, "%Y%m%d").replace(tzinfo=ZoneInfo("America/New_York"))
    return int(moment.timestamp())


def _hours() -> Iterator[tuple[str, int, str]]:
    """Hourly closes of 2005: what LEAN's benchmark, of the same symbol, shows the trade builder."""
    for stamp, *_, close, _volume in _bars(_lean_data() / "equity/usa/hour/spy.zip"):
        day, hour = stamp[:8], int(stamp[9:11])
        if day.startswith("2005") and hour < 16:
            yield day, _midnight(day) + min(hour + 1, 16) * 3600, close


def _minutes() -> Iterator[tuple[str, int, str]]:
    """Minute closes of the regular sessions from 2013-10-07 to 2013-10-11."""
    folder = _lean_data() / "equity" / "usa" / "minute" / "spy"
    for path in sorted(folder.glob("201310*_trade.zip")):
        day = path.name[:8]
        for since, *_, close, _volume in _bars(path):
            seconds = int(since) // 1000 + 60
            if 9.5 * 3600 < seconds <= 16 * 3600:
                yield day, _midnight(day) + seconds, close


@pytest.mark.parametrize(("case", "bars"), [("completed", _hours), ("minute", _minutes)])
def test_excursions(case: str, bars: Any) -> None:
    """With the prices that LEAN saw, all of its trade statistics, excursions included."""
    factors = _factors()
    times: list[int] = []
    marks: list[float] = []
    for day, time, close in bars():
        times.append(time)
        marks.append(int(close) / 10_000 * next(factor for last, factor in factors if last >= day))
    closed = match_fills(_fills(case), times, marks)
    for one, lean in zip(closed, _document(case)["closedTrades"], strict=True):
        assert one.trade.mae == pytest.approx(lean["mae"], abs=0.005)
        assert one.trade.mfe == pytest.approx(lean["mfe"], abs=0.005)
        assert one.end_drawdown == pytest.approx(lean["endTradeDrawdown"], abs=0.005)
    ours = trade_statistics([one.trade for one in closed], [one.end_drawdown for one in closed])
    _check_trade_statistics(ours, case, unknown=set())


def test_the_closes_alone_say_the_same() -> None:
    """A strategy's daily curve of closes and LEAN's file, without LEAN's further samples.

    Its mean rate weighs every day alike, LEAN's the days with more samples more.
    """
    document = _document("completed")
    (start, cash), *curve = document["equity"]
    times, equity = zip(*((t, v) for t, v in curve if (t - start) % _DAY in _CLOSES), strict=True)
    fills = _fills("completed")
    ours = lean_result(times, equity, fills, cash=cash, risk_free=_rates(), start=start)
    found = _section(ours, "portfolioStatistics")
    for key, value in document["portfolioStatistics"].items():
        rates = key in {"sharpeRatio", "sortinoRatio"}
        tolerance = 1e-4 if rates else _HALF * 10 ** -_DIGITS.get(key, 4)
        assert key not in found or _within(found[key], float(value), tolerance), key


def _landscape() -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    path = _shared("lean-results") / "ema-bands-spy-2003-2007.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return json.loads(lines[0]), map(json.loads, lines[1:])


@pytest.mark.long
def test_landscape() -> None:
    """600 parameter sets, five years: whatever follows from the curve, and the zero-order set."""
    header, rows = _landscape()
    days = [(date.fromisoformat(day) - date(1970, 1, 1)).days for day in header["days"]]
    close = 21 * 3600  # 16:00 in New York; summer's hour does not matter within a day
    reporter = Reporter(
        [day * _DAY + close for day in days],
        risk_free=_rates(),
        start=days[0] * _DAY + 5 * 3600,
    )
    # the curve has cents, and LEAN's mean rate weighs days by their samples
    tolerances = {"sharpeRatio": 7e-5, "sortinoRatio": 7e-5, "drawdownRecovery": 0}
    tolerances |= dict.fromkeys(("drawdown", "valueAtRisk99", "valueAtRisk95"), 5.2e-4)
    keys = ("compoundingAnnualReturn", "totalNetProfit", "annualStandardDeviation")
    tolerances |= dict.fromkeys((*keys, "annualVariance", "probabilisticSharpeRatio"), 5.1e-5)
    checked = 0
    for row in rows:
        ours = _section(
            reporter.result(row["equity"], [], cash=header["cash"]), "portfolioStatistics"
        )
        leans = row["portfolioStatistics"]
        for key, tolerance in tolerances.items():
            assert _within(ours[key], float(leans[key]), tolerance), (row["parameters"], key)
        checked += 1
    assert checked == 600
