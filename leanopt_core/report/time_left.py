"""Estimate how long a run still takes, from the backtests that have ended since it started."""

from __future__ import annotations

import math
from collections import deque
from statistics import fmean, quantiles
from typing import Final

from attrs import define, field

#: Rates are measured over this many seconds if backtests are short,
_WINDOW: Final = 20.0
#: else over this many mean run times.
_RUNS: Final = 10
_MOST_MARKS: Final = 100
#: Seconds between two notes of how busy the workers were.
_APART: Final = 0.05
#: The newest so many run times count.
_NEWEST: Final = 512
#: With fewer, chance decides: there is no estimate.
_FEWEST: Final = 3
#: A run time counts for at most the upper quartile and so many times the quartiles' distance.
_FENCE: Final = 3.0
#: In seconds: of longer backtests, a worker's first one is hardly longer than the others.
_LONG: Final = 10.0


@define
class Recent:
    """A growing total, and how much it grew per second lately."""

    _marks: deque[tuple[float, float]] = field(factory=deque)
    #: Whether all that it has measured is still in the window.
    whole: bool = True

    def note(self, now: float, total: float, mean: float) -> None:
        """Take the current total; `mean` is a backtest's mean run time in seconds."""
        window = max(_WINDOW, _RUNS * mean)
        since, apart = now - window, window / _MOST_MARKS
        marks = self._marks
        if len(marks) > 1 and marks[-1][0] - marks[-2][0] < apart:
            marks.pop()
        marks.append((now, total))
        while len(marks) > 2 and marks[1][0] <= since:  # noqa: PLR2004 - two make a rate
            marks.popleft()
            self.whole = False

    @property
    def grown(self) -> float:
        """Return the growth within the window."""
        return self._marks[-1][1] - self._marks[0][1] if self._marks else 0.0

    @property
    def span(self) -> float:
        """Return the length of the window in seconds."""
        return self._marks[-1][0] - self._marks[0][0] if self._marks else 0.0

    @property
    def rate(self) -> float | None:
        """Return the growth per second, None if no time has passed."""
        return self.grown / self.span if self.span else None


@define
class TimeLeft:
    """Run times since this start of a run, and how many workers were busy.

    `workers` is the number of workers. What a worker runs first takes longer, since it is still
    starting: that is left aside as soon as there is enough else.
    """

    workers: int
    ended: int = 0
    _firsts: dict[int, float] = field(factory=dict)
    _others: deque[float] = field(factory=lambda: deque(maxlen=_NEWEST))
    _busy: Recent = field(factory=Recent)
    _total: float = 0.0
    _last: float = -math.inf
    _noted: float = -math.inf

    def add(self, now: float, seconds: float, worker: int) -> None:
        """Take a backtest that has ended now after so many seconds."""
        if not self.ended:
            self._busy.note(now - seconds, 0.0, seconds)
        self.ended += 1
        self._total += seconds
        self._last = max(self._last, now)
        if worker not in self._firsts and len(self._firsts) < self.workers:
            self._firsts[worker] = seconds
        else:
            self._others.append(seconds)
        # Hardly anybody looks more often.
        if now - self._noted >= _APART:
            self._note()

    def _note(self) -> None:
        self._noted = self._last
        if self.ended:
            self._busy.note(self._last, self._total, self.mean)

    @property
    def mean(self) -> float:
        """Return the mean of all run times, 0 before a backtest has ended."""
        return self._total / self.ended if self.ended else 0.0

    @property
    def busy(self) -> float | None:
        """Return the mean number of busy workers, None before a backtest has ended."""
        self._note()
        rate = self._busy.rate
        return None if rate is None else min(float(self.workers), rate)

    def left(self, now: float, backtests: float, drains: int = 1) -> float | None:
        """Return the seconds that so many backtests still take, None while that is unknown.

        They include those that run now. `drains` is how often workers run out of work on the way:
        at the end of each stage, until its last backtest has ended.
        """
        self._note()
        known = self._known()
        if known is None or backtests <= 0:
            return None if known is None else 0.0
        mean = fmean(known)
        # How long a backtest that is found running still takes: long ones are found more often.
        rest = fmean(one * one for one in known) / (2 * mean) if mean else 0.0
        at_work = min(self._at_work(now, rest, mean), backtests)
        work = (backtests - at_work + 1) * mean + (at_work - 1) * rest
        drained = rest * (at_work - 1) / (at_work + 1)
        return max(0.0, work / at_work + drains * drained - min(now - self._last, mean))

    def _known(self) -> list[float] | None:
        """Return the run times that count, without outliers; None if they are too few."""
        enough = max(_FEWEST, len(self._firsts))
        known = list(self._others)
        if len(known) < enough:
            known += self._firsts.values()
            if len(known) < max(_FEWEST, self.workers) or min(known) < _LONG:
                return None
        low, _, high = quantiles(known, n=4)
        most = high + _FENCE * (high - low)
        return [min(one, most) for one in known]

    def _at_work(self, now: float, rest: float, mean: float) -> float:
        """Return how many workers are busy: between 1 and all."""
        # At first, what they have done of the backtests that run now is a large part of it.
        begun = self.workers * rest if self._busy.whole else 0.0
        silent = max(0.0, now - self._last - mean)
        span = self._busy.span + silent
        done = self._busy.grown + begun
        return max(1.0, min(float(self.workers), done / span if span else 1.0))
