"""Plateaus: trials by a statistic of themselves and their told neighbours on the grid.

They choose trials at the end of a search. Methods, targets and patience go by fitness: a neighbour
that is told later would change old ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Final, Literal, TypeAlias

from attrs import frozen

from leanopt_core.space import Point, Space
from leanopt_core.stage import History, Told

#: The objective of each told point; None if it has no feasible result.
Objectives: TypeAlias = Mapping[Point, float | None]
#: How the objectives of a trial and its neighbours count as one.
Statistic: TypeAlias = Literal["median", "worst"]

#: With fewer told neighbours a trial has no plateau.
ENOUGH: Final = 2


@frozen
class Neighbourhood:
    """A trial with its told neighbours: how many there are, and what its plateau is worth.

    `value` is the statistic of its objective and theirs. None if there are too few neighbours, or
    if the statistic falls on one that failed or is not feasible: that is below all values.
    """

    told: Told
    neighbours: int
    value: float | None

    @property
    def plateau(self) -> bool:
        """Return whether it has enough told neighbours for a plateau."""
        return self.neighbours >= ENOUGH

    @property
    def rank_key(self) -> tuple[bool, bool, float, float, int]:
        """Return the key that sorts complete, feasible trials, best first.

        Those without a plateau come last. Equal plateaus go by the trials' own objectives.
        """
        own = self.told.objective or 0.0
        return (not self.plateau, self.value is None, -(self.value or 0.0), -own, self.told.number)


@frozen
class Plateau:
    """Chooses the `tested` trials with the best plateaus.

    A trial counts by a statistic of its own objective and those of its told neighbours: the points
    at which one ordered parameter differs by at most `radius` steps of the grid. Choices have no
    order, so all neighbours have the same ones.
    """

    space: Space
    radius: int = 1
    statistic: Statistic = "median"
    tested: int = 1

    def __call__(self, history: History) -> tuple[Told, ...]:
        """Return the trials, best first; none if no trial is complete and feasible."""
        return tuple(one.told for one in self.first(history, self.tested))

    def first(self, trials: Iterable[Told], count: int) -> list[Neighbourhood]:
        """Return up to `count` complete, feasible trials of all told ones, best first."""
        return nsmallest(count, self.every(trials), key=lambda one: one.rank_key)

    def every(self, trials: Iterable[Told]) -> Iterator[Neighbourhood]:
        """Yield the complete, feasible ones of all told trials, in their order."""
        told = list(trials)
        known = objectives(told)
        return (self.around(one, known) for one in told if one.complete and one.feasible)

    def around(self, told: Told, known: Objectives) -> Neighbourhood:
        """Return the neighbourhood of a complete, feasible trial, as far as points are known."""
        near = [known[point] for point in self.neighbours(told.point) if point in known]
        enough = len(near) >= ENOUGH
        value = _statistic(self.statistic, [told.objective, *near]) if enough else None
        return Neighbourhood(told, len(near), value)

    def neighbours(self, point: Point) -> Iterator[Point]:
        """Return the neighbours of a point, along one axis after the other, the nearest first."""
        return self.space.neighbours(point, self.radius, "steps")


def objectives(trials: Iterable[Told]) -> dict[Point, float | None]:
    """Return the objective of each told point, None where it has no feasible result.

    Left out are those that only a part of their scenarios judged: their fitness is not known.
    """
    return {
        told.point: told.objective if told.feasible else None
        for told in trials
        if told.complete or not told.feasible
    }


def _statistic(name: Statistic, values: Sequence[float | None]) -> float | None:
    """Return the median or the worst of values, where None is below all."""
    known = sorted(value for value in values if value is not None)
    below = len(values) - len(known)
    if name == "worst":
        return None if below else known[0]
    lower, upper = (len(values) - 1) // 2 - below, len(values) // 2 - below
    # Halved first: the sum of two large values may be infinite.
    return None if lower < 0 else known[lower] / 2 + known[upper] / 2
