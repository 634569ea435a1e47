"""Format numbers for people, and choose the statistics that traders look at first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from leanopt_core.canonical import canonical_json
from leanopt_core.statistics import Statistics

#: LEAN's statistics in these sections repeat the others in more detail; they are for programs.
DETAILED: Final = ("totalPerformance.", "runtimeStatistics.")
_MOST_OTHERS: Final = 4
_STEP: Final = 1024


def percent(value: float) -> str:
    """Return a fraction as a percentage, such as `12.3%`."""
    return f"{value:.1%}"


def ratio(value: float) -> str:
    """Return a ratio with two decimals."""
    return f"{value:.2f}"


def count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{value:,.0f}"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun, such as `1 trial` or `1,200 trials`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def number(value: float | None) -> str:
    """Return a number with six significant digits, `-` if unknown."""
    return "-" if value is None else f"{value:.6g}"


def duration(seconds: float) -> str:
    """Return a duration such as `12 s`, `3:07`, `1:03:07` or `2 d 1:03:07`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if not (days or hours or minutes):
        return f"{left} s"
    clock = f"{hours}:{minutes:02}:{left:02}" if days or hours else f"{minutes}:{left:02}"
    return f"{days} d {clock}" if days else clock


def size(count: float) -> str:
    """Return a number of bytes in the largest unit that it fills, as `23.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _STEP:
            return f"{count:.3g} {unit}"
        count /= _STEP
    return f"{count:.3g} TiB"


_Figure: TypeAlias = tuple[str, Callable[[Statistics], float | None], Callable[[float], str]]

_SHOWN: Final[tuple[_Figure, ...]] = (
    ("annual return", lambda s: s.compounding_annual_return, percent),
    ("drawdown", lambda s: s.drawdown, percent),
    ("Sharpe", lambda s: s.sharpe_ratio, ratio),
    ("Sortino", lambda s: s.sortino_ratio, ratio),
    ("win rate", lambda s: s.win_rate, percent),
    ("orders", lambda s: s.total_orders, count),
)


def main_figures(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the main statistics of a backtest by short name, those it has.

    If a strategy gives none of them, return the first few numbers it gives.
    """
    if not values:
        return {}
    statistics = Statistics(values)
    known = ((name, read(statistics), show) for name, read, show in _SHOWN)
    found = {name: show(value) for name, value, show in known if value is not None}
    if statistics.compounding_annual_return is None and statistics.net_profit is not None:
        found = {"net profit": percent(statistics.net_profit), **found}
    return found or dict(list(_numbers(values).items())[:_MOST_OTHERS])


def _numbers(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: number(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def values_shown(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as text by name; numbers are exact."""
    shown = json.loads(canonical_json(parameters), parse_float=str)
    return {name: value_text(value) for name, value in shown.items()}


def value_text(value: object) -> str:
    """Return a parameter's value as written in a pipeline, text without quotes."""
    return json.dumps(value) if isinstance(value, bool) else str(value)
