"""The told trials of the search as arrays, and the outstanding points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field

from leanopt_core.api import ComparableObjectives
from leanopt_surrogate._grid import Bools, Floats, Grid, Ints
from leanopt_surrogate._rows import Rows
from leanopt_surrogate._scores import trial_scores

if TYPE_CHECKING:
    from leanopt_core.api import History, Point, Told

#: With fewer feasible trials the process learns ranks, which say what is nearly feasible.
FEW = 4


@define
class Archive:
    """Told trials row by row; `outstanding` are the points that this stage still waits for.

    `told` is the number of told trials, each of which has a row, except in a part of an archive.
    `best_at` is the position of the first trial that is as good as any, `begun` that of the first
    one that models proposed. `objective` is valid only where `measured`: in complete trials that
    have one, and in pruned ones that are feasible and comparable. `badness` is valid where a trial
    is not feasible: the violation, or infinity for a failed backtest or an unknown violation.
    `comparable` brings objectives of pruned trials on the scale of the others.
    """

    grid: Grid
    levels: Ints = field()
    coordinates: Floats = field()
    objective: Floats = field(factory=lambda: np.empty(0))
    badness: Floats = field(factory=lambda: np.empty(0))
    feasible: Bools = field(factory=lambda: np.empty(0, np.bool_))
    measured: Bools = field(factory=lambda: np.empty(0, np.bool_))
    told: int = 0
    best_at: int = -1
    begun: int = -1
    known: set[Point] = field(factory=set)
    outstanding: dict[Point, None] = field(factory=dict)
    comparable: ComparableObjectives = field(factory=ComparableObjectives)
    _top: float = field(default=-math.inf, init=False)
    _columns: tuple[Rows, ...] = field(init=False)

    @levels.default
    def _no_levels(self) -> Ints:
        return np.empty((0, len(self.grid.lengths)), np.int64)

    @coordinates.default
    def _no_coordinates(self) -> Floats:
        return self.grid.coordinates(self.levels)

    def __attrs_post_init__(self) -> None:
        arrays = self.levels, self.coordinates, self.feasible, self.measured
        self._columns = tuple(map(Rows, (*arrays, self.objective, self.badness)))

    def __len__(self) -> int:
        return len(self.levels)

    def read(self, history: History) -> None:
        """Add the trials that have completed since; they are not outstanding any more."""
        new = history[self.told :]
        if not new:
            return
        points = [told.point for told in new]
        levels = np.array(points, np.int64).reshape(len(new), -1)
        feasible = np.array([told.feasible for told in new])
        complete = np.array([told.complete and told.objective is not None for told in new])
        objective = np.array([self._objective(place, told) for place, told in enumerate(new)])
        measured = (feasible | complete) & (objective > -np.inf)
        badness = np.array([told.violation if told.violation > 0 else np.inf for told in new])
        added = levels, self.grid.coordinates(levels), feasible, measured, objective, badness
        whole = [column.add(rows) for column, rows in zip(self._columns, added, strict=True)]
        self.levels, self.coordinates, self.feasible, self.measured = whole[:4]
        self.objective, self.badness = whole[4:]
        self.told += len(new)
        self.known.update(points)
        for point in points:
            self.outstanding.pop(point, None)

    def _objective(self, place: int, told: Told) -> float:
        """Return the objective to learn from: a pruned trial is below the best complete one.

        It is minus infinity if nothing says yet how that of a pruned trial compares.
        """
        value = told.objective or 0.0
        if told.feasible:
            known = self.comparable.of(value, told.pruned_at)
            value = -math.inf if known is None else known
        if told.feasible and value > self._top:
            self._top, self.best_at = value, self.told + place
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
        """Return the scores of the first `count` trials, or of all; see `trial_scores`."""
        first = slice(count)
        return trial_scores(self.objective[first], self.badness[first], self.feasible[first])

    def few_feasible(self, count: int | None = None) -> bool:
        """Return whether few of the first `count` trials are feasible: too few to learn from."""
        return bool((self.feasible & self.measured)[:count].sum() < FEW)

    def models_begin(self) -> None:
        """Note that the next proposal is the models', if it is the first of theirs."""
        if self.begun < 0:
            self.begun = len(self.known)

    def idle(self) -> int:
        """Return the number of trials since the best was found or the models began.

        At a large lookahead hundreds of points are proposed before: their luck says nothing.
        """
        return self.told - max(self.best_at + 1, self.begun)

    def part(self, rows: Ints) -> Archive:
        """Return an archive with some of the rows, and all that is known of the others."""
        return evolve(
            self,
            levels=self.levels[rows],
            coordinates=self.coordinates[rows],
            objective=self.objective[rows],
            badness=self.badness[rows],
            feasible=self.feasible[rows],
            measured=self.measured[rows],
        )
