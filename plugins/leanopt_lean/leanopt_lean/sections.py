"""The sections of LEAN's result document under the names that they have since May 2024."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leanopt_core.statistics import Statistics
from leanopt_lean.figures import check_figures, check_orders

#: .NET's TimeSpan: `38.04:48:00` is 38 days, 4 hours and 48 minutes.
_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d\d):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_SECTIONS = ("tradeStatistics", "portfolioStatistics")


def part(section: object, name: str) -> Any:
    """Return the member `name` (camelCase; older LEAN: PascalCase), None where there is none."""
    if not isinstance(section, Mapping):
        return None
    return section.get(name, section.get(f"{name[0].upper()}{name[1:]}"))


def rows(section: object, name: str) -> list[Any]:
    """Return the member `name` as `part` does; an empty list where it is no list."""
    found = part(section, name)
    return found if isinstance(found, list) else []


def read_statistics(document: Mapping[str, Any]) -> Statistics:
    """Return all statistics of a document, under the names of today's LEAN.

    Per cents are fractions, money and durations (seconds) plain numbers. A document of the time
    when LEAN said `Total Trades` for `Total Orders` has both. Raises ValueError, which names the
    key, where a figure cannot be relied on.
    """
    bare = part(document, "statistics")
    summary = dict(bare) if isinstance(bare, Mapping) else {}
    if "Total Trades" in summary:
        summary.setdefault("Total Orders", summary["Total Trades"])
    performance = part(document, "totalPerformance")
    told = {
        "statistics": summary,
        "runtimeStatistics": part(document, "runtimeStatistics") or {},
        "totalPerformance": {name: _section(part(performance, name)) for name in _SECTIONS},
    }
    check_figures(told)
    statistics = Statistics.read(told)
    check_orders(statistics)
    return statistics


def _section(section: object) -> dict[str, Any]:
    if not isinstance(section, Mapping):
        return {}
    return {f"{key[:1].lower()}{key[1:]}": _plain(key, value) for key, value in section.items()}


def _plain(key: str, value: object) -> object:
    """Return a duration in seconds, anything else as it is."""
    if not (key.endswith("Duration") and isinstance(value, str)):
        return value
    match = _SPAN.fullmatch(value)
    if match is None:
        return value
    sign, days, hours, minutes, seconds = match.groups()
    span = int(days or 0) * 86_400 + int(hours) * 3_600 + int(minutes) * 60 + float(seconds)
    return -span if sign else span
