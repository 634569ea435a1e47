"""One batch: chooses the model, the region, and the most promising points."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from leanopt_core.api import Proposal
from leanopt_surrogate._arms import Arm, ForestArm, GaussianArm
from leanopt_surrogate._batch import spread_best
from leanopt_surrogate._elites import basins, elites, inside
from leanopt_surrogate._pool import around, candidates, new_points

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._grid import Bools, Floats, Ints
    from leanopt_surrogate._models import Models

#: The order of the arms: forest, extra trees, Gaussian process.
TURNS = ("process", "forest", "extra", "forest", "extra")
#: The fewest feasible trials for the process.
FEW = 4
#: The number of best candidates from which one more step is tried.
STEPPED = 6


def choose(
    archive: Archive, models: Models, turn: int, count: int, random: Generator
) -> list[Proposal]:
    """Return up to `count` promising new points; their origin is the arm that chose them.

    None if no candidate is feasible and new. Arms take turns.
    """
    name = TURNS[turn % len(TURNS)]
    if name == "process" and archive.feasible.sum() < FEW:
        name = "forest"
    scores = archive.scores()
    centres = basins(archive, scores) if turn % 2 else archive.levels[:0]
    outside = ~inside(archive.grid, archive.levels, centres)
    if not outside.any():
        outside = np.ones(len(archive), np.bool_)
        centres = centres[:0]
    arm = _arm(archive, models, name, outside)
    pool, merit = _candidates(archive, arm, elites(archive, scores, outside), centres, random)
    if not len(pool):
        return []
    origin = f"{name} elsewhere" if len(centres) else name
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
    archive: Archive, arm: Arm, good: Ints, centres: Ints, random: Generator
) -> tuple[Ints, Floats]:
    """Return candidates, and the acquisition of each."""
    pool = _allowed(archive, candidates(archive.grid, good, random), centres)
    if not len(pool):
        return pool, np.empty(0)
    merit = arm.acquisition(archive.grid.coordinates(pool))
    best = np.argsort(-merit, kind="stable")[:STEPPED]
    beside = _allowed(archive, around(archive.grid, pool[best], random), centres)
    if len(beside):
        merit = np.concatenate([merit, arm.acquisition(archive.grid.coordinates(beside))])
        pool = np.concatenate([pool, beside])
    return pool, merit


def _allowed(archive: Archive, levels: Ints, centres: Ints) -> Ints:
    """Return the points that are new, feasible and outside the basins."""
    levels = archive.grid.canonical(levels)
    levels = levels[~inside(archive.grid, levels, centres)]
    return new_points(archive.grid, levels, archive.known)
