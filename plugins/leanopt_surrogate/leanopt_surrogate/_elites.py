"""The best points, spread out, and the one whose neighbourhood is searched next."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Bools, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Callable

    from leanopt_surrogate._archive import Archive

#: The number of elites, and the smallest distance between two of them in steps.
ELITES = 10
APART = 3.0
#: A neighbourhood's points differ from its centre in so many parameters at most.
REACH = 2
#: How much a neighbourhood with few trials counts, in standard deviations of the scores.
CURIOSITY = 1.0


def elites(archive: Archive, scores: Floats) -> Ints:
    """Return the levels of the best trials that are some steps apart, best first."""
    grid = archive.grid
    return _spread(archive, scores, lambda levels, best: grid.steps_apart(levels, best) < APART)


def centres(archive: Archive, scores: Floats) -> Ints:
    """Return the levels of the best trials outside each other's neighbourhoods, best first."""
    return _spread(archive, scores, near)


def _spread(archive: Archive, scores: Floats, beside: Callable[[Ints, Ints], Bools]) -> Ints:
    free = np.ones(len(archive), np.bool_)
    chosen: list[int] = []
    for row in np.argsort(-scores, kind="stable").tolist():
        if free[row]:
            chosen.append(row)
            free &= ~beside(archive.levels, archive.levels[row])
        if len(chosen) == ELITES:
            break
    return archive.levels[chosen]


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
