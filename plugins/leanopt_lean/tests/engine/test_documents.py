"""LEAN's result documents: every real case, as its outcome."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from lean_documents import ALL, Left, document, folder, read, read_document
from leanopt_lean.document import read_results

from leanopt_core.executors.base import Channel
from leanopt_core.executors.jobs import RequestFolder
from leanopt_core.executors.scratch import LocalScratch
from leanopt_core.scoring import Scorer
from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Outcome

#: LEAN's names in `statistics`, in its document's `portfolioStatistics`, and what one unit of the
#: last digit shown is in either.
PAIRS = {
    "Average Win": ("averageWinRate", 1e-4),
    "Average Loss": ("averageLossRate", 1e-4),
    "Profit-Loss Ratio": ("profitLossRatio", 1e-2),
    "Win Rate": ("winRate", 1e-2),
    "Loss Rate": ("lossRate", 1e-2),
    "Expectancy": ("expectancy", 1e-3),
    "Start Equity": ("startEquity", 1e-2),
    "End Equity": ("endEquity", 1e-2),
    "Compounding Annual Return": ("compoundingAnnualReturn", 1e-4),
    "Drawdown": ("drawdown", 1e-3),
    "Net Profit": ("totalNetProfit", 1e-4),
    "Sharpe Ratio": ("sharpeRatio", 1e-3),
    "Sortino Ratio": ("sortinoRatio", 1e-3),
    "Probabilistic Sharpe Ratio": ("probabilisticSharpeRatio", 1e-4),
    "Alpha": ("alpha", 1e-3),
    "Beta": ("beta", 1e-3),
    "Annual Standard Deviation": ("annualStandardDeviation", 1e-3),
    "Annual Variance": ("annualVariance", 1e-3),
    "Information Ratio": ("informationRatio", 1e-3),
    "Tracking Error": ("trackingError", 1e-3),
    "Treynor Ratio": ("treynorRatio", 1e-3),
    "Portfolio Turnover": ("portfolioTurnover", 1e-4),
    "Drawdown Recovery": ("drawdownRecovery", 1),
}


def statistics(outcome: Outcome) -> Statistics:
    """Return the statistics of a backtest that completed."""
    assert outcome.failure is None
    assert outcome.statistics is not None
    return outcome.statistics


def failure(outcome: Outcome) -> tuple[Category, str]:
    """Return category and message of one that did not."""
    assert outcome.failure is not None
    assert (outcome.statistics, outcome.equity, outcome.trades) == (None, None, None)
    return outcome.failure.category, outcome.failure.message


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_statistics_are_the_documents_own(case: str) -> None:
    """Each of the summary equals LEAN's `totalPerformance`, as far as both are rounded."""
    told = document(case)
    found = statistics(read(folder(case)))
    for name, (key, unit) in PAIRS.items():
        exact = float(told["totalPerformance"]["portfolioStatistics"][key])
        value = found.get(name)
        assert value is not None
        assert math.isclose(value, exact, abs_tol=0.5001 * unit + 0.50001e-4), name
        assert found.values[f"totalPerformance.portfolioStatistics.{key}"] == exact
    assert set(told["statistics"]) <= set(found.values)


def test_completed() -> None:
    """Plain numbers, texts, the strategy's own statistic, and none that is not there."""
    found = statistics(read(folder("completed")))
    assert found.total_orders == 11
    assert found.compounding_annual_return == -0.02964
    assert found.total_fees == 57.87
    assert found.closed_trades == 5
    assert found.profit_factor == 0.2289
    assert found.get("Final Fast EMA") == 92.58540593916198
    assert found.get("runtimeStatistics.Net Profit") == -5006.45
    assert found.values["Lowest Capacity Asset"] == "SPY R735QTJ8XC9X"
    assert not any("2005" in name or "Hostname" in name for name in found.values)


