"""One ask: chooses the model, the region, and the most promising point."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from leanopt_core.api import Proposal
from leanopt_surrogate._arms import Arm, ForestArm, GaussianArm
from leanopt_surrogate._elites import basins, elites, inside
from leanopt_surrogate._pool import around, candidates, new_points

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_core.api import Point
    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._grid import Bools, Floats, Ints
    from leanopt_surrogate._models import Models

#: The order of the arms: forest, extra trees, Gaussian process.
TURNS = ("process", "forest", "extra", "forest", "extra")
#: The fewest feasible trials for the process.
FEW = 4
#: The number of best candidates from which one more step is tried.
STEPPED = 6


def choose(archive: Archive, models: Models, number: int, random: Generator) -> Proposal | None:
    """Return the most promising new point for this trial; its origin is the arm that chose it.

    None if no candidate is feasible and new.
    """
    name = TURNS[number % len(TURNS)]
    if name == "process" and archive.feasible.sum() < FEW:
        name = "forest"
    scores = archive.scores()
    centres = basins(archive, scores) if number % 2 else archive.levels[:0]
    outside = ~inside(archive.grid, archive.levels, centres)
    if not outside.any():
        outside = np.ones(len(archive), np.bool_)
        centres = centres[:0]
    arm = _arm(archive, models, name, outside)
    found = _most_promising(archive, arm, elites(archive, scores, outside), centres, random)
    if found is None:
        return None
    point, because = found
    origin = f"{name} elsewhere" if len(centres) else name
    return Proposal(point, origin, {"model": name, "told": len(archive), **because})


def _arm(archive: Archive, models: Models, name: str, among: Bools) -> Arm:
    if name == "process":
        return GaussianArm.build(archive, models, among)
    return ForestArm.build(archive, models, "forest" if name == "forest" else "extra", among)


def _most_promising(
    archive: Archive, arm: Arm, good: Ints, centres: Ints, random: Generator
) -> tuple[Point, dict[str, float]] | None:
    """Return the candidate with the highest acquisition, and what it was chosen by."""
    pool = _allowed(archive, candidates(archive.grid, good, random), centres)
    if not len(pool):
        return None
    merit = arm.acquisition(archive.grid.coordinates(pool))
    best = np.argsort(-merit, kind="stable")[:STEPPED]
    beside = _allowed(archive, around(archive.grid, pool[best], random), centres)
    if len(beside):
        merit = np.concatenate([merit, arm.acquisition(archive.grid.coordinates(beside))])
        pool = np.concatenate([pool, beside])
    chosen = _argmax(merit, random)
    acquisition = float(merit[chosen])
    because = {"acquisition": acquisition} if isfinite(acquisition) else {}
    return tuple(pool[chosen].tolist()), {**because, "candidates": len(pool)}


def _allowed(archive: Archive, levels: Ints, centres: Ints) -> Ints:
    """Return the points that are new, feasible and outside the basins."""
    levels = archive.grid.canonical(levels)
    levels = levels[~inside(archive.grid, levels, centres)]
    return new_points(archive.grid, levels, archive.known)


def _argmax(merit: Floats, random: Generator) -> int:
    """Return the index of the highest merit, a random one of several."""
    return int(random.choice(np.flatnonzero(merit == merit.max())))
