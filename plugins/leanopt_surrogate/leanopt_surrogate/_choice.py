"""One batch: chooses the model, where it looks, and the most promising points."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from leanopt_core.api import Proposal
from leanopt_surrogate._arms import Arm, ForestArm, GaussianArm
from leanopt_surrogate._batch import spread_best
from leanopt_surrogate._climb import STARTS, climb, starts
from leanopt_surrogate._elites import REACH, elites, near, promising
from leanopt_surrogate._pool import are_new, candidates, neighbours

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._grid import Bools, Floats, Ints
    from leanopt_surrogate._models import Models

#: The search stalls after so many trials without a new best.
IDLE = 30
#: The order of the arms once it stalls: Gaussian process, forest, extra trees. Those that look
#: `near` search the neighbourhood of one good trial. Until then the process needs fewer trials
#: alone; the forests find other ways from where it stands.
TURNS = ("process", "forest", "process near", "extra near")


def choose(
    archive: Archive, models: Models, turn: int, count: int, random: Generator
) -> list[Proposal]:
    """Return up to `count` promising new points; their origin is the arm that chose them.

    Once the search stalls, arms take turns. The list is empty if no candidate is feasible and new.
    """
    arm = TURNS[turn % len(TURNS)] if archive.idle() >= IDLE else "process"
    name, _, local = arm.partition(" ")
    scores = archive.scores()
    found: list[tuple[Ints | None, Ints, Floats]] = []
    for centre in (promising(archive, scores), None) if local else (None,):
        found.append((centre, *_candidates(archive, models, name, scores, centre, random)))
        if len(found[-1][1]) >= count:
            break
    centre, pool, merit = max(found, key=lambda one: len(one[1]))
    if not len(pool):
        return []
    origin = name if centre is None else f"{name} near"
    why = {"model": name, "told": archive.told, "candidates": len(pool)}
    return [
        Proposal(tuple(pool[row].tolist()), origin, _because(float(merit[row])) | why)
        for row in spread_best(merit, archive.grid.coordinates(pool), count, random)
    ]


def _because(acquisition: float) -> dict[str, float]:
    return {"acquisition": acquisition} if isfinite(acquisition) else {}


def _arm(archive: Archive, models: Models, name: str, among: Bools) -> Arm:
    if name == "process":
        return GaussianArm.build(archive, models, among)
    return ForestArm.build(archive, models, "forest" if name == "forest" else "extra", among)


def _candidates(
    archive: Archive,
    models: Models,
    name: str,
    scores: Floats,
    centre: Ints | None,
    random: Generator,
) -> tuple[Ints, Floats]:
    """Return rated candidates near a centre, or those around the elites and from anywhere."""
    if centre is None:
        among = np.ones(len(archive), np.bool_)
        pool = candidates(archive.grid, elites(archive, scores), random)
    else:
        among = near(archive.levels, centre)
        pool = neighbours(archive.grid, centre, REACH, random)
    arm = _arm(archive, models, name, among)
    return _rated(archive, arm, pool, centre, models.size(STARTS), random)


def _rated(
    archive: Archive, arm: Arm, pool: Ints, centre: Ints | None, most: int, random: Generator
) -> tuple[Ints, Floats]:
    """Return the new, feasible candidates and where climbs from the `most` best end, rated.

    With a centre all of them are in its neighbourhood.
    """
    grid = archive.grid

    def rate(levels: Ints) -> Floats:
        allowed = are_new(grid, levels, archive.known)
        if centre is not None:
            allowed &= near(levels, centre)
        merit = np.full(len(levels), -np.inf)
        if allowed.any():
            merit[allowed] = arm.acquisition(grid.coordinates(levels[allowed]))
        return merit

    pool = np.unique(grid.canonical(pool), axis=0)
    merit = rate(pool)
    allowed = merit > -np.inf
    pool, merit = pool[allowed], merit[allowed]
    first = starts(grid, pool, merit, most)
    ends, heights = climb(grid, pool[first], merit[first], rate, random)
    pool, rows = np.unique(np.concatenate([pool, ends]), axis=0, return_index=True)
    return pool, np.concatenate([merit, heights])[rows]