def test_durations_are_seconds() -> None:
    """As the Python harness has them."""
    trades = "totalPerformance.tradeStatistics"
    daily, minute = (statistics(read(folder(case))) for case in ("completed", "minute"))
    assert daily.get(f"{trades}.averageTradeDuration") == 38 * 86_400 + 4 * 3_600 + 48 * 60
    assert daily.get(f"{trades}.maximumDrawdownDuration") == 0
    assert minute.get(f"{trades}.averageTradeDuration") == 4 * 3_600 + 54 * 60 + 34.2857142


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_the_curve_ends_at_the_end_equity(case: str) -> None:
    """Its times increase; nothing is brought that was not asked for."""
    outcome = read(folder(case), outputs=ALL)
    assert outcome.equity is not None
    times, values = list(outcome.equity.times), list(outcome.equity.values)
    assert times == sorted(set(times))
    assert len(times) == len(values) > 300
    assert values[0] == 100_000
    assert values[-1] == pytest.approx(statistics(outcome).get("End Equity"), abs=0.005)
    plain = read(folder(case))
    assert (plain.equity, plain.trades) == (None, None)
    assert plain.statistics == outcome.statistics


def test_the_curve_holds_the_drawdown() -> None:
    """LEAN's own drawdown, worked out of the curve that was read."""
    outcome = read(folder("completed"), outputs=ALL)
    assert outcome.equity is not None
    peak = deepest = 0.0
    for value in outcome.equity.values:
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    assert deepest == pytest.approx(statistics(outcome).drawdown, abs=0.0005)


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_trades(case: str) -> None:
    """Their sums are those of LEAN's trade statistics, their times ISO's."""
    outcome = read(folder(case), outputs=ALL)
    found, trades = statistics(outcome), outcome.trades
    assert trades is not None
    assert len(trades) == found.closed_trades
    told = document(case)["totalPerformance"]["closedTrades"]
    for one, trade in zip(trades, told, strict=True):
        assert iso(one.entry_time) == trade["entryTime"]
        assert iso(one.exit_time) == trade["exitTime"]
        profit = (one.exit_price - one.entry_price) * one.quantity * one.direction
        assert one.profit == pytest.approx(profit, abs=0.02 * one.quantity)
    section = "totalPerformance.tradeStatistics"
    for at, name in (("profit", "totalProfitLoss"), ("fees", "totalFees")):
        total = sum(getattr(one, at) for one in trades)
        assert total == pytest.approx(found.get(f"{section}.{name}"))
    assert min(one.mae for one in trades) == found.get(f"{section}.largestMAE")
    assert max(one.mfe for one in trades) == found.get(f"{section}.largestMFE")


@pytest.mark.parametrize("case", ["completed", "minute"])
def test_a_trade_has_the_tag_of_the_order_that_closed_it(case: str) -> None:
    """LEAN tags the orders of `Liquidate`; the strategy enters and leaves with an order each."""
    told = document(case)
    trades = read_document(told).trades
    assert trades
    exits = {
        (iso(trade.exit_time), trade.exit_price * trade.quantity * -trade.direction): trade.tag
        for trade in trades
    }
    orders = {
        (one["lastFillTime"], one["price"] * one["quantity"]): one["tag"]
        for one in told["orders"].values()
        if one["quantity"] < 0
    }
    assert exits == orders
    assert set(exits.values()) == {"Liquidated"}


@pytest.mark.parametrize("change", [{"orderIds": []}, {"orderIds": 3}, {"orderIds": [99]}])
def test_a_trade_without_its_orders_has_no_tag(change: dict[str, Any]) -> None:
    """Older documents do not name the orders of a trade."""
    told = document("completed")
    for trade in told["totalPerformance"]["closedTrades"]:
        trade.update(change)
    trades = read_document(told).trades
    assert trades
    assert {trade.tag for trade in trades} == {None}


