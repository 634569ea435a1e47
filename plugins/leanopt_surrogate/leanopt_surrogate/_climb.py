"""The candidates' best climb on: the best change of one parameter, until none is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._elites import best_apart
from leanopt_surrogate._pool import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from leanopt_surrogate._grid import Floats, Grid, Ints

#: The most starts, and the most changes of one round: points that have many get fewer starts.
STARTS = 10
CHANGES = 500
#: The most rounds.
ROUNDS = 8


def starts(grid: Grid, pool: Ints, merit: Floats, most: int) -> Ints:
    """Return the rows of up to `most` of the best candidates, apart from each other."""
    most = max(1, min(most, CHANGES // max(1, grid.neighbours)))
    return best_apart(grid, pool, merit, most)


def climb(
    grid: Grid, levels: Ints, merit: Floats, rate: Callable[[Ints], Floats], random: Generator
) -> tuple[Ints, Floats]:
    """Return where the climbs from `levels` end, and the merit there, which `rate` gives."""
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
