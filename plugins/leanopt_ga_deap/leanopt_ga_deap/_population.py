"""The population: a better child replaces the worst, so the best never falls."""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from math import inf
from typing import TYPE_CHECKING

from attrs import define, field, frozen
from deap.base import Fitness

from leanopt_core.api import ComparableObjectives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_core.api import Axis, Point, Score, Told


class Standing(Fitness):  # type: ignore[misc]  # DEAP has no types
    """Deb's rules as a fitness of two parts, which DEAP compares in turn.

    Feasible before violated before failed; then by objective, or the smaller violation first.
    DEAP's own `ConstrainedFitness` treats all violations as equal, which gives no direction.
    K. Deb, An efficient constraint handling method for genetic algorithms, CMAME 186 (2000).
    """

    weights = (1.0, 1.0)


def standing(objective: float | None, violation: float) -> Standing:
    """Return the fitness of a trial with this objective and violation."""
    if violation > 0:
        return Standing((1.0, -violation))
    return Standing((0.0, 0.0) if objective is None else (2.0, objective))


@define
class Judge:
    """Gives trials their fitness; that of a pruned trial is below the best complete one's.

    As the worst of all it would tell nothing: in a run that prunes, most are pruned.
    """

    comparable: ComparableObjectives = field(factory=ComparableObjectives)

    def fitness(self, trial: Told | Score) -> Standing:
        """Return the fitness of a told trial."""
        objective = trial.objective
        if objective is not None and trial.violation == 0:
            known = self.comparable.of(objective, trial.pruned_at)
            objective = -inf if known is None else known
        return standing(objective, trial.violation)


@frozen(order=True)
class Individual:
    """A completed point; of two with the same fitness the younger counts as better."""

    fitness: Standing
    number: int
    point: Point


class Population:
    """At most `size` individuals, later fewer; `members` is a heap, worst first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.members: list[Individual] = []

    @property
    def full(self) -> bool:
        """Return whether a newcomer must beat the worst."""
        return len(self.members) >= self.size

    @property
    def best(self) -> Individual:
        """Return the best member; raises ValueError if there is none."""
        return max(self.members)

    def offer(self, child: Individual) -> bool:
        """Add the child if there is room, or if it is fitter than the worst."""
        if not self.full:
            heappush(self.members, child)
        elif child.fitness > self.members[0].fitness:
            heapreplace(self.members, child)
        else:
            return False
        return True

    def narrow(self, size: int) -> None:
        """Remove the worst until `size` are left, which is the new limit."""
        self.size = size
        while len(self.members) > size:
            heappop(self.members)

    def keep_best(self) -> None:
        """Remove all but the best."""
        self.members = [self.best]

    def spread(self, axes: Sequence[Axis]) -> float:
        """Return the mean distance of the members from the best, in steps per axis.

        Another choice is one step away.
        """
        best = self.best.point
        steps = sum(
            abs(level - own) if axis.ordered else level != own
            for member in self.members
            for axis, level, own in zip(axes, member.point, best, strict=True)
        )
        return steps / (len(self.members) * max(1, len(axes)))