def iso(moment: Any) -> str:
    """Return seconds as LEAN writes a time."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_short_trades_and_their_order() -> None:
    """A short trade is -1 with a positive quantity; trades are in order of exit."""
    told = document("completed")
    first, second, *_ = told["totalPerformance"]["closedTrades"]
    first.update(direction=1, quantity=-10.0, exitTime="2005-06-01T20:00:00.5")
    second["mae"] = None
    trades = read_document(told).trades
    assert trades is not None
    assert [trade.direction for trade in trades] == [1, -1, 1, 1, 1]
    assert trades[0].mae is None
    assert trades[1].quantity == 10
    assert iso(trades[1].exit_time) == "2005-06-01T20:00:00Z"


def test_no_orders() -> None:
    """Complete, with no order and no trade; LEAN's zeros are unknown, not zero."""
    outcome = read(folder("zero-orders"), outputs=ALL)
    found = statistics(outcome)
    assert found.total_orders == 0
    assert set(document("zero-orders")["statistics"]) <= set(found.values)
    others = {name: value for name, value in found.values.items() if name != "Total Orders"}
    assert set(others.values()) == {None}
    assert (outcome.trades, outcome.closed_trades) == ((), 0)
    assert (read(folder("zero-orders")).trades, outcome.closed_trades) == (None, 0)
    assert outcome.equity is not None
    assert set(outcome.equity.values) == {100_000}


def test_no_orders_have_no_fitness() -> None:
    """And the reason names the statistic."""
    from leanopt_core.fitness import Fitness

    class Sharpe:
        direction = "max"
        target = None

        def __call__(self, backtests: Any) -> Fitness:
            (backtest,) = backtests
            assert backtest.closed_trades == 0
            value = backtest.statistics.sharpe_ratio
            return Fitness(value, reasons=(backtest.statistics.missing("Sharpe Ratio"),))

    score = Scorer(Sharpe(), label="sharpe")  # type: ignore[arg-type]
    judged = score({"SPY": read(folder("zero-orders"))})
    assert judged.fitness is None
    assert "'Sharpe Ratio' is unknown" in judged.reasons[0]


def test_missing_prices_are_named() -> None:
    """Symbol and path, once, though LEAN asked twice."""
    category, message = failure(read(folder("missing-data"), symbol="MSFT", outputs=ALL))
    assert category == Category.NO_RESULT
    assert "MSFT" in message
    assert message.count("equity/usa/daily/msft.zip") == 1


def test_prices_of_other_symbols_may_be_missing() -> None:
    """Where the scenario names no symbol it could be any."""
    assert statistics(read(folder("missing-data"), symbol="SPY")).total_orders == 0
    category, message = failure(read(folder("missing-data"), symbol=None))
    assert category == Category.NO_RESULT
    assert "equity/usa/daily/msft.zip" in message


def test_a_failed_request_that_does_no_harm() -> None:
    """A backtest with orders counts, whatever was missing."""
    assert statistics(read(folder("minute"))).total_orders == 14


@pytest.mark.parametrize(
    ("line", "symbol", "harmful"),
    [
        ("equity/usa/minute/spy/20131003_trade.zip", "SPY", True),
        ("equity/usa/second/spy/20131003_quote.zip", "SPY", True),
        ("equity/usa/tick/spy/20131003_trade.zip", "SPY", True),
        ("/equity/usa/hour/spy.zip", "spy", True),
        ("equity/usa/hour/SPY.zip", "SPY", True),
        ("equity/usa/hour/spy.zip", None, True),
        ("equity\\usa\\daily\\spy.zip", "SPY R735QTJ8XC9X", True),
        ("crypto/coinbase/daily/btcusd_trade.zip", "BTCUSD", True),
        ("option/usa/minute/aapl/20140606_quote_american.zip", "AAPL", True),
        ("equity/usa/daily/brk.b.zip", "BRK.B", True),
        ("equity/usa/daily/spyg.zip", "SPY", False),
        ("equity/usa/fundamental/coarse/spy.csv", "SPY", False),
        ("alternative/interest-rate/usa/interest-rate.csv", "SPY", False),
        ("alternative/interest-rate/usa/interest-rate.csv", None, False),
        ("equity/usa/daily", "SPY", False),
        ("", "SPY", False),
    ],
)
def test_which_requests_matter(line: str, symbol: str | None, *, harmful: bool) -> None:
    """Those for prices of the scenario's symbol, at any resolution; shown from the data folder."""
    files = folder("zero-orders")
    files["results/failed-data-requests-1.txt"] = f"{line}\r\n".encode()
    outcome = read(files, symbol=symbol)
    if harmful:
        category, message = failure(outcome)
        assert category == Category.NO_RESULT
        assert message.endswith(": " + line.replace("\\", "/").lstrip("/"))
    else:
        assert statistics(outcome).total_orders == 0


