"""What the search is worth: on landscapes of 679,140 points whose best is known."""

from __future__ import annotations

from functools import cache, partial
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pytest
from leanopt_ga_deap import GeneticOptions
from leanopt_ga_deap._impl import create

from leanopt_core.search.commands import StageRule
from leanopt_core.space import Axis, Space
from leanopt_core.testing import drive
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from leanopt_core.space import Point

SIZES = (14, 11, 10, 7, 7, 3, 3)
BUDGET = 472
SEEDS = range(7)


def space() -> Space:
    """Return seven parameters, two of them choices."""
    numbers = [Axis.integers(f"p{i}", 0, size - 1, 1) for i, size in enumerate(SIZES[:5])]
    choices = [Axis.choices(f"p{i}", ["x", "y", "z"]) for i in (5, 6)]
    return Space((*numbers, *choices), {}, ())


@cache
def landscape(kind: str) -> np.ndarray:
    """Return the heights of all points: a smooth hill with interactions, or a rugged one."""
    grid = np.meshgrid(*[np.linspace(0, 1, size) for size in SIZES], indexing="ij")
    away = [axis - top for axis, top in zip(grid, (0.7, 0.3, 0.8, 0.2, 0.6, 0.5, 0), strict=True)]
    heights = -sum(distance**2 for distance in away)
    heights -= 1.5 * away[0] * away[1] + away[2] * away[3] + 0.8 * away[4] * away[5]
    if kind == "rugged":
        heights += 0.3 * sum(np.cos(9 * axis + 2 * grid[0]) for axis in grid)
    return heights


def tops(kind: str, share: float) -> tuple[list[float], list[float]]:
    """Return the best heights the search and a random one find for each seed, and the share's."""
    heights = landscape(kind)

    def score(point: Point) -> Score:
        return Score(float(heights[point]), float(heights[point]))

    stage = StageRule("ga", "ga", partial(create, GeneticOptions()), BUDGET)
    found = [
        max(heights[c.proposal.point] for c in drive(space(), [stage], score, seed=seed).proposed)
        for seed in SEEDS
    ]
    drawn = [
        max(heights[p] for p, _ in zip(space().sample(seed), range(BUDGET), strict=False))
        for seed in SEEDS
    ]
    level = np.quantile(heights, 1 - share)
    assert median(found) >= level
    return found, drawn


@pytest.mark.alike(1)
@pytest.mark.parametrize(("kind", "share"), [("smooth", 0.0001), ("rugged", 0.001)])
def test_finds_the_top_and_beats_random(kind: str, share: float) -> None:
    """In the median among the best 1 or 10 in 10,000; better than random for nearly all seeds."""
    found, drawn = tops(kind, share)
    assert sum(own > other for own, other in zip(found, drawn, strict=True)) >= len(SEEDS) - 1
