"""Daily returns of an equity curve, and their compact form: float32 on a calendar of days."""

from __future__ import annotations

import math
import sys
import zlib
from array import array
from datetime import date
from hashlib import sha256
from itertools import accumulate
from typing import Any, Final, Literal

from attrs import frozen

from leanopt_core.work import Equity

_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LARGEST_FLOAT32: Final = (2 - 2**-23) * 2.0**127
_COMPRESSION: Final = 1


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

    @property
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
    # Times increase: of several values on a day the last one stays.
    closes = {
        _EPOCH + time // _DAY: value
        for time, value in zip(equity.times, equity.values, strict=True)
    }
    if closes and not (min(closes) >= 1 and max(closes) <= date.max.toordinal()):
        return _calendar(array("i")), array("f"), "the times are not seconds since 1970"
    values, ended = _changes(closes)
    return _calendar(array("i", list(closes)[1:])), values, ended


def _changes(closes: dict[int, float]) -> tuple[array[float], str | None]:
    values = array("f")
    previous = None
    for day, value in closes.items():
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