@pytest.mark.parametrize(("days", "more"), [(3, ""), (4, " and 1 more"), (29, " and 26 more")])
def test_many_missing_prices_are_counted(days: int, more: str) -> None:
    """The first of them are shown."""
    files = folder("zero-orders")
    paths = [f"equity/usa/minute/spy/201310{day:02}_trade.zip" for day in range(1, days + 1)]
    files["results/failed-data-requests-1.txt"] = "\n".join(paths).encode()
    assert failure(read(files))[1].endswith(f": {', '.join(paths[:3])}{more}")


def test_a_runtime_error() -> None:
    """The strategy's, with LEAN's message and the method; its statistics do not count."""
    category, message = failure(read(folder("runtime-error"), outputs=ALL))
    assert category == Category.STRATEGY
    assert "2005-07-22 16:00:00 Runtime Error: planted: OnData throws" in message
    assert message.endswith("(in Strategies.EmaBands.OnData)")


def test_an_error_in_initialize() -> None:
    """The strategy's too."""
    category, message = failure(read(folder("initialize-error"), outputs=ALL))
    assert category == Category.STRATEGY
    assert "planted: Initialize throws" in message


CSHARP = """System.Exception: no bars
 ---> System.InvalidOperationException: no bars
   at System.Linq.Enumerable.First[TSource](IEnumerable`1 source)
   at QuantConnect.Algorithm.CSharp.Bands.Enter(Slice data) in /Strategy/src/Bands.cs:line 41
   at QuantConnect.Algorithm.CSharp.Bands.OnData(Slice data) in /Strategy/src/Bands.cs:line 30
   at QuantConnect.Lean.Engine.AlgorithmManager.Run(...) in Engine/AlgorithmManager.cs:line 582"""
PYTHON = """System.Exception: division by zero
  at on_data
    self.enter(data)
 in main.py: line 20
  at enter
    return 1 / 0
 in entries.py: line 7

 ---> Python.Runtime.PythonException: division by zero
   at Python.Runtime.PythonException.ThrowLastAsClrException()
   at QuantConnect.AlgorithmFactory.Python.Wrappers.AlgorithmPythonWrapper.OnData(Slice slice)"""


@pytest.mark.parametrize(
    ("stack", "location"),
    [
        (CSHARP, " (Bands.cs:41)"),
        (CSHARP.replace("/Strategy/src/", "C:\\Strategy\\"), " (Bands.cs:41)"),
        (PYTHON, " (entries.py:7)"),
        ("   at QuantConnect.Lean.Engine.Engine.Run() in Engine.cs:line 1", ""),
        ("   at Python.Runtime.PythonException.ThrowLastAsClrException()", ""),
        ("nothing to see", ""),
        (None, ""),
    ],
)
def test_the_place_of_an_error(stack: str | None, location: str) -> None:
    """The innermost frame of the strategy's own, not LEAN's."""
    told = document("runtime-error")
    told["state"].update(RuntimeError="planted:\n  it threw", StackTrace=stack)
    assert failure(read_document(told))[1] == f"planted: it threw{location}"


def test_an_error_counts_whatever_the_status_says() -> None:
    """And the status, whatever the error says."""
    told = document("completed")
    told["state"]["RuntimeError"] = "it threw"
    assert failure(read_document(told)) == (Category.STRATEGY, "it threw")
    told["state"].update(RuntimeError="", Status="RuntimeError")
    assert failure(read_document(told))[0] == Category.STRATEGY


