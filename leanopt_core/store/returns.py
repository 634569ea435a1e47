"""Daily returns of an equity curve, and their compact form: float32 on a calendar of days."""

from __future__ import annotations

import math
import sys
import zlib
from array import array
from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, Final, Literal

from attrs import frozen

from leanopt_core.work import Equity

_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LARGEST_FLOAT32: Final = (2 - 2**-23) * 2.0**127
_COMPRESSION: Final = 1
# Times whose days are remembered are at most so long, in bytes.
_LARGEST_KNOWN: Final = 2**20


@frozen(eq=False)
class DailyReturns:
    """Returns (fractions, float32) and the days on which they were made, as date ordinals.

    `ended` says why they stop before the curve does, None where they do not.
    """

    days: array[int]
    values: array[float]
    ended: str | None


@frozen
class Calendar:
    """Days as the store keeps them; curves over the same days share one, known by its hash."""

    hash: bytes
    days: array[int]

    @cached_property
    def row(self) -> tuple[bytes, bytes, int, str | None, str | None]:
        """Return hash, packed days, their number, the first and the last as ISO texts."""
        first, last = (
            (date.fromordinal(self.days[at]).isoformat() for at in (0, -1))
            if self.days
            else (None, None)
        )
        return self.hash, _pack_days(self.days), len(self.days), first, last


def daily_returns(equity: Equity) -> tuple[Calendar, array[float], str | None]:
    """Return the calendar, the returns on its days from the first on, and why they end early.

    A day (UTC) counts by the last value on it, the first day only as the second one's base. Where a
    value allows no return, the returns end and the calendar goes on, so that it stays the same one.
    """
    if len(equity.times) != len(equity.values):
        raise ValueError(f"{len(equity.times)} times and {len(equity.values)} values")
    days = _days(equity.times)
    if days is None:
        return _calendar(array("i")), array("f"), "the times are not seconds since 1970"
    closes = [equity.values[place] for place in days.lasts]
    values, ended = _all_changes(closes), None
    if values is None:
        values, ended = _changes(days.all, closes)
    return days.calendar, values, ended


@frozen
class _Days:
    """The days of a curve, where the last value of each is, and the calendar of its returns."""

    all: Sequence[int]
    lasts: Sequence[int]
    calendar: Calendar


def _days(times: Sequence[int]) -> _Days | None:
    """Return the days of a curve's times, None where these are no seconds since 1970."""
    try:
        packed = array("q", times).tobytes()
    except OverflowError:
        return None
    return _known_days(packed) if len(packed) <= _LARGEST_KNOWN else _find_days(packed)


def _find_days(times: bytes) -> _Days | None:
    # Times increase: of several values on a day the last one stays.
    lasts = {_EPOCH + time // _DAY: place for place, time in enumerate(memoryview(times).cast("q"))}
    if lasts and not (min(lasts) >= 1 and max(lasts) <= date.max.toordinal()):
        return None
    days = tuple(lasts)
    return _Days(days, tuple(lasts.values()), _calendar(array("i", days[1:])))


# All curves of a scenario are mostly over the same times.
_known_days: Final = lru_cache(maxsize=16)(_find_days)


def _all_changes(closes: Sequence[float]) -> array[float] | None:
    """Return every day's change, None where one of the values allows none."""
    # A sum that is finite is one of finite values.
    if not closes or min(closes) <= 0 or not math.isfinite(sum(closes)):
        return None
    changes = [value / previous - 1 for previous, value in pairwise(closes)]
    return array("f", changes) if max(changes, default=0.0) <= _LARGEST_FLOAT32 else None


def _changes(days: Sequence[int], closes: Sequence[float]) -> tuple[array[float], str | None]:
    """Return the changes up to the first value that allows none, and which that is."""
    values = array("f")
    previous = None
    for day, value in zip(days, closes, strict=True):
        if not 0 < value < math.inf:
            return values, f"the equity was {value!r} on {date.fromordinal(day)}"
        if previous is not None:
            change = value / previous - 1
            if change > _LARGEST_FLOAT32:
                return values, f"the return was {change!r} on {date.fromordinal(day)}"
            values.append(change)
        previous = value
    return values, None


def _calendar(days: array[int]) -> Calendar:
    return Calendar(sha256(_little_endian(days)).digest(), days)


def _pack_days(days: array[int]) -> bytes:
    # Differences repeat (1, 1, 1, 1, 3), so that they compress to nearly nothing.
    steps = (day - before for day, before in zip(days, [0, *days], strict=False))
    return zlib.compress(_little_endian(array("i", steps)))


def pack(values: array[float]) -> bytes:
    """Return float32 values compressed, in the same bytes on every machine."""
    return zlib.compress(_little_endian(values), _COMPRESSION)


def unpack(days: bytes, values: bytes, ended: str | None) -> DailyReturns:
    """Return daily returns from a calendar's and a backtest's bytes."""
    returns = _array("f", values)
    calendar = array("i", accumulate(_array("i", days)))
    return DailyReturns(calendar[: len(returns)], returns, ended)


def _little_endian(values: array[int] | array[float]) -> bytes:
    if sys.byteorder == "little":
        return values.tobytes()
    swapped = values[:]
    swapped.byteswap()
    return swapped.tobytes()


def _array(kind: Literal["f", "i"], packed: bytes) -> array[Any]:
    values: array[Any] = array(kind)
    values.frombytes(zlib.decompress(packed))
    if sys.byteorder == "big":
        values.byteswap()
    return values
