"""Selection by DEAP: fronts one after the other, and within a front those that are most alone.

K. Deb, A. Pratap, S. Agarwal, T. Meyarivan: A fast and elitist multiobjective genetic algorithm:
NSGA-II. IEEE Transactions on Evolutionary Computation 6 (2002).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from deap.base import Fitness
from deap.tools import emo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from leanopt_core.api import Point


@cache
def fitness_type(count: int) -> type[Any]:
    """Return DEAP's fitness of so many objectives, the higher the better."""
    return type("Objectives", (Fitness,), {"weights": (1.0,) * count})


@frozen(eq=False)
class Individual:
    """A told point; `fitness` is None unless it is feasible. `violation` is None if it failed."""

    number: int
    point: Point
    violation: float | None
    fitness: Any


@frozen
class Parents:
    """Individuals with what a tournament compares: the place of the front, and the distance.

    Infeasible ones are a front each, by violation.
    """

    members: Sequence[Individual]
    _standing: Sequence[tuple[int, float]] = field(repr=False)

    def tournament(self, random: Random) -> Individual:
        """Return the better of two; of equal ones the first that was drawn."""
        drawn = random.sample(range(len(self.members)), min(2, len(self.members)))
        return self.members[min(drawn, key=lambda place: self._standing[place])]


def select(individuals: Sequence[Individual], count: int) -> Parents:
    """Return the `count` best: feasible ones by NSGA-II, then by violation, then failed ones.

    So a feasible point dominates each infeasible one, and a smaller violation a larger one.
    """
    feasible = [one for one in individuals if one.fitness is not None]
    standing: list[tuple[int, float]] = []
    chosen: list[Individual] = []
    for place, front in enumerate(_fronts(feasible, count)):
        emo.assignCrowdingDist(front)
        # Stable: equal distances stay in the order of their numbers.
        front.sort(key=lambda one: -one.fitness.crowding_dist)
        for one in front[: count - len(chosen)]:
            chosen.append(one)
            standing.append((place, -one.fitness.crowding_dist))
    others = [one for one in individuals if one.fitness is None]
    others.sort(key=lambda one: (one.violation is None, one.violation or 0.0, one.number))
    for one in others[: count - len(chosen)]:
        standing.append((len(chosen), 0.0))
        chosen.append(one)
    return Parents(chosen, standing)


def _fronts(feasible: Sequence[Individual], count: int) -> list[list[Individual]]:
    """Return the first fronts that have `count` individuals together, by their numbers."""
    ordered = sorted(feasible, key=lambda one: one.number)
    fronts = emo.sortNondominated(ordered, min(count, len(ordered))) if ordered else []
    return [sorted(front, key=lambda one: one.number) for front in fronts]
