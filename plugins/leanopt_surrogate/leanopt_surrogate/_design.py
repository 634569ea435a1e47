"""The first points: the most spread of many Latin hypercubes on the grid."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Floats, Grid, Ints

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_core.api import Point

#: The pairs of points to compare over all hypercubes: 50 hypercubes of 24 points.
PAIRS = 28_800
#: The random points that show which share of a grid is feasible, and the smallest share to reckon.
SAMPLE, RAREST = 1000, 0.1


def spread_design(grid: Grid, count: int, random: Generator) -> list[Point]:
    """Return up to `count` feasible points: the hypercube with most of them, then most spread.

    Spread is the smallest distance between two points, as in maximin designs [Johnson, Moore,
    Ylvisaker 1990].
    """
    best: tuple[int, float] = (-1, 0.0)
    design: list[Point] = []
    size = _size(grid, count, random)
    drawn = max(1, PAIRS // count**2)
    for _ in range(drawn):
        rows = grid.canonical(_hypercube(grid, size, random)).tolist()
        points = [p for p in dict.fromkeys(map(tuple, rows)) if grid.space.feasible(p)][:count]
        merit = (len(points), _spread(grid, points) if drawn > 1 else 0.0)
        if merit > best:
            best, design = merit, points
    return design


def _size(grid: Grid, count: int, random: Generator) -> int:
    """Return the size of a hypercube with about `count` feasible points."""
    if not grid.space.constraints:
        return count
    points = map(tuple, grid.canonical(grid.draw(SAMPLE, random)).tolist())
    share = sum(map(grid.space.feasible, points)) / SAMPLE
    return ceil(count / max(share, RAREST))


def _hypercube(grid: Grid, count: int, random: Generator) -> Ints:
    """Return a point in each of `count` equal strata of every axis, in random order."""
    strata = random.permuted(np.tile(np.arange(count), (len(grid.lengths), 1)), axis=1).T
    place = (strata + random.random(strata.shape)) / count
    levels: Ints = np.minimum((place * grid.lengths).astype(np.int64), grid.lengths - 1)
    return levels


def _spread(grid: Grid, points: list[Point]) -> float:
    if len(points) < 2:  # noqa: PLR2004
        return 0.0
    x = grid.coordinates(np.array(points))
    squares: Floats = np.square(x[:, None] - x[None]).sum(axis=2)
    return float(squares[~np.eye(len(x), dtype=np.bool_)].min())
