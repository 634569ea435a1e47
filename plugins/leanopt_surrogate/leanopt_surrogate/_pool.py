"""Candidates: points around the elites and anywhere, feasible and new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Grid, Ints

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_core.api import Point

#: Changes of one axis: the most levels per axis, and the most in total.
LEVELS = 24
CHANGES = 600
#: Moves of two or three steps, crossings of two elites, points from anywhere.
MOVES = 200
CROSSINGS = 200
ANYWHERE = 300
MUTATION = 0.15


def candidates(grid: Grid, elites: Ints, random: Generator) -> Ints:
    """Return candidates around the elites and from anywhere; some may be known or infeasible."""
    anywhere = grid.draw(ANYWHERE, random)
    if not len(elites) or not len(grid.lengths):
        return anywhere
    return np.concatenate(
        [
            _changes(grid, elites, random),
            _moves(grid, elites, random),
            _crossings(grid, elites, random),
            anywhere,
        ]
    )


def around(grid: Grid, levels: Ints, random: Generator) -> Ints:
    """Return each point moved by one step along each axis, twice, at random up or down."""
    axes = np.arange(len(grid.lengths))
    rows = np.repeat(levels, 2 * len(axes), axis=0)
    return grid.moved(rows, np.tile(axes, 2 * len(levels)), random)


def new_points(grid: Grid, levels: Ints, known: set[Point]) -> Ints:
    """Return the points that are feasible and not known, each once."""
    rows: list[Point] = list(dict.fromkeys(map(tuple, levels.tolist())))
    points = [point for point in rows if point not in known]
    if grid.space.constraints:
        points = [point for point in points if grid.space.feasible(point)]
    return np.array(points, np.int64).reshape(len(points), len(grid.lengths))


def _changes(grid: Grid, elites: Ints, random: Generator) -> Ints:
    """Return the elites with one level changed: all other levels, or some of a long axis."""
    blocks = []
    for axis, length in enumerate(grid.lengths.tolist()):
        levels = np.arange(length) if length <= LEVELS else random.integers(0, length, LEVELS)
        block = np.repeat(elites, len(levels), axis=0)
        block[:, axis] = np.tile(levels, len(elites))
        blocks.append(block)
    changes = np.concatenate(blocks)
    if len(changes) > CHANGES:
        changes = changes[np.sort(random.permutation(len(changes))[:CHANGES])]
    return changes


def _moves(grid: Grid, elites: Ints, random: Generator) -> Ints:
    """Return elites moved two or three times by a step."""
    levels = elites[random.integers(0, len(elites), MOVES)]
    for times in (MOVES, MOVES, MOVES // 2):
        axes = random.integers(0, len(grid.lengths), times)
        levels[:times] = grid.moved(levels[:times], axes, random)
    return levels


def _crossings(grid: Grid, elites: Ints, random: Generator) -> Ints:
    """Return children of two elites: each level from one of them, sometimes random."""
    mothers, fathers = (elites[random.integers(0, len(elites), CROSSINGS)] for _ in range(2))
    children = np.where(random.random(mothers.shape) < 0.5, mothers, fathers)  # noqa: PLR2004
    mutated = random.random(children.shape) < MUTATION
    return np.where(mutated, grid.draw(CROSSINGS, random), children)
