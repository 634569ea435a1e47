"""The search method itself: it breeds one child per ask, and selects once a generation is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leanopt_core.api import DONE, Proposal, Signal, Told
from leanopt_nsga2._breeding import crossover, moved, mutation
from leanopt_nsga2._selection import Individual, Parents, fitness_type, select

if TYPE_CHECKING:
    from random import Random

    from leanopt_core.api import AskContext, Point, Score, StageStart, TellContext, Trial
    from leanopt_nsga2 import Nsga2Options

#: How often to breed again if a child is known or infeasible, before a random point replaces it.
TRIES: Final = 20


class Nsga2Search:
    """NSGA-II that waits for no generation: children are bred from the last parents selected.

    The first population are random points, and the best of the stages that it is seeded from. After
    each `population_size` told trials, the next parents are selected from these and the old ones.
    """

    def __init__(self, options: Nsga2Options, start: StageStart) -> None:
        self._options = options
        self._space = start.space
        free = sum(len(axis) > 1 for axis in start.space.axes)
        rate = options.mutation_prob
        self._rate = 1 / max(1, free) if rate is None else rate
        self._random_points = start.space.sample(start.seed)
        self._seen: set[Point] | None = None
        size = options.population_size
        self._parents = select([_individual(told) for told in start.seeds], size)
        self._fresh = max(0, size - len(self._parents.members))
        self._children: list[Individual] = []
        self._generation = 0
        #: Why the search ended, empty until then.
        self.reason = ""

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return random points for the first population, then children; `DONE` if none is left."""
        if self._seen is None:
            self._seen = {told.point for told in context.history}
        child = self._child(context, self._seen) if self._bred() else None
        proposal = child or self._random(self._seen)
        if proposal is None:
            self.reason = "no point left"
            return DONE
        self._seen.add(proposal.point)
        return proposal

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Take the individual; select parents when a generation is there."""
        self._children.append(_individual(trial))
        size = self._options.population_size
        if len(self._children) >= size:
            self._parents = select([*self._parents.members, *self._children], size)
            self._children = []
            self._generation += 1

    def refused(self, point: Point) -> None:
        """Learn nothing: all points that were proposed or tried are known already."""

    def _bred(self) -> bool:
        """Return whether the next point is a child; count down the random ones."""
        if self._fresh > 0:
            self._fresh -= 1
            return False
        return True

    def _child(self, context: AskContext, seen: set[Point]) -> Proposal | None:
        """Return a new feasible child, None if there is none, or fewer than two parents."""
        parents, random = self._current(), context.random()
        if len(parents.members) < 2:  # noqa: PLR2004 - a child has two
            return None
        for _ in range(TRIES):
            one, two = parents.tournament(random), parents.tournament(random)
            crossed = random.random() < self._options.crossover_prob
            mated = crossover(one.point, two.point, random) if crossed else one.point
            bred = self._space.canonical(mutation(self._space.axes, self._rate, mated, random))
            child = self._stepped(bred, random) if bred in seen else bred
            if child not in seen and self._space.feasible(child):
                numbers = [one.number, two.number] if crossed else [one.number]
                because = {"generation": self._generation, "parents": numbers}
                return Proposal(child, "child", because)
        return None

    def _current(self) -> Parents:
        """Return the parents; before the first selection, of what has been told."""
        if self._parents.members or not self._children:
            return self._parents
        return select(self._children, self._options.population_size)

    def _stepped(self, point: Point, random: Random) -> Point:
        """Return a point moved on one of its active axes."""
        axes = self._space.axes
        active = self._space.active(point)
        places = [at for at, axis in enumerate(axes) if active[at] and len(axis) > 1]
        if not places:
            return point
        at = random.choice(places)
        level = moved(axes[at], point[at], random)
        return self._space.canonical((*point[:at], level, *point[at + 1 :]))

    def _random(self, seen: set[Point]) -> Proposal | None:
        point = next((point for point in self._random_points if point not in seen), None)
        because = {"generation": self._generation}
        return None if point is None else Proposal(point, "random", because)


def _individual(trial: Trial | Told) -> Individual:
    """Return a told trial as an individual.

    A pruned one, of one objective, comes after all complete feasible ones: its objective is not
    that of all scenarios.
    """
    score: Score | Told = trial if isinstance(trial, Told) else trial.score
    whole = score.feasible and score.complete
    fitness = fitness_type(len(score.objectives))(score.objectives) if whole else None
    failed = score.objective is None and not score.violation
    return Individual(trial.number, trial.point, None if failed else score.violation, fitness)


def create(options: Nsga2Options, start: StageStart) -> Nsga2Search:
    """Return NSGA-II over the whole space."""
    return Nsga2Search(options, start)