def test_a_document_that_is_not_there() -> None:
    """Though the harness calls the backtest complete: why is not known, its name is told."""
    category, message = failure(read(folder("process-exit"), outputs=ALL))
    assert category == Category.ENGINE
    assert "results/backtest.json" in message


@pytest.mark.parametrize("status", ["Running", "Initializing", "Stopped", "completed", None])
def test_only_completed_counts(status: str | None) -> None:
    """LEAN writes documents while it runs: nobody's result, where the strategy has not quit."""
    told = document("completed")
    told["state"]["Status"] = status
    category, message = failure(read_document(told))
    assert category == (Category.NO_RESULT if status == "Stopped" else Category.ENGINE)
    assert str(status) in message


@pytest.mark.parametrize(
    "error",
    [
        "Execution Security Error: Operation timed out - 1440 minutes max. Check for loops.",
        "Algorithm took longer than 10 minutes on a single time loop. CurrentTimeStepElapsed: 10.0",
        "Failed to create algorithm instance within 90 seconds. Try re-building algorithm.",
        "Failed to complete algorithm within 86400 seconds. Please make it run faster.",
        "Runtime Error: Operation was canceled",
        "Execution Security Error: Memory Usage Maxed Out - 512MB max, with last sample of 9MB.",
        "Exception of type 'System.OutOfMemoryException' was thrown.",
        "Insufficient memory to continue the execution of the program.",
        "MemoryError : Unable to allocate 7.45 GiB for an array",
        "No space left on device : '/tmp/features.csv'",
    ],
)
def test_trouble_of_the_machine(error: str) -> None:
    """Is not the strategy's, in Initialize as in OnData; what LEAN says is told."""
    for case in ("runtime-error", "initialize-error"):
        told = document(case)
        told["state"].update(RuntimeError=f"2005-07-22 16:00:00 {error}", StackTrace="")
        assert failure(read_document(told)) == (Category.ENGINE, f"2005-07-22 16:00:00 {error}")


def test_trouble_that_only_the_stack_names() -> None:
    """LEAN words some exceptions in other words."""
    told = document("runtime-error")
    told["state"]["StackTrace"] = "System.Exception: no\n ---> System.OutOfMemoryException: no"
    assert failure(read_document(told))[0] == Category.ENGINE


def test_a_document_without_state_or_statistics() -> None:
    """Of a LEAN that is too old, or one whose statistics failed."""
    told = document("completed")
    for change in ({"state": None}, {"statistics": {}}, {"statistics": None}):
        assert failure(read_document({**told, **change}))[0] == Category.NO_RESULT


@pytest.mark.parametrize("size", [0, 1, 5_000, 200_000])
def test_a_document_that_was_cut_off(size: int) -> None:
    """Nobody's result: it says nothing about the strategy."""
    files = folder("completed")
    files["results/backtest.json"] = files["results/backtest.json"][:size]
    category, message = failure(read(files, outputs=ALL))
    assert category == Category.ENGINE
    assert "results/backtest.json" in message


@pytest.mark.parametrize("text", [b"[]", b'"Completed"', b"null", b"\xff\xfe{}"])
def test_no_document_at_all(text: bytes) -> None:
    """Other JSON, or none."""
    assert failure(read(Left({"results/backtest.json": text})))[0] == Category.ENGINE


def test_nothing_is_imported_before_it_is_needed() -> None:
    """The parser belongs to the reading."""
    asked = "import sys, leanopt_lean.document; print('orjson' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_a_document_that_claims_to_be_huge(tmp_path: Path) -> None:
    """A file of holes, which costs a strategy nothing and would cost a reader all its memory."""
    scratch = LocalScratch(tmp_path / "scratch")
    scratch.put("1/results/backtest.json", b"{}")
    os.truncate(scratch.path / "1/results/backtest.json", 2**42)
    channel = cast("Channel", scratch)  # of which nothing but its files is used
    files = RequestFolder(channel, "1")
    outcome = read_results(
        files, prefix="results/", ident="backtest", symbol=None, outputs=frozenset()
    )
    category, message = failure(outcome)
    assert category is Category.ENGINE
    assert "larger than 256 MiB" in message
