"""The best points, spread out, and the basins that a stalled search avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Bools, Floats, Grid, Ints

if TYPE_CHECKING:
    from leanopt_surrogate._archive import Archive

#: The number of elites, and the smallest distance between two of them in steps.
ELITES = 10
APART = 3.0
#: The width of a basin; one more is avoided after so many idle trials.
WIDTH = 0.3
IDLE = 40
BASINS = 6


def elites(archive: Archive, scores: Floats, allowed: Bools) -> Ints:
    """Return the levels of the best trials among the allowed ones, apart from each other."""
    free = allowed.copy()
    chosen: list[int] = []
    for row in np.argsort(-scores, kind="stable").tolist():
        if free[row]:
            chosen.append(row)
            free &= archive.grid.steps_apart(archive.levels, archive.levels[row]) >= APART
        if len(chosen) == ELITES:
            break
    return archive.levels[chosen]


def basins(archive: Archive, scores: Floats) -> Ints:
    """Return the centres of basins that seem exhausted; none before the search stalls.

    The first is the best trial, each next one the best trial outside the previous basins.
    """
    outside = np.ones(len(archive), np.bool_)
    centres: list[int] = []
    for _ in range(min(BASINS, archive.idle() // IDLE)):
        if not outside.any():
            break
        centres.append(int(np.argmax(np.where(outside, scores, -np.inf))))
        outside &= ~inside(archive.grid, archive.levels, archive.levels[centres[-1:]])
    return archive.levels[centres]


def inside(grid: Grid, levels: Ints, centres: Ints) -> Bools:
    """Return which points are in one of the basins."""
    within = np.zeros(len(levels), np.bool_)
    for centre in centres:
        within |= grid.apart(levels, centre) <= WIDTH
    return within
