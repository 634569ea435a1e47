"""Daily returns of an equity curve, stored compactly: float32 on a calendar of days."""

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

from leanopt_core.outputs import DailyReturns, Equity

_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LARGEST_FLOAT32: Final = (2 - 2**-23) * 2.0**127
_COMPRESSION: Final = 1
_EQUITY_WAS: Final = "the equity was "
# Maximum size in bytes of the times whose days are cached.
_LARGEST_KNOWN: Final = 2**20


@frozen
class Calendar:
    """Stored days; curves over the same days share one calendar, identified by its hash."""

    hash: bytes
    days: array[int]

    @cached_property
    def row(self) -> tuple[bytes, bytes, int, str | None, str | None]:
        """Return hash, packed days, number of days, and the first and last day as ISO text."""
        first, last = (
            (date.fromordinal(self.days[at]).isoformat() for at in (0, -1))
            if self.days
            else (None, None)
        )
        return self.hash, _pack_days(self.days), len(self.days), first, last


def daily_returns(equity: Equity) -> tuple[Calendar, array[float], str | None]:
    """Return the calendar, the returns on its days, and the reason if they end early.

    A day (UTC) has its last value; the first day is only the base of the second. At a value that
    allows no return the returns end, but the calendar does not, so curves can still share it.
    """
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
    """The days of a curve, the index of each day's last value, and the calendar of its returns."""

    all: Sequence[int]
    lasts: Sequence[int]
    calendar: Calendar


def _days(times: Sequence[int]) -> _Days | None:
    """Return the days of a curve's times, None if the times are not seconds since 1970."""
    try:
        packed = array("q", times).tobytes()
    except OverflowError:
        return None
    return _known_days(packed) if len(packed) <= _LARGEST_KNOWN else _find_days(packed)


def _find_days(times: bytes) -> _Days | None:
    # Times increase, so the last value of a day stays.
    lasts = {_EPOCH + time // _DAY: place for place, time in enumerate(memoryview(times).cast("q"))}
    if lasts and not (min(lasts) >= 1 and max(lasts) <= date.max.toordinal()):
        return None
    days = tuple(lasts)
    return _Days(days, tuple(lasts.values()), _calendar(array("i", days[1:])))


# The curves of a scenario mostly have the same times: cache the days.
_known_days: Final = lru_cache(maxsize=16)(_find_days)


def _all_changes(closes: Sequence[float]) -> array[float] | None:
    """Return every day's change, None if a value allows none."""
    # A finite sum has only finite terms.
    if not closes or min(closes) <= 0 or not math.isfinite(sum(closes)):
        return None
    changes = [value / previous - 1 for previous, value in pairwise(closes)]
    return array("f", changes) if max(changes, default=0.0) <= _LARGEST_FLOAT32 else None


def _changes(days: Sequence[int], closes: Sequence[float]) -> tuple[array[float], str | None]:
    """Return the changes up to the first value that allows none, and the reason."""
    values = array("f")
    previous = None
    for day, value in zip(days, closes, strict=True):
        if not 0 < value < math.inf:
            return values, f"{_EQUITY_WAS}{value!r} on {date.fromordinal(day)}"
        if previous is not None:
            change = value / previous - 1
            if change > _LARGEST_FLOAT32:
                return values, f"the return was {change!r} on {date.fromordinal(day)}"
            values.append(change)
        previous = value
    return values, None


def is_ruin(ended: str) -> bool:
    """Return whether returns ended at an equity of 0 or below, by the reason that was stored."""
    equity = ended.removeprefix(_EQUITY_WAS).partition(" ")[0]
    return ended.startswith(_EQUITY_WAS) and float(equity) <= 0


def _calendar(days: array[int]) -> Calendar:
    return Calendar(sha256(_little_endian(days)).digest(), days)


def _pack_days(days: array[int]) -> bytes:
    # Differences repeat (1, 1, 1, 1, 3) and compress well.
    steps = (day - before for day, before in zip(days, [0, *days], strict=False))
    return zlib.compress(_little_endian(array("i", steps)))


def pack(values: array[float]) -> bytes:
    """Return compressed float32 values, the same bytes on every machine."""
    return zlib.compress(_little_endian(values), _COMPRESSION)


def unpack(days: bytes, values: bytes, ended: str | None) -> DailyReturns:
    """Return daily returns from the bytes of a calendar and a backtest."""
    return _returns(days_of(days), _array("f", values), ended)


def days_of(packed: bytes) -> array[int]:
    """Return the days of a calendar from its bytes."""
    return array("i", accumulate(_array("i", packed)))


def returns_on(calendar: Calendar, values: array[float], ended: str | None) -> DailyReturns:
    """Return what `daily_returns` found as `unpack` gives it back."""
    return _returns(calendar.days, values, ended)


def _returns(days: array[int], values: array[float], ended: str | None) -> DailyReturns:
    # As 64-bit floats, so that NumPy computes with them as Python does.
    return DailyReturns(days[: len(values)], array("d", values), ended)


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
