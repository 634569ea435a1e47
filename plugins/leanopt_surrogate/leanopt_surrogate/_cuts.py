"""Finds cuts of tree nodes: the best position on a few axes, or the best of random positions.

All open nodes of all trees are cut together. A node is a run of entries that begins at its index in
`starts`; `node` is the node of each entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import frozen

from leanopt_surrogate._grid import Bools, Floats, Ints

if TYPE_CHECKING:
    from numpy.random import Generator

#: The number of bins for the values of a column, when searching the best position.
BINS = 32


@frozen
class Runs:
    """The entries of the open nodes: their samples' rows and targets, run by run."""

    rows: Ints
    target: Floats
    starts: Ints
    node: Ints


class Cutter(Protocol):
    """Finds a column and a cut for each node; the cut is infinite if there is none."""

    def __call__(self, runs: Runs, random: Generator) -> tuple[Ints, Floats]:
        """Return column and cut of each node; values above the cut go right."""
        ...


class RandomCuts:
    """Extremely randomised trees: the best of one random cut on each of `tried` columns."""

    def __init__(self, x: Floats, tried: int) -> None:
        self._x = x
        self._tried = tried

    def __call__(self, runs: Runs, random: Generator) -> tuple[Ints, Floats]:
        """Return column and cut of each node."""
        x = self._x[runs.rows]
        low = np.minimum.reduceat(x, runs.starts)
        high = np.maximum.reduceat(x, runs.starts)
        columns = _some_columns(low < high, self._tried, random)
        low, high = (np.take_along_axis(end, columns, 1) for end in (low, high))
        cuts = low + random.random(columns.shape) * (high - low)
        left = np.take_along_axis(x, columns[runs.node], 1) <= cuts[runs.node]
        count = np.add.reduceat(left, runs.starts, dtype=np.float64)
        total = np.add.reduceat(left * runs.target[:, None], runs.starts)
        best = np.argmax(_gain(count, total, runs), axis=1)[:, None]
        cut = np.where(low < high, cuts, np.inf)
        return (
            np.take_along_axis(columns, best, 1)[:, 0],
            np.take_along_axis(cut, best, 1)[:, 0],
        )


class BestCuts:
    """Random forest: the best cut on `tried` columns, random between the values it separates."""

    def __init__(self, x: Floats, tried: int) -> None:
        self._tried = tried
        self._bins = np.empty(x.shape, np.int64)
        self._low = np.zeros((x.shape[1], BINS))
        self._high = np.zeros((x.shape[1], BINS))
        for column in range(x.shape[1]):
            values, place = np.unique(x[:, column], return_inverse=True)
            of_value = np.arange(len(values)) * min(BINS, len(values)) // len(values)
            self._bins[:, column] = of_value[place]
            firsts = np.searchsorted(of_value, np.arange(of_value[-1] + 1))
            self._low[column, : len(firsts)] = values[firsts]
            self._high[column, : len(firsts)] = values[np.append(firsts[1:], len(values)) - 1]

    def __call__(self, runs: Runs, random: Generator) -> tuple[Ints, Floats]:
        """Return column and cut of each node."""
        bins = self._bins[runs.rows]
        low = np.minimum.reduceat(bins, runs.starts)
        high = np.maximum.reduceat(bins, runs.starts)
        columns = _some_columns(low < high, self._tried, random)
        width = int(high.max()) + 1
        nodes, tried = columns.shape
        cell = (runs.node[:, None] * tried + np.arange(tried)) * width
        cell = (cell + np.take_along_axis(bins, columns[runs.node], 1)).ravel()
        shape, size = (nodes, tried * width), nodes * tried * width
        each = np.bincount(cell, minlength=size).reshape(nodes, tried, width)
        weights = np.repeat(runs.target, tried)
        totals = np.bincount(cell, weights, size).reshape(nodes, tried, width)
        gain = _gain(
            each.cumsum(2).reshape(shape).astype(np.float64), totals.cumsum(2).reshape(shape), runs
        )
        best = np.argmax(gain, axis=1)
        which, place = np.divmod(best, width)
        column = np.take_along_axis(columns, which[:, None], 1)[:, 0]
        row = each[np.arange(nodes), which] > 0
        after = np.argmax(row & (np.arange(width) > place[:, None]), axis=1)
        # After an empty bin the gain equals that of the filled bin before it, which comes first.
        below, above = self._high[column, place], self._low[column, after]
        cut = below + random.random(nodes) * (above - below)
        return column, np.where(np.isfinite(gain.max(axis=1)), cut, np.inf)


def _some_columns(varies: Bools, tried: int, random: Generator) -> Ints:
    """Return `tried` random columns of each node, first those on which its entries differ."""
    order = random.random(varies.shape) + ~varies
    if tried == varies.shape[1]:
        return np.argsort(order, axis=1)
    return np.argpartition(order, tried - 1, axis=1)[:, :tried]


def _gain(count: Floats, total: Floats, runs: Runs) -> Floats:
    """Return the decrease of the squared error by each cut, up to a constant; -inf without a cut.

    `count` and `total` are of the entries to the left, for each node and candidate.
    """
    sizes = np.diff(np.append(runs.starts, len(runs.rows)))[:, None]
    sums = np.add.reduceat(runs.target, runs.starts)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = total**2 / count + (sums - total) ** 2 / (sizes - count)
    return np.where((count > 0) & (count < sizes), gain, -np.inf)
