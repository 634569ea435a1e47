"""All completed trials of the search as arrays, and the outstanding points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from leanopt_surrogate._grid import Bools, Floats, Grid, Ints
from leanopt_surrogate._scores import forest_scores

if TYPE_CHECKING:
    from leanopt_core.api import History, Point, Told


@define
class Archive:
    """Completed trials row by row; `outstanding` are the points that this stage still waits for.

    `best` is the best objective of those that all scenarios judged.
    `objective` is valid only where `feasible`, and `badness` only elsewhere: the violation, or
    infinity for a failed backtest or an unknown violation.
    """

    grid: Grid
    levels: Ints = field(init=False)
    coordinates: Floats = field(init=False)
    objective: Floats = field(factory=lambda: np.empty(0))
    badness: Floats = field(factory=lambda: np.empty(0))
    feasible: Bools = field(factory=lambda: np.empty(0, np.bool_))
    best: float = -math.inf
    known: set[Point] = field(factory=set)
    outstanding: dict[Point, None] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.levels = np.empty((0, len(self.grid.lengths)), np.int64)
        self.coordinates = self.grid.coordinates(self.levels)

    def __len__(self) -> int:
        return len(self.levels)

    def read(self, history: History) -> None:
        """Add the trials that have completed since."""
        new = history[len(self) :]
        if not new:
            return
        points = [told.point for told in new]
        levels = np.array(points, np.int64).reshape(len(new), -1)
        feasible = np.array([told.feasible for told in new])
        objective = [self._objective(told) for told in new]
        badness = [told.violation if told.violation > 0 else np.inf for told in new]
        self.levels = np.concatenate([self.levels, levels])
        self.coordinates = np.concatenate([self.coordinates, self.grid.coordinates(levels)])
        self.feasible = np.concatenate([self.feasible, feasible])
        self.objective = np.concatenate([self.objective, objective])
        self.badness = np.concatenate([self.badness, badness])
        self.known.update(points)

    def _objective(self, told: Told) -> float:
        """Return the objective; that of a pruned trial is below the best complete one's.

        Its other scenarios could only lower it.
        """
        value = told.objective or 0.0
        if told.feasible and told.complete:
            self.best = max(self.best, value)
        elif told.feasible and self.best > -math.inf:
            value = min(value, math.nextafter(self.best, -math.inf))
        return value

    def propose(self, point: Point) -> None:
        """Add an outstanding point."""
        self.known.add(point)
        self.outstanding[point] = None

    def waiting(self) -> Ints:
        """Return the levels of the outstanding points, in the order of proposal."""
        points = list(self.outstanding)
        return np.array(points, np.int64).reshape(len(points), len(self.grid.lengths))

    def scores(self, count: int | None = None) -> Floats:
        """Return the forests' scores of the first `count` trials, or of all."""
        first = slice(count)
        return forest_scores(self.objective[first], self.badness[first], self.feasible[first])

    def idle(self) -> int:
        """Return the number of trials since the best was found; all if none is feasible."""
        if not self.feasible.any():
            return len(self)
        values = np.where(self.feasible, self.objective, -np.inf)
        return len(self) - 1 - int(np.argmax(values))
