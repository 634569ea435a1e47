"""Running count, mean and variance of the values of told trials."""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import define

from leanopt_core.fitness import FITNESS, Moments
from leanopt_core.trial import Score


@define
class _Running:
    """Welford's algorithm, as in Knuth, TAOCP volume 2, 4.2.2, (15) and (16)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        step = value - self.mean
        mean = self.mean + step / self.count
        # The difference of two huge values overflows, their mean does not.
        self.mean = mean if math.isfinite(mean) else _between(self.mean, value, self.count)
        self.squares += step * (value - self.mean)

    def moments(self) -> Moments:
        known = self.count > 1 and math.isfinite(self.squares)
        variance = self.squares / (self.count - 1) if known else None
        return Moments(self.count, self.mean, variance)


def _between(mean: float, value: float, count: int) -> float:
    return mean - mean / count + value / count


class RunningMoments:
    """The moments of each named value, and of the fitness, over scores in the order of telling."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}

    def add(self, score: Score) -> None:
        """Take the score of a told trial; one without a value counts for no name."""
        if score.fitness is not None:
            self._add(FITNESS, score.fitness)
        for name, value in score.values.items():
            self._add(name, value)

    def _add(self, name: str, value: float) -> None:
        running = self._running.get(name)
        if running is None:
            running = self._running[name] = _Running()
        running.add(value)

    def snapshot(self) -> Mapping[str, Moments]:
        """Return the moments so far, which later scores do not change."""
        return {name: running.moments() for name, running in self._running.items()}
