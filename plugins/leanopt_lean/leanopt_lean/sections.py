"""Reads the sections of LEAN's result document, under their names since May 2024."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from leanopt_core.api import Statistics, parse_number

#: .NET's TimeSpan: `38.04:48:00` is 38 days, 4 hours and 48 minutes.
_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d\d):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_SECTIONS = ("tradeStatistics", "portfolioStatistics")
# A number as .NET writes it with a decimal comma: `0,25`, `12,5 %`, `1.039,25`.
_DECIMAL_COMMA: Final = re.compile(
    r"[+-]?[^\w\s.,%]?\s?[+-]?(?:[0-9]{1,3}(?:[.'\u2019\s][0-9]{3})+|[0-9]+),[0-9]+(?:\s?[^\w\s.,])?"
)


def part(section: object, name: str) -> Any:
    """Return the member `name` (camelCase; older LEAN: PascalCase), None if it is missing."""
    if not isinstance(section, Mapping):
        return None
    return section.get(name, section.get(f"{name[0].upper()}{name[1:]}"))


def rows(section: object, name: str) -> list[Any]:
    """Return the member `name` as `part` does, an empty list if it is not a list."""
    found = part(section, name)
    return found if isinstance(found, list) else []


def read_statistics(document: Mapping[str, Any]) -> Statistics:
    """Return all statistics of a document, under the names of today's LEAN.

    Percentages become fractions, money and durations (seconds) plain numbers. `Total Trades`, the
    older name, also becomes `Total Orders`. Raises ValueError naming the key for an unreliable
    figure.
    """
    bare = part(document, "statistics")
    summary = dict(bare) if isinstance(bare, Mapping) else {}
    if "Total Trades" in summary:
        summary.setdefault("Total Orders", summary["Total Trades"])
    performance = part(document, "totalPerformance")
    content = {
        "statistics": summary,
        "runtimeStatistics": part(document, "runtimeStatistics") or {},
        "totalPerformance": {name: _section(part(performance, name)) for name in _SECTIONS},
    }
    check_figures(content)
    statistics = Statistics.read(content)
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


def check_figures(document: Mapping[str, object]) -> None:
    """Raise ValueError naming the key if a figure is not a number or is ambiguous.

    `-1,039` is minus one thousand and thirty-nine in LEAN's format, but about minus one with
    decimal commas. Other texts of the document decide which.
    """
    ambiguous = foreign = None
    for path, name, value in _figures(document, ""):
        if isinstance(value, bool):
            found = str(value).lower()
            raise ValueError(f"'{path}{name}' is {found}: expected a number or a string")  # noqa: TRY004
        if isinstance(value, str) and "," in value:
            if ambiguous is None and _is_ambiguous(value):
                ambiguous = f"{path}{name}", value
            elif foreign is None and _is_foreign(value):
                foreign = f"{path}{name}", value
    if ambiguous and foreign:
        raise ValueError(
            f"'{ambiguous[0]}' is '{ambiguous[1]}' beside '{foreign[0]}' with '{foreign[1]}': "
            "the comma may be a decimal one; expected decimal points, as .NET writes them "
            "with LC_ALL=C.UTF-8"
        )


def check_orders(statistics: Statistics) -> None:
    """Raise ValueError if the number of orders is not a count."""
    orders = statistics.total_orders
    if orders is not None and (orders < 0 or orders != int(orders)):
        raise ValueError(f"'Total Orders' is {orders:g}: expected a whole number, 0 or more")


def _figures(section: Mapping[str, object], path: str) -> Iterator[tuple[str, str, object]]:
    """Yield the path of each figure's section, its name, and the figure."""
    for name, value in section.items():
        # isinstance of Mapping is slow, and most figures are numbers or strings.
        if not isinstance(value, str | int | float) and isinstance(value, Mapping):
            yield from _figures(value, f"{path}{name}.")
        else:
            yield path, name, value


def _is_ambiguous(text: str) -> bool:
    return text.count(",") == 1 and "." not in text and parse_number(text) is not None


def _is_foreign(text: str) -> bool:
    return parse_number(text) is None and _DECIMAL_COMMA.fullmatch(text.strip()) is not None
