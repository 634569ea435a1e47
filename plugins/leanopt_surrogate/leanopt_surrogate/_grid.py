"""The grid as arrays: levels, the coordinates that models see, distances, steps."""

from __future__ import annotations

from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_core.api import Space

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

#: A step is a tenth of an axis: one level on axes of fewer than twenty.
STEPS = 10


@define(slots=False)
class Grid:
    """A space's axes by position; a block of points is an array of levels, one row each."""

    space: Space
    lengths: Ints = field(init=False)
    ordered: Bools = field(init=False)

    def __attrs_post_init__(self) -> None:
        axes = self.space.axes
        self.lengths = np.array([len(axis) for axis in axes], np.int64)
        self.ordered = np.array([axis.ordered for axis in axes], np.bool_)

    @cached_property
    def step(self) -> Ints:
        """Return how many levels a step spans on each axis; any other choice is a step away."""
        return np.where(self.ordered, np.maximum(1, self.lengths // STEPS), 1)

    @cached_property
    def neighbours(self) -> int:
        """Return the number of points that differ in one parameter from another."""
        return int(self.lengths.sum() - len(self.lengths))

    @cached_property
    def axis_of_column(self) -> Ints:
        """Return the axis that each column of `coordinates` belongs to."""
        widths = [1 if ordered or n <= 2 else n for ordered, n in self._axes()]  # noqa: PLR2004
        return np.repeat(np.arange(len(widths)), widths)

    def coordinates(self, levels: Ints) -> Floats:
        """Return numbers whose squared distance, axis by axis, is at most 1.

        Ordered axes run from 0 to 1. Two choices are 0 and 1; more have a column each, scaled so
        that two different ones are 1 apart (Hamming distance).
        """
        columns: list[Floats] = []
        for axis, (ordered, length) in enumerate(self._axes()):
            column = levels[:, axis]
            if ordered or length <= 2:  # noqa: PLR2004
                columns.append(column[:, None] / max(1, length - 1))
            else:
                columns.append((column[:, None] == np.arange(length)) / sqrt(2))
        return np.hstack([np.empty((len(levels), 0)), *columns])

    def canonical(self, levels: Ints) -> Ints:
        """Return the points with inactive parameters at their first value."""
        if not self.space.conditions:
            return levels
        points = [self.space.canonical(point) for point in map(tuple, levels.tolist())]
        return np.array(points, np.int64).reshape(levels.shape)

    def steps_apart(self, levels: Ints, point: Ints) -> Floats:
        """Return each row's distance from a point in steps, added up over the axes."""
        distance = np.abs(levels - point)
        distance = np.where(self.ordered, distance, np.minimum(distance, 1))
        total: Floats = (distance / self.step).sum(axis=1)
        return total

    def draw(self, count: int, random: Generator) -> Ints:
        """Return uniformly drawn points, without regard to constraints."""
        return random.integers(0, self.lengths, (count, len(self.lengths)))

    def moved(self, levels: Ints, axes: Ints, random: Generator) -> Ints:
        """Return each row moved a step on its axis, up or down; a choice becomes any other."""
        rows = np.arange(len(levels))
        length, step = self.lengths[axes], self.step[axes]
        by = random.integers(1, step + 1) * random.choice((-1, 1), len(levels))
        turned = random.integers(1, np.maximum(2, length))
        old = levels[rows, axes]
        near = np.clip(old + by, 0, length - 1)
        moved = levels.copy()
        moved[rows, axes] = np.where(self.ordered[axes], near, (old + turned) % length)
        return moved

    def _axes(self) -> list[tuple[bool, int]]:
        return list(zip(self.ordered.tolist(), self.lengths.tolist(), strict=True))
