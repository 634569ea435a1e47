"""Regression trees as arrays, to find a point's leaves. `_growth` grows them."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from leanopt_surrogate._grid import Floats, Ints

#: After so many levels, points that have reached a leaf are not moved any more.
STRIDE = 3


@frozen
class Forest:
    """The nodes of all trees, roots first. Values above a node's cut go to `child` + 1.

    A leaf is its own child, with an infinite cut. `rows` and `leaves` describe the entries that the
    trees were grown from: each one's sample, and its leaf.
    """

    trees: int
    depth: int
    samples: int
    column: Ints
    cut: Floats
    child: Ints
    rows: Ints
    leaves: Ints

    def find(self, x: Floats) -> Ints:
        """Return the leaf of each row of `x` in each tree: an array of trees by rows."""
        flat = np.ascontiguousarray(x).ravel()
        place = np.tile(np.arange(len(x)) * x.shape[1], self.trees)
        node = np.repeat(np.arange(self.trees), len(x))
        found, going = node.copy(), np.arange(node.size)
        for level in range(self.depth):
            node = self.child[node] + (flat[place + self.column[node]] > self.cut[node])
            if level % STRIDE == STRIDE - 1 or level == self.depth - 1:
                found[going] = node
                inner = self.child[node] != node
                node, place, going = node[inner], place[inner], going[inner]
        return found.reshape(self.trees, len(x))


@frozen
class Leaves:
    """The mean and the variance of the targets in each leaf."""

    forest: Forest
    mean: Floats
    variance: Floats

    @classmethod
    def fill(cls, forest: Forest, target: Floats, later: Ints, later_target: Floats) -> Leaves:
        """Fill the leaves with the samples' targets and, in every tree, those of later points.

        `later` holds the leaves of the later points, trees by points.
        """
        nodes = np.concatenate([forest.leaves, later.ravel()])
        values = np.concatenate([target[forest.rows], np.tile(later_target, forest.trees)])
        size = len(forest.cut)
        count = np.maximum(np.bincount(nodes, minlength=size), 1)
        mean = np.bincount(nodes, values, size) / count
        variance = np.bincount(nodes, (values - mean[nodes]) ** 2, size) / count
        return cls(forest, mean, variance)

    def predict(self, found: Ints) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at points with these leaves.

        The variance is that between the trees plus the mean within the leaves [Hutter, Xu, Hoos,
        Leyton-Brown 2014, Algorithm runtime prediction].
        """
        means = self.mean[found]
        within = self.variance[found].mean(axis=0)
        return means.mean(axis=0), np.sqrt(means.var(axis=0) + within)
