"""Calendar lengths such as `"3y"`, `"18m"`, `"2w"`, `"60d"`."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NewType, Self

from attrs import frozen

_UNITS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"y": (12, 0), "m": (1, 0), "w": (0, 7), "d": (0, 1)}
)
_LENGTH: Final = re.compile(r"([0-9]{1,6})([ymwd])", re.ASCII)
# What people write instead: the first letter of the unit says what is meant.
_PARTS: Final = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([ymwdYMWD])[A-Za-z]*\.?", re.ASCII)
_EXPECTED: Final = 'expected a whole number and one of y, m, w, d, such as "18m"'
_LONGEST: Final = 100


@frozen
class Length:
    """So many calendar months, and then days."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the length of a text such as `3y`, `18m`, `2w` or `60d`.

        `0d` is no days. Raises ValueError for other texts, and for lengths of over 100 years.
        """
        found = _LENGTH.fullmatch(text)
        if found is None:
            raise ValueError(_EXPECTED)
        months, days = (int(found[1]) * unit for unit in _UNITS[found[2]])
        if months > _LONGEST * 12 or days > _LONGEST * 366:
            raise ValueError(f"must be at most {_LONGEST}y")
        return cls(months, days)

    def __add__(self, other: Length) -> Length:
        return Length(self.months + other.months, self.days + other.days)

    def __bool__(self) -> bool:
        return bool(self.months or self.days)

    def __str__(self) -> str:
        months, days = self.months, self.days
        parts = [f"{months // 12}y" if months % 12 == 0 else f"{months}m"] if months else []
        return "".join([*parts, *([f"{days}d"] if days or not months else [])])

    def after(self, day: date) -> date | None:
        """Return the day that is so much later, None after year 9999.

        A day that its month does not have becomes the month's last one.
        """
        return _moved(day, self.months, self.days)

    def before(self, day: date) -> date | None:
        """Return the day that is so much earlier, None before year 1; months as in `after`."""
        return _moved(day, -self.months, -self.days)


def _moved(day: date, months: int, days: int) -> date | None:
    """Return the day so many months and then days later; None outside the calendar."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not MINYEAR <= year <= MAXYEAR:
        return None
    clipped = day.replace(
        year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1])
    )
    try:
        return clipped + timedelta(days)
    except OverflowError:
        return None


Lengths = NewType("Lengths", tuple[Length, ...])
"""One length or several; usable as the type of a key."""

Rungs = NewType("Rungs", tuple[int | Length, ...])
"""Counts, or lengths of days, never both; usable as the type of a key."""

Days = NewType("Days", int)
"""A length without months, in days; usable as the type of a key."""


def nearest(text: str) -> str:
    """Return the right form of a text that is no length, an empty one if that is not clear."""
    if re.fullmatch(r"\s*[0-9]{1,6}\s*", text, re.ASCII):
        return f"{text.strip()}d"
    parts = list(_PARTS.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text.rstrip():
        return ""
    months = days = Decimal(0)
    for part in parts:
        unit = _UNITS[part[2].lower()]
        months += Decimal(part[1]) * unit[0]
        days += Decimal(part[1]) * unit[1]
    whole = months == int(months) and days == int(days)
    longest = max(months / 12, days / 366) > _LONGEST
    if not whole or longest or (months and days) or not (months or days):
        return ""
    return str(Length(int(months), int(days)))
