"""A random forest of trials, for other programs than the search: what depends on which parameter.

The same arguments give the same forest. It needs NumPy, and SciPy for normal scores.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen
from numpy.random import default_rng

from leanopt_surrogate._cuts import BestCuts
from leanopt_surrogate._forest import Forest, Leaves
from leanopt_surrogate._grid import Bools, Floats, Grid, Ints
from leanopt_surrogate._growth import grow
from leanopt_surrogate._scores import normal_scores

if TYPE_CHECKING:
    from leanopt_core.api import Space

__all__ = ["FittedForest", "coordinates", "fit_forest", "normal_scores"]


def coordinates(space: Space, levels: Ints) -> Floats:
    """Return the columns that a forest sees of `levels`: points by rows, axes by columns.

    An ordered axis has one column, from 0 to 1 by level, so a log scale is even. Choices have a
    column each if there are more than two.
    """
    return Grid(space).coordinates(levels)


@frozen(eq=False)
class FittedForest:
    """A forest with the mean of the targets in each leaf.

    `unseen` (trees x rows) tells which rows of its data a tree was not grown from.
    """

    forest: Forest
    leaves: Leaves
    unseen: Bools

    def predict(self, x: Floats) -> Floats:
        """Return the mean of all trees for each row of `x`."""
        found: Floats = self.leaves.mean[self.forest.find(x)].mean(axis=0)
        return found

    def predict_unseen(self, x: Floats) -> Floats:
        """Return for each row the mean of the trees that were not grown from it (out of bag).

        `x` has the rows that the forest was fitted to, in their order; columns may be changed. A
        row that all trees have seen gets the mean of all.
        """
        means = self.leaves.mean[self.forest.find(x)]
        count = self.unseen.sum(axis=0)
        unseen = np.where(self.unseen, means, 0.0).sum(axis=0) / np.maximum(count, 1)
        found: Floats = np.where(count > 0, unseen, means.mean(axis=0))
        return found


def fit_forest(
    x: Floats,
    target: Floats,
    *,
    seed: int,
    trees: int = 30,
    least: int = 3,
    share: float = 3 / 7,
) -> FittedForest:
    """Fit a random forest [Breiman 2001, Random forests] to `target`, a value for each row of `x`.

    Each tree is grown from as many rows as there are, drawn with replacement. `share` of the
    columns are tried for a cut, and nodes of fewer than `least` rows are leaves. Raises ValueError
    for no rows, no columns, or not as many values as rows.
    """
    if not x.size or len(x) != len(target):
        shapes = f"{x.shape} and {target.shape}"
        raise ValueError(f"expected rows x columns and a value for each row, found shapes {shapes}")
    random = default_rng(seed)
    samples = random.integers(0, len(x), (trees, len(x)))
    unseen = np.ones((trees, len(x)), np.bool_)
    unseen[np.arange(trees)[:, None], samples] = False
    cutter = BestCuts(x, ceil(x.shape[1] * share))
    forest = grow(x, target, samples, cutter, least, random)
    none = np.empty((trees, 0), np.int64)
    return FittedForest(forest, Leaves.fill(forest, target, none, np.empty(0)), unseen)
