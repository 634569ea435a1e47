"""The equity curve in LEAN's result document."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from leanopt_core.work import Equity
from leanopt_lean.sections import part, rows

#: 9999-12-31, the last day that .NET knows, in seconds since 1970-01-01 UTC.
_LAST = 253_402_300_799
# As they were parsed: exact types, and no NaN or infinity among them.
_NUMBERS = (float, int)


def read_equity(document: Mapping[str, Any]) -> Equity | None:
    """Return the curve of the chart `Strategy Equity`, None where there is none.

    Of a candle its close counts, of two values at one time the later. Points without a value are
    left out.
    """
    chart = part(part(document, "charts"), "Strategy Equity")
    values = dict(_points(rows(part(part(chart, "series"), "Equity"), "values")))
    times = sorted(values)
    return (
        Equity(array("q", times), array("d", [values[time] for time in times])) if times else None
    )


def _points(points: list[Any]) -> Iterator[tuple[int, float]]:
    """Yield time and value of `[time, open, high, low, close]`, `[time, value]` or `{x, y}`."""
    for point in points:
        if type(point) is list and point:
            time, value = point[0], point[-1]
        else:
            time, value = part(point, "x"), part(point, "y")
        if type(time) is int and 0 <= time <= _LAST and type(value) in _NUMBERS:
            yield time, value
