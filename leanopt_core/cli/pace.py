"""How fast a run goes now, and the curve of its best fitness, in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field

#: How far the pace looks back, in seconds, where backtests are short.
_WINDOW: Final = 20.0
#: With longer ones it looks back over so many of their mean run time.
_RUNS: Final = 10
_FEWEST: Final = 2
_MOST_MARKS: Final = 100
_MOST_POINTS: Final = 512


@define
class Pace:
    """Trials a second and busy seconds a second over the last while."""

    _marks: deque[tuple[float, int, float]] = field(factory=deque)

    def note(self, now: float, told: int, busy: float, mean: float) -> None:
        """Take the counts of now; `mean` is a backtest's mean run time in seconds."""
        window = max(_WINDOW, _RUNS * mean)
        since, apart = now - window, window / _MOST_MARKS
        marks = self._marks
        if len(marks) >= _FEWEST and marks[-1][0] - marks[-2][0] < apart:
            marks.pop()
        marks.append((now, told, busy))
        while len(marks) > _FEWEST and marks[1][0] <= since:
            marks.popleft()

    @property
    def rate(self) -> float | None:
        """Return the trials told a second, None where no time has passed or none was told."""
        told = self._marks[-1][1] - self._marks[0][1] if self._marks else 0
        return told / self._span if self._span and told else None

    @property
    def busy(self) -> float | None:
        """Return how many workers were busy in the mean, None where no time has passed."""
        if not self._span:
            return None
        return (self._marks[-1][2] - self._marks[0][2]) / self._span

    @property
    def _span(self) -> float:
        return self._marks[-1][0] - self._marks[0][0] if self._marks else 0.0


@define
class Curve:
    """A series of any length in at most 512 points, evenly spaced."""

    _points: list[float] = field(factory=list)
    _stride: int = 1
    _skipped: int = 0

    def add(self, value: float) -> None:
        """Take one more value."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self._points.append(value)
        if len(self._points) >= _MOST_POINTS:
            self._points = self._points[1::2]
            self._stride *= 2

    def points(self) -> tuple[float, ...]:
        """Return the points kept."""
        return tuple(self._points)
