"""The days of a curve as LEAN samples them: one sample at each midnight, closed days included."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds in a day.
DAY = 86_400


@dataclass(frozen=True)
class Days:
    """A curve's times, grouped by calendar day once, for all curves over these times.

    `start` is the first sample (seconds since 1970-01-01 UTC), before any bar. Day `k` runs from
    `start + k * DAY`, exclusive, to `start + (k + 1) * DAY`, inclusive: a bar that closes at
    midnight belongs to the day that ends there, as LEAN samples it.

    `traded` are the days with a bar, `closes` the index of the last bar of each, and `holds` for
    each bar the last midnight (or its own time) at which its value still holds.
    """

    start: int
    times: tuple[int, ...]
    traded: tuple[int, ...]
    closes: tuple[int, ...]
    holds: tuple[int, ...]

    @classmethod
    def of(cls, times: Sequence[int], start: int | None = None) -> Days:
        """Sort `times` (seconds since 1970-01-01 UTC, increasing) into days.

        `start` is by default the midnight UTC before the first time. Raises ValueError if there
        is no time, they do not increase, or `start` is not before the first.
        """
        moments = _increasing(times)
        first = moments[0]
        begin = (first - 1) // DAY * DAY if start is None else start
        if begin >= first:
            raise ValueError(f"start {begin} must be before the first time {first}")
        closes = [
            i for i, (a, b) in enumerate(pairwise(moments)) if _day(a, begin) != _day(b, begin)
        ]
        closes.append(len(moments) - 1)
        return cls(
            start=begin,
            times=moments,
            traded=tuple(_day(moments[i], begin) for i in closes),
            closes=tuple(closes),
            holds=tuple(
                max(a, begin + _day(b, begin) * DAY) for a, b in pairwise((*moments, moments[-1]))
            ),
        )

    @property
    def count(self) -> int:
        """Calendar days from the start to the last bar, closed ones included."""
        return self.traded[-1] + 1

    @property
    def years(self) -> float:
        """Years of 365 days from the start to the last bar (LEAN's)."""
        return (self.times[-1] - self.start) / (365 * DAY)

    def close_of(self, time: int) -> int:
        """Return the index of the last bar at or before the end of `time`'s day, -1 before any.

        Raises ValueError if `time` is outside the curve.
        """
        if not self.start <= time <= self.times[-1]:
            raise ValueError(
                f"a fill at {time} is outside the curve, which runs from {self.start} to "
                f"{self.times[-1]} (seconds since 1970-01-01 UTC)"
            )
        # what is done at the start itself belongs to the first day
        position = bisect_right(self.traded, max(0, _day(time, self.start)))
        return self.closes[position - 1] if position else -1


def _day(time: int, start: int) -> int:
    return (time - start - 1) // DAY


def _increasing(times: Sequence[int]) -> tuple[int, ...]:
    try:
        moments = tuple(map(index, times))
    except TypeError:
        raise ValueError("times must be whole seconds since 1970-01-01 UTC") from None
    if not moments:
        raise ValueError("a curve needs at least one time")
    for i, (a, b) in enumerate(pairwise(moments)):
        if a >= b:
            raise ValueError(f"times must increase: times[{i}] is {a}, times[{i + 1}] is {b}")
    return moments
