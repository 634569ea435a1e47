"""Backtests with daily returns or closed trades, as fitness functions get them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from leanopt_core.fitness import Backtested, FitnessFunction
from leanopt_core.outputs import ClosedTrade, DailyReturns
from leanopt_core.ranking import merit
from leanopt_core.statistics import Statistics

FIRST = date(2020, 1, 1).toordinal()


def daily(changes: Sequence[float], ended: str | None = None) -> DailyReturns:
    """Return the returns of consecutive days, rounded as the store keeps them."""
    return DailyReturns(range(FIRST, FIRST + len(changes)), array("f", changes), ended)


def with_returns(
    changes: Sequence[float], *, trades: int = 100, ended: str | None = None
) -> Backtested:
    """Return a backtest with these daily returns."""
    return Backtested("SPY", Statistics(), trades, returns=daily(changes, ended))


def with_profits(
    profits: Sequence[float], *, fee: float | None = 0.0, ended: str | None = None
) -> Backtested:
    """Return a backtest with closed trades of these profits before fees."""
    closed = [ClosedTrade(profit=profit, fees=fee) for profit in profits]
    returns = daily([0.001] * 250, ended)
    return Backtested("SPY", Statistics(), len(closed), returns=returns, trades=closed)


TOTAL_LOSS = "the equity was 0.0 on 2020-09-07"

#: The cases that a fitness function of daily returns must define, the best first.
RETURNS: Mapping[str, Backtested] = {
    "gains only, so no drawdown: 0.1% a day": with_returns([0.001] * 250),
    "gains and losses: 0.2% and -0.1% in turn": with_returns([0.002, -0.001] * 125),
    "flat": with_returns([0.0] * 250),
    "losses and gains: -0.2% and 0.1% in turn": with_returns([-0.002, 0.001] * 125),
    "losses only: -0.1% a day": with_returns([-0.001] * 250),
    "one trade": with_returns([0.001] * 250, trades=1),
    "no trades": with_returns([0.0] * 250, trades=0),
    "one day": with_returns([]),
    "total loss": with_returns([0.001] * 250, ended=TOTAL_LOSS),
}

#: The cases that a fitness function of closed trades must define, the best first.
PROFITS: Mapping[str, Backtested] = {
    "gains only: 100 each": with_profits([100.0] * 40),
    "gains and losses: 300 and -100 in turn": with_profits([300.0, -100.0] * 20),
    "nothing gained or lost": with_profits([0.0] * 40),
    "losses and gains: -300 and 100 in turn": with_profits([-300.0, 100.0] * 20),
    "losses only: -100 each": with_profits([-100.0] * 40),
    "one trade": with_profits([100.0]),
    "no trades": with_profits([]),
    "total loss": with_profits([100.0] * 40, ended=TOTAL_LOSS),
}


def said(fitness: FitnessFunction, backtest: Backtested) -> str:
    """Return what a README says of a backtest: its value, or why there is none."""
    judged = fitness([backtest])
    return "; ".join(judged.reasons) if judged.value is None else f"{judged.value:.4g}"


def listed(readme: Path) -> dict[str, str]:
    """Return the table of cases in a README: case and value."""
    table = readme.read_text().split("| backtest | value |\n| --- | --- |\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE))


def merits(fitness: FitnessFunction, backtests: Mapping[str, Backtested]) -> list[object]:
    """Return how each backtest ranks; smaller is better."""
    judged = [fitness([backtest]) for backtest in backtests.values()]
    return [merit(one.value, one.violation) for one in judged]
