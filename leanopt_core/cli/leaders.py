"""The best trials of a run so far, and how the best one came about."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Mapping
from typing import Final

from attrs import define, evolve, field, frozen

#: How many of the best trials are shown.
MOST: Final = 5
#: How many of the last improvements are kept.
_IMPROVEMENTS: Final = 50
#: What is gained is counted over the last quarter of the trials, but over so many at least.
_LEAST, _QUARTER = 20, 4


@frozen
class Best:
    """One of the best feasible trials so far, with its parameters and figures as shown."""

    trial: int
    fitness: float
    parameters: Mapping[str, str]
    figures: Mapping[str, str]
    search: int = 1


@frozen
class Improvement:
    """A trial that was better than all before it.

    `gain` is by how much, None for the first one. `elapsed` is when, in seconds since the start,
    None if that was before.
    """

    trial: int
    fitness: float
    gain: float | None = None
    elapsed: float | None = None
    search: int = 1


@frozen
class Gain:
    """What the last `trials` trials gained, and how many were told since the best one."""

    gained: float
    trials: int
    since: int


@frozen(order=False)
class _Place:
    objective: float
    best: Best

    def __lt__(self, other: _Place) -> bool:
        return self.objective > other.objective


@define
class Leaders:
    """Collects the best trials in the order in which they are told."""

    _places: list[_Place] = field(factory=list)
    _improvements: deque[tuple[int, Improvement]] = field(
        factory=lambda: deque(maxlen=_IMPROVEMENTS)
    )

    @property
    def trials(self) -> tuple[Best, ...]:
        """Return the best trials, the best first; of equal ones the first that was told."""
        return tuple(place.best for place in self._places)

    @property
    def best(self) -> Best | None:
        """Return the first of the best trials, None before the first feasible trial."""
        return self._places[0].best if self._places else None

    @property
    def improvements(self) -> tuple[Improvement, ...]:
        """Return the last improvements, the newest first."""
        return tuple(one for _, one in reversed(self._improvements))

    def admits(self, objective: float | None) -> bool:
        """Return whether a trial with this objective is one of the best."""
        if objective is None:
            return False
        return len(self._places) < MOST or objective > self._places[-1].objective

    def add(self, best: Best, objective: float, told: int, elapsed: float | None) -> None:
        """Take one of the best trials; `told` counts the trials with it."""
        first = self._places[0].objective if self._places else None
        if first is None or objective > first:
            gain = None if first is None else objective - first
            found = Improvement(best.trial, best.fitness, gain, elapsed, best.search)
            self._improvements.append((told, found))
        # Behind those that are as good.
        insort(self._places, _Place(objective, best))
        del self._places[MOST:]

    def complete(self, best: Best) -> None:
        """Take the parameters and figures of a trial that is one of the best."""
        for at, place in enumerate(self._places):
            if (place.best.search, place.best.trial) == (best.search, best.trial):
                self._places[at] = evolve(place, best=best)

    def gain(self, told: int) -> Gain | None:
        """Return what was gained lately, None before the first feasible trial."""
        if not self._improvements:
            return None
        window = min(told, max(_LEAST, told // _QUARTER))
        late = (one.gain or 0.0 for at, one in self._improvements if at > told - window)
        return Gain(sum(late), window, told - self._improvements[-1][0])
