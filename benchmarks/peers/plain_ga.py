"""The plain genetic algorithm: steady state, on whole numbers, without any improvement.

Tournaments choose two parents, each parameter of the child comes from either, sometimes one is
drawn again; the child replaces the worst of the population if it is better. It repeats points,
ignores distances, and treats all trials without a fitness as equally bad.
"""

from __future__ import annotations

from math import inf
from random import Random
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from leanopt_core.space import Point, Space
    from leanopt_core.trial import Score

Individual: TypeAlias = "tuple[float, Point]"

#: So often a child that breaks a constraint between parameters is bred again.
TRIES = 1000


@frozen
class Settings:
    """The usual settings; `batch` children count as a generation.

    Before `parents` results it breeds none: with many outstanding it would know too few.
    """

    population: int = 125
    parents: int = 63
    generations: int = 73
    batch: int = 15
    crossover: float = 0.95
    mutation: float = 0.05
    tournament: int = 3
    patience: int = 15
    min_delta: float = 0.01


#: Without the usual stop, for as long as it is asked.
RUN_ON: Final = Settings(generations=10**6, patience=10**6)


class PlainGA:
    """The algorithm on one space."""

    def __init__(self, space: Space, seed: int, settings: Settings | None = None) -> None:
        self._space = space
        self._random = Random(seed)  # noqa: S311 - reproducible search, nothing secret
        self._settings = settings or Settings()
        self._population: list[Individual] = []
        self._asked = self._told = self._idle = 0
        self._mark = -inf

    def ask(self) -> Point | None:
        """Return a random point at first, then a child; None after its last generation."""
        settings = self._settings
        bred = self._asked - settings.population
        if bred >= settings.generations * settings.batch or self._idle >= settings.patience:
            return None
        make = self._anywhere if bred < 0 or self._told < settings.parents else self._child
        self._asked += 1
        for _ in range(TRIES):
            point = make()
            if self._space.feasible(point):
                return point
        return None

    def tell(self, point: Point, score: Score) -> None:
        """Let an individual in; count generations without progress."""
        known = score.objective is not None and score.feasible
        individual = (score.objective if known and score.objective is not None else -inf, point)
        self._told += 1
        if len(self._population) < self._settings.population:
            self._population.append(individual)
        else:
            worst = min(range(len(self._population)), key=lambda i: self._population[i][0])
            if individual[0] > self._population[worst][0]:
                self._population[worst] = individual
        bred = self._told - self._settings.population
        if bred >= 0 and bred % self._settings.batch == 0:
            self._count_generation()

    def _count_generation(self) -> None:
        best = max(fitness for fitness, _ in self._population)
        self._idle += 1
        if best > self._mark + self._settings.min_delta:
            self._mark, self._idle = best, 0

    def _anywhere(self) -> Point:
        return tuple(self._random.randrange(len(axis)) for axis in self._space.axes)

    def _child(self) -> Point:
        random, settings = self._random, self._settings
        first, second = self._parent(), self._parent()
        genes = first
        if random.random() < settings.crossover:
            genes = tuple(random.choice(pair) for pair in zip(first, second, strict=True))
        return tuple(
            random.randrange(len(axis)) if random.random() < settings.mutation else gene
            for axis, gene in zip(self._space.axes, genes, strict=True)
        )

    def _parent(self) -> Point:
        rivals = self._random.sample(self._population, self._settings.tournament)
        return max(rivals, key=lambda individual: individual[0])[1]
