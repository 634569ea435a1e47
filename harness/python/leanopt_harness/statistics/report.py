"""Computes a result with LEAN's names from a curve and its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import fsum, isfinite
from typing import TypeAlias

from leanopt_harness.statistics.days import DAY, Days
from leanopt_harness.statistics.portfolio import (
    Numbers,
    drawdown,
    growth,
    risk,
    turnover,
    winning,
)
from leanopt_harness.statistics.rates import InterestRates
from leanopt_harness.statistics.trade_statistics import Section, trade_statistics
from leanopt_harness.statistics.trades import ClosedTrade, closings, match_fills
from leanopt_harness.values import Fill, Result, Statistic

#: The fills of one instrument, or those of several by the instrument's name.
Fills: TypeAlias = Sequence[Fill] | Mapping[str, Sequence[Fill]]

#: The prices at the curve's times of one instrument, or those of several by its name.
Marks: TypeAlias = Sequence[float] | Mapping[str, Sequence[float]]

#: LEAN's names of the portfolio statistics that need no benchmark, and their keys in the section.
NAMES: tuple[tuple[str, str], ...] = (
    ("Average Win", "averageWinRate"),
    ("Average Loss", "averageLossRate"),
    ("Compounding Annual Return", "compoundingAnnualReturn"),
    ("Drawdown", "drawdown"),
    ("Expectancy", "expectancy"),
    ("Start Equity", "startEquity"),
    ("End Equity", "endEquity"),
    ("Net Profit", "totalNetProfit"),
    ("Sharpe Ratio", "sharpeRatio"),
    ("Sortino Ratio", "sortinoRatio"),
    ("Probabilistic Sharpe Ratio", "probabilisticSharpeRatio"),
    ("Loss Rate", "lossRate"),
    ("Win Rate", "winRate"),
    ("Profit-Loss Ratio", "profitLossRatio"),
    ("Annual Standard Deviation", "annualStandardDeviation"),
    ("Annual Variance", "annualVariance"),
    ("Portfolio Turnover", "portfolioTurnover"),
    ("Drawdown Recovery", "drawdownRecovery"),
)
_KEYS = (*(key for _, key in NAMES), "valueAtRisk99", "valueAtRisk95")


class Reporter:
    """Makes results from curves over the same times; computes what depends on the times once.

    `times` are those of the bars' closes (seconds since 1970-01-01 UTC, increasing, one or several
    a day). `risk_free` is a yearly rate (0.02) or the result of `load_interest_rate`. `start` is
    when the backtest starts, by default the midnight UTC before the first time: give the local
    midnight to split days as LEAN does, or an earlier one if closed days come first. `trading_days`
    is LEAN's number of days in a year (crypto: 365). Raises ValueError for invalid times.
    """

    def __init__(
        self,
        times: Sequence[int],
        *,
        risk_free: float | InterestRates = 0.0,
        start: int | None = None,
        trading_days: int = 252,
    ) -> None:
        if trading_days < 1:
            raise ValueError(f"trading_days is {trading_days}, expected at least 1")
        self._days = Days.of(times, start)
        self._trading_days = trading_days
        self._risk_free = _mean_rate(risk_free, self._days)

    def result(
        self,
        equity: Sequence[float],
        fills: Fills,
        *,
        cash: float | None = None,
        marks: Marks | None = None,
    ) -> Result:
        """Return the result of one backtest.

        `equity` is the account's value at each time, `fills` all executions in order of time (of
        one instrument, or a mapping by instrument), `cash` the capital at the start (by default the
        first value), `marks` the instrument's prices at each time: with them the excursions of
        trades are known. Raises ValueError for another length, a number that is not finite, fills
        out of order or outside the curve.
        """
        days = self._days
        values = finite_series("equity", equity, len(days.times))
        capital = values[0] if cash is None else finite("cash", cash)
        books = _books(fills, marks, len(days.times))
        closed = _closed(books, days.times)
        every = [fill for book, _ in books for fill in book]
        numbers: Numbers = {
            **dict.fromkeys(_KEYS),
            **growth(days, capital, values[-1]),
            **risk(days, values, capital, self._risk_free, self._trading_days),
            **drawdown(days, values, capital),
            **winning(_profits(books), capital),
            "portfolioTurnover": turnover(days, values, capital, every),
        }
        trades = [one.trade for one in closed]
        section = trade_statistics(trades, [one.end_drawdown for one in closed])
        return Result(
            statistics=_named(numbers, section, every),
            times=days.times,
            equity=values,
            trades=trades,
        )


def lean_result(
    times: Sequence[int],
    equity: Sequence[float],
    fills: Fills,
    *,
    cash: float | None = None,
    risk_free: float | InterestRates = 0.0,
    start: int | None = None,
    marks: Marks | None = None,
    trading_days: int = 252,
) -> Result:
    """Return a backtest's statistics as LEAN computes them, with its curve and closed trades.

    Short for `Reporter(times, ...).result(equity, fills, ...)`; see there for arguments and errors.
    A strategy that runs often over the same bars should keep a `Reporter`.
    """
    reporter = Reporter(times, risk_free=risk_free, start=start, trading_days=trading_days)
    return reporter.result(equity, fills, cash=cash, marks=marks)


def _named(numbers: Numbers, section: Section, fills: Sequence[Fill]) -> Mapping[str, Statistic]:
    return {
        "Total Orders": len(fills),
        **{name: numbers[key] for name, key in NAMES},
        "Total Fees": fsum(fill.fee for fill in fills),
        "totalPerformance": {
            "tradeStatistics": section,
            "portfolioStatistics": {key: numbers[key] for key in _KEYS},
        },
    }


_Book: TypeAlias = tuple[Sequence[Fill], Sequence[float] | None]


def _books(fills: Fills, marks: Marks | None, length: int) -> list[_Book]:
    """Check every instrument's fills and marks, and pair them."""
    by_name = fills if isinstance(fills, Mapping) else {"": fills}
    prices = marks if isinstance(marks, Mapping) else {} if marks is None else {"": marks}
    strange = sorted(prices.keys() - by_name.keys())
    if strange:
        raise ValueError(f"marks for {strange[0]!r}, which has no entry in fills")
    return [
        (
            ordered_fills(book),
            finite_series("marks", prices[name], length) if name in prices else None,
        )
        for name, book in by_name.items()
    ]


