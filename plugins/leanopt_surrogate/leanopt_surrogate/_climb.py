"""The candidates' best climb on: the best change of one parameter, until none is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._pool import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from leanopt_surrogate._grid import Floats, Grid, Ints

#: The most starts, the smallest distance between two of them in steps, and the most changes of one
#: round, which reduce the starts where points have many.
STARTS = 10
APART = 3.0
CHANGES = 500
#: The most rounds.
ROUNDS = 8


def starts(grid: Grid, pool: Ints, merit: Floats, most: int) -> Ints:
    """Return the rows of up to `most` of the best candidates, apart from each other."""
    most = max(1, min(most, CHANGES // max(1, grid.neighbours)))
    free = np.ones(len(pool), np.bool_)
    chosen: list[int] = []
    for row in np.argsort(-merit, kind="stable").tolist():
        if free[row]:
            chosen.append(row)
            if len(chosen) == most:
                break
            free &= grid.steps_apart(pool, pool[row]) >= APART
    return np.array(chosen, np.int64)


def climb(
    grid: Grid, levels: Ints, merit: Floats, rate: Callable[[Ints], Floats], random: Generator
) -> tuple[Ints, Floats]:
    """Return where the climbs from `levels` end, and the merit there; `rate` is that of points."""
    levels, merit = levels.copy(), merit.copy()
    going = np.arange(len(levels))
    for _ in range(ROUNDS):
        if not len(going):
            break
        beside = changes(grid, levels[going], random)
        shape = beside.shape
        beside = grid.canonical(beside.reshape(-1, shape[2]))
        rated, beside = rate(beside).reshape(shape[:2]), beside.reshape(shape)
        best = rated.argmax(axis=1)
        rows = np.arange(len(going))
        better = rated[rows, best] > merit[going]
        going, rows, best = going[better], rows[better], best[better]
        levels[going], merit[going] = beside[rows, best], rated[rows, best]
    return levels, merit
