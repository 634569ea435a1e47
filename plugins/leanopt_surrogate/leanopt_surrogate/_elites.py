"""The best points, spread out, and the one whose neighbourhood is searched next."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Bools, Floats, Grid, Ints

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_surrogate._archive import Archive

#: The number of elites.
ELITES = 10
#: The smallest distance between two points that are apart, in steps.
APART = 3.0
#: A neighbourhood's points differ from its centre in so many parameters at most.
REACH = 2
#: How much a neighbourhood with few trials counts, in standard deviations of the scores.
CURIOSITY = 1.0


def elites(archive: Archive, scores: Floats) -> Ints:
    """Return the levels of the best trials that are some steps apart, best first."""
    return archive.levels[best_apart(archive.grid, archive.levels, scores, ELITES)]


def centres(archive: Archive, scores: Floats) -> Ints:
    """Return the levels of the best trials outside each other's neighbourhoods, best first."""
    return archive.levels[_best(archive.levels, scores, ELITES, near)]


def best_apart(grid: Grid, levels: Ints, merit: Floats, most: int) -> Ints:
    """Return the rows of up to `most` of the best points that are some steps apart, best first."""
    return _best(levels, merit, most, lambda *points: grid.steps_apart(*points) < APART)


def _best(levels: Ints, merit: Floats, most: int, beside: Callable[[Ints, Ints], Bools]) -> Ints:
    """Return the rows of up to `most` of the best points, none of them `beside` a better one."""
    free = np.ones(len(levels), np.bool_)
    chosen: list[int] = []
    for row in np.argsort(-merit, kind="stable").tolist():
        if free[row]:
            chosen.append(row)
            if len(chosen) == most:
                break
            free &= ~beside(levels, levels[row])
    return np.array(chosen, np.int64)


def near(levels: Ints, centre: Ints) -> Bools:
    """Return which points are in the neighbourhood of a centre."""
    inside: Bools = (levels != centre).sum(axis=1) <= REACH
    return inside


def promising(archive: Archive, scores: Floats) -> Ints:
    """Return the centre whose neighbourhood is searched next: the highest upper confidence bound.

    A bandit's arms are the centres: each has the best score near it, plus a bonus that falls with
    the number of completed and outstanding trials near it [Auer, Cesa-Bianchi, Fischer 2002]. So
    several regions are searched at once, as in TuRBO [Eriksson et al. 2019].
    """
    waiting = archive.waiting()
    worth, good = [], centres(archive, scores)
    for centre in good:
        told = near(archive.levels, centre)
        trials = told.sum() + near(waiting, centre).sum()
        worth.append(scores[told].max() + CURIOSITY * sqrt(log(len(archive)) / trials))
    best: Ints = good[int(np.argmax(worth))]
    return best
