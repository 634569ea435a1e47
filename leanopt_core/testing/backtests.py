"""Backtests for the kit of fitness functions: a good one, and edges of curves and trades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from operator import mul
from typing import Final

from attrs import evolve, frozen

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.statistics import Statistics
from leanopt_core.store.returns import daily_returns, returns_on
from leanopt_core.work import Outcome

#: A good backtest as LEAN reports it, as plain numbers.
GOOD: Final[Mapping[str, float]] = {
    "Total Orders": 240.0,
    "Average Win": 0.012,
    "Average Loss": -0.006,
    "Compounding Annual Return": 0.18,
    "Drawdown": 0.12,
    "Expectancy": 0.5,
    "Start Equity": 100_000.0,
    "End Equity": 228_000.0,
    "Net Profit": 1.28,
    "Sharpe Ratio": 1.1,
    "Sortino Ratio": 1.4,
    "Probabilistic Sharpe Ratio": 0.61,
    "Loss Rate": 0.4,
    "Win Rate": 0.6,
    "Profit-Loss Ratio": 2.0,
    "Alpha": 0.03,
    "Beta": 0.7,
    "Annual Standard Deviation": 0.14,
    "Annual Variance": 0.0196,
    "Information Ratio": 0.2,
    "Tracking Error": 0.1,
    "Treynor Ratio": 0.2,
    "Total Fees": 480.0,
    "Portfolio Turnover": 0.05,
    "totalPerformance.tradeStatistics.totalNumberOfTrades": 120.0,
    "totalPerformance.tradeStatistics.profitFactor": 1.9,
}

_DAY: Final = 86_400
# Friday, 2 January 2015, 21:00 UTC: the close of New York in winter.
_START: Final = 1_420_232_400
_CASH: Final = 100_000.0


def curve(values: Iterable[float]) -> Equity:
    """Return an equity curve with one value for each weekday."""
    weekdays = (_START + day * _DAY for day in range(10**6) if (day + 4) % 7 < 5)
    told = list(values)
    return Equity([time for time, _ in zip(weekdays, told, strict=False)], told)


def drifting(drift: float, days: int = 756) -> Equity:
    """Return three years of daily changes around `drift` (a fraction), good and bad days mixed."""
    changes = (1 + drift + 0.01 * math.sin(day * day) for day in range(days))
    return curve(accumulate(changes, mul, initial=_CASH))


def winning(shift: float, count: int = 120) -> list[ClosedTrade]:
    """Return trades of which three in five win, with `shift` added to each profit."""
    return [
        ClosedTrade(
            entry_time=_START + number * 6 * _DAY,
            entry_price=100.0,
            quantity=100.0,
            direction=-1 if number % 3 == 2 else 1,
            exit_time=_START + (number * 6 + 3) * _DAY,
            exit_price=102.0,
            profit=(200.0 if number % 5 < 3 else -120.0) + number % 7 + shift,
            fees=2.0,
            mae=-150.0,
            mfe=260.0,
            tag="stop" if number % 5 > 2 else "target",
        )
        for number in range(count)
    ]


@frozen
class Sample:
    """What a backtest has besides statistics, as far as the function needs it."""

    equity: Equity | None = None
    trades: Sequence[ClosedTrade] | None = None

    def outcome(self, statistics: Mapping[str, float | str | None]) -> Outcome:
        """Return the outcome of a backtest with these statistics, as the store gives it."""
        returns = None if self.equity is None else returns_on(*daily_returns(self.equity))
        return Outcome(
            Statistics(dict(statistics)), None, self.equity, self.trades, returns=returns
        )


GOOD_SAMPLE: Final = Sample(drifting(0.0008), winning(0.0))

_GROWING: Final = (1.0, 2.0, 4.0, 8.0)

#: Curves that break divisions, powers or logarithms, by what they are.
CURVES: Final[Mapping[str, Equity]] = {
    "no value": curve([]),
    "one value": curve([_CASH]),
    "two values": curve([_CASH, 1.01 * _CASH]),
    "a flat curve": curve([_CASH] * 300),
    "a curve that is flat but for one day": curve([_CASH] * 100 + [1.1 * _CASH] * 100),
    "a curve that doubles each day": curve(_GROWING),
    "a curve that grows a millionfold each day": curve(1e-140 * 1e6**day for day in range(45)),
    "a curve that halves each day": curve(1 / one for one in _GROWING),
    "a total loss": curve([_CASH, 0.5 * _CASH, 0.0, 0.0]),
    "a debt": curve([_CASH, -_CASH, _CASH]),
    "a curve without a loss": curve(_CASH + day for day in range(300)),
    "a curve of losses only": curve(_CASH - day for day in range(300)),
    "a huge curve": curve([1e-300, 1.0, 1e300, 1.0, 1.7e308]),
    "several values a day": Equity(range(_START, _START + 40 * 3600, 3600), [1.0, 1.1] * 20),
}
#: Trades that break divisions, powers or logarithms, by what they are.
TRADES: Final[Mapping[str, Sequence[ClosedTrade]]] = {
    "no trades": (),
    "one trade": winning(0.0, 1),
    "two equal trades": winning(0.0, 1) * 2,
    "winning trades only": [evolve(one, profit=50.0) for one in winning(0.0, 40)],
    "losing trades only": [evolve(one, profit=-50.0) for one in winning(0.0, 40)],
    "trades without profit or loss": [evolve(one, profit=0.0, fees=0.0) for one in winning(0.0)],
    "trades of which nothing is known": [ClosedTrade()] * 40,
    "huge trades": [
        evolve(one, profit=profit, fees=1e308, quantity=1e308)
        for one, profit in zip(winning(0.0, 4), (1.7e308, -1.7e308, 1.7e308, 5e-324), strict=True)
    ],
}


def edges(needs: Iterable[str]) -> dict[str, Sample]:
    """Return good samples with one bad part, by what it is, for what a function needs."""
    curves = {what: evolve(GOOD_SAMPLE, equity=one) for what, one in CURVES.items()}
    trades = {what: evolve(GOOD_SAMPLE, trades=one) for what, one in TRADES.items()}
    chosen = {"returns": curves, "equity": curves, "trades": trades}
    return dict(chain.from_iterable(chosen[need].items() for need in needs))