def _closed(books: Sequence[_Book], times: Sequence[int]) -> list[ClosedTrade]:
    closed = [match_fills(fills, times, marks) for fills, marks in books]
    return sorted(chain.from_iterable(closed), key=lambda one: one.trade.exit_time)


def _profits(books: Sequence[_Book]) -> list[float]:
    every = chain.from_iterable(closings(fills) for fills, _ in books)
    return [profit for _, profit in sorted(every, key=lambda closing: closing[0])]


def _mean_rate(risk_free: float | InterestRates, days: Days) -> float:
    """Return the mean rate over the calendar days from the start to the last bar."""
    if isinstance(risk_free, InterestRates):
        return risk_free.mean(days.start // DAY, days.times[-1] // DAY)
    return finite("risk_free", risk_free)


def finite(name: str, value: float) -> float:
    """Return `value` as a float; raise ValueError with its `name` if it is not finite."""
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{name} is {number}, not a finite number")
    return number


def finite_series(name: str, values: Sequence[float], length: int) -> list[float]:
    """Return `values` as floats; raise ValueError for another length or one that is not finite."""
    numbers = list(map(float, values))
    if len(numbers) != length:
        raise ValueError(f"{name} has {len(numbers)} values, the curve {length} times")
    if not isfinite(sum(numbers)):
        for i, number in enumerate(numbers):
            finite(f"{name}[{i}]", number)
        raise ValueError(f"{name} is too large to add up")
    return numbers


def ordered_fills(fills: Sequence[Fill]) -> Sequence[Fill]:
    """Return `fills`; raise ValueError for one that trades nothing, is not finite, or goes back."""
    before: int | None = None
    for i, fill in enumerate(fills):
        if not isfinite(fill.quantity * fill.price * fill.fee) or fill.quantity == 0:
            raise ValueError(f"fills[{i}] needs finite numbers and a quantity other than 0: {fill}")
        if before is not None and fill.time < before:
            raise ValueError(f"fills must be in order of time: fills[{i}] is earlier than the last")
        before = fill.time
    return fills
