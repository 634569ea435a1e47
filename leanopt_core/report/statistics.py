"""Statistics for people: those that traders look at first, each in its unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from leanopt_core.report.figures import count, number, percent, ratio
from leanopt_core.statistics import Statistics

#: LEAN's statistics in these sections repeat the others in more detail; they are for programs.
DETAILED: Final = ("totalPerformance.", "runtimeStatistics.")
_MOST_OTHERS: Final = 4


@frozen
class Figure:
    """A statistic with a short name; `lower` tells whether a lower value is better."""

    name: str
    read: Callable[[Statistics], float | None]
    show: Callable[[float], str]
    lower: bool = False


#: What traders look at first.
FIGURES: Final = (
    Figure("annual return", lambda s: s.compounding_annual_return, percent),
    Figure("drawdown", lambda s: s.drawdown, percent, lower=True),
    Figure("Sharpe", lambda s: s.sharpe_ratio, ratio),
    Figure("Sortino", lambda s: s.sortino_ratio, ratio),
    Figure("win rate", lambda s: s.win_rate, percent),
    Figure("orders", lambda s: s.total_orders, count),
)
#: What stands for the annual return where that is unknown.
NET_PROFIT: Final = Figure("net profit", lambda s: s.net_profit, percent)


def main_figures(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the main statistics of a backtest by short name, those it has.

    If a strategy gives none of them, return the first few numbers it gives.
    """
    if not values:
        return {}
    statistics = Statistics(values)
    annual = statistics.compounding_annual_return is not None
    known = {one: one.read(statistics) for one in (FIGURES if annual else (NET_PROFIT, *FIGURES))}
    found = {one.name: one.show(value) for one, value in known.items() if value is not None}
    return found or dict(list(_numbers(values).items())[:_MOST_OTHERS])


def _numbers(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: number(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


#: What LEAN shows as a percentage, besides amounts of money of the same name at runtime.
_PERCENTAGES: Final = (
    *("averageloss", "averagelossrate", "averagewin", "averagewinrate", "lossrate", "winrate"),
    *("compoundingannualreturn", "netprofit", "totalnetprofit", "drawdown"),
    *("portfolioturnover", "probabilisticsharperatio"),
)
_MONEY: Final = ("endequity", "estimatedstrategycapacity", "startequity", "totalfees")
_COUNTS: Final = ("totalnumberoftrades", "totalorders", "totaltrades")


_LOWER_IS_BETTER: Final = (
    *("drawdown", "drawdownrecovery", "lossrate", "totalfees"),
    *("annualstandarddeviation", "annualvariance"),
)


def lower_is_better(name: str) -> bool:
    """Return whether a lower value of this statistic is better, as of a drawdown."""
    return _plain(name) in _LOWER_IS_BETTER


def _plain(name: str) -> str:
    """Return the last part of a statistic's name without spaces; nothing for runtime amounts."""
    section, _, last = name.rpartition(".")
    return "" if section == "runtimeStatistics" else re.sub(r"[\s_-]", "", last).casefold()


def statistic_text(name: str, value: object) -> str:
    """Return a statistic for people: per cent where LEAN shows it, `-` if unknown."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "-" if value is None else str(value)
    plain = _plain(name)
    if plain in _PERCENTAGES:
        return f"{number(round(100 * value, 2))}%"
    if plain in _MONEY:
        return number(value) if abs(value) < 1 else f"{value:,.2f}"
    return count(value) if plain in _COUNTS else number(value)
