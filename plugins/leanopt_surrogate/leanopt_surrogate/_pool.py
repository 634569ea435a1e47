"""Candidates: points around the elites and anywhere, feasible and new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leanopt_surrogate._grid import Bools, Grid, Ints

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
#: Changes of as many parameters as a neighbourhood allows.
NEAR = 400
MUTATION = 0.15


def candidates(grid: Grid, elites: Ints, random: Generator) -> Ints:
    """Return candidates around the elites and from anywhere; some may be known or infeasible."""
    anywhere = grid.draw(ANYWHERE, random)
    if not len(elites) or not len(grid.lengths):
        return anywhere
    return np.concatenate(
        [
            _some(changes(grid, elites, random).reshape(-1, len(grid.lengths)), random),
            _moves(grid, elites, random),
            _crossings(grid, elites, random),
            anywhere,
        ]
    )


def neighbours(grid: Grid, centre: Ints, most: int, random: Generator) -> Ints:
    """Return candidates that differ from the centre in `most` parameters at most."""
    drawn = grid.draw(NEAR, random)
    order = random.random(drawn.shape).argsort(axis=1)
    several = np.where(order < most, drawn, centre)
    return np.concatenate([changes(grid, centre[None], random)[0], several])


def are_new(grid: Grid, levels: Ints, known: set[Point]) -> Bools:
    """Return which points are feasible and not known."""
    feasible = grid.space.feasible if grid.space.constraints else None
    points: list[Point] = list(map(tuple, levels.tolist()))
    return np.array(
        [point not in known and (not feasible or feasible(point)) for point in points], np.bool_
    )


def changes(grid: Grid, levels: Ints, random: Generator) -> Ints:
    """Return every point's changes of one axis: points by changes by axes.

    A long axis changes to some levels at random, half of them near.
    """
    blocks = []
    for axis, length in enumerate(grid.lengths.tolist()):
        block = np.repeat(levels[:, None], min(length, LEVELS), axis=1)
        if length <= LEVELS:
            block[:, :, axis] = np.arange(length)
        else:
            block[:, :, axis] = random.integers(0, length, block.shape[:2])
            if grid.ordered[axis]:
                far = 2 * grid.step[axis]
                near = levels[:, axis, None] + random.integers(-far, far + 1, block.shape[:2])
                block[:, ::2, axis] = np.clip(near, 0, length - 1)[:, ::2]
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _some(levels: Ints, random: Generator) -> Ints:
    """Return the points, or as many of them at random as are allowed."""
    return levels[np.sort(random.permutation(len(levels))[:CHANGES])]


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
