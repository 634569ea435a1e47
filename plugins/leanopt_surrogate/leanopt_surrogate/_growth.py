"""Grows regression trees: all trees together, level by level, in arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from leanopt_surrogate._cuts import Runs
from leanopt_surrogate._forest import Forest
from leanopt_surrogate._grid import Bools, Floats, Ints

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_surrogate._cuts import Cutter


def grow(
    x: Floats, target: Floats, samples: Ints, cutter: Cutter, least: int, random: Generator
) -> Forest:
    """Grow one tree on each row of `samples`, which are indices of rows of the data (may repeat).

    Nodes of fewer than `least` entries, or whose targets are equal, are leaves.
    """
    growth = _Growth(samples.ravel(), target, np.arange(len(samples)) * samples.shape[1])
    while growth.rows.size:
        growth.keep_open(growth.worth_cutting(least))
        if not growth.rows.size:
            break
        column, cut = cutter(growth.runs(), random)
        found = np.isfinite(cut)
        growth.keep_open(found)
        growth.split(column[found], cut[found], x)
    return growth.forest(len(samples))


@define
class _Growth:
    """The nodes of the deepest level as runs of entries, and all finished nodes above them."""

    rows: Ints
    target: Floats
    starts: Ints
    nodes: Ints = field(init=False)
    count: int = field(init=False)
    cuts: list[tuple[Ints, Ints, Floats, Ints]] = field(factory=list)
    closed: list[tuple[Ints, Ints]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.count = len(self.starts)
        self.nodes = np.arange(self.count)

    def sizes(self) -> Ints:
        return np.diff(np.append(self.starts, len(self.rows)))

    def runs(self) -> Runs:
        node = np.repeat(np.arange(len(self.starts)), self.sizes())
        return Runs(self.rows, self.target[self.rows], self.starts, node)

    def worth_cutting(self, least: int) -> Bools:
        target = self.target[self.rows]
        low = np.minimum.reduceat(target, self.starts)
        return (self.sizes() >= least) & (low < np.maximum.reduceat(target, self.starts))

    def keep_open(self, kept: Bools) -> None:
        """Continue with these nodes; the others are leaves."""
        if kept.all():
            return
        sizes = self.sizes()
        entries = np.repeat(kept, sizes)
        self.closed.append((self.rows[~entries], np.repeat(self.nodes[~kept], sizes[~kept])))
        self.rows, self.nodes = self.rows[entries], self.nodes[kept]
        self.starts = np.cumsum(sizes[kept]) - sizes[kept]

    def split(self, column: Ints, cut: Floats, x: Floats) -> None:
        """Cut each node in two."""
        opened = len(self.nodes)
        node = np.repeat(np.arange(opened), self.sizes())
        side = 2 * node + (x[self.rows, column[node]] > cut[node])
        child = self.count + 2 * np.arange(opened)
        self.cuts.append((self.nodes, column, cut, child))
        self.rows = self.rows[np.argsort(side, kind="stable")]
        sizes = np.bincount(side, minlength=2 * opened)
        self.starts = np.cumsum(sizes) - sizes
        self.nodes = self.count + np.arange(2 * opened)
        self.count += 2 * opened

    def forest(self, trees: int) -> Forest:
        column = np.zeros(self.count, np.int64)
        cut, child = np.full(self.count, np.inf), np.arange(self.count)
        for nodes, columns, cuts, children in self.cuts:
            column[nodes], cut[nodes], child[nodes] = columns, cuts, children
        rows, leaves = (np.concatenate(parts) for parts in zip(*self.closed, strict=True))
        return Forest(trees, len(self.cuts), len(self.target), column, cut, child, rows, leaves)
