"""The scores of all columns in every half of the blocks, and how the winners do in the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._inputs import ROUNDING, Floats, Ints

Metric = Literal["sharpe", "mean"]
#: Scores that are made together: they fit in a processor's cache.
_AT_ONCE = 160_000


@frozen(eq=False)
class Choices:
    """By choice of blocks: winner, its rank (1 worst), its values, and all columns' mean outside.

    A value is -inf where the column has no score.
    """

    winners: Ints
    ranks: Floats
    inside: Floats
    outside: Floats
    average: Floats


class _Choices:
    """Rows of blocks joined over any choice of blocks: two rows, the same for equal columns."""

    def __init__(self, blocks: Floats, join: np.ufunc = np.add, empty: float = 0.0) -> None:
        self._half, self._join = len(blocks) // 2, join
        halves = (blocks[: self._half], blocks[self._half :])
        self._low, self._high = (_subsets(one, join, empty) for one in halves)

    def of(self, masks: Ints) -> Floats:
        """Return the joined rows of each choice: choices x columns."""
        found: Floats = self._low[masks & ((1 << self._half) - 1)]
        self._join(found, self._high[masks >> self._half], out=found)
        return found


def _subsets(blocks: Floats, join: np.ufunc, empty: float) -> Floats:
    """Return the joined rows of all subsets of the blocks, by the subset's bits."""
    found = np.full((1 << len(blocks), blocks.shape[1]), empty)
    for place, block in enumerate(blocks):
        found[1 << place : 2 << place] = join(found[: 1 << place], block)
    return found


class Halves:
    """Scores of columns in halves of `count` blocks of T rows x N columns."""

    def __init__(self, values: npt.NDArray[Any], count: int, metric: Metric) -> None:
        self._columns, self._blocks, self._metric = values.shape[1], count, metric
        length = len(values) // count
        self._rows = length * count // 2
        # Squares of centred values lose no digits; sums of plain ones leave equal means equal.
        by_spread = metric == "sharpe"
        self._centre = (
            values.mean(axis=0, dtype=np.float64) if by_spread else np.zeros(self._columns)
        )
        sums, squares, ranges = [], [], []
        for start in range(0, len(values), length):
            block = values[start : start + length]
            ranges.append((block.min(axis=0), block.max(axis=0)))
            centred = block - self._centre
            sums.append(centred.sum(axis=0))
            centred *= centred
            squares.append(centred.sum(axis=0))
        self._sums = _Choices(np.array(sums))
        if metric == "sharpe":
            self._squares = _Choices(np.array(squares))
            lows, highs = (np.array(one) for one in zip(*ranges, strict=True))
            flat = _flat(lows, highs)
            self._suspects = np.flatnonzero(flat.sum(axis=0) >= count // 2)
            self._lows = _Choices(lows[:, self._suspects], np.minimum, np.inf)
            self._highs = _Choices(highs[:, self._suspects], np.maximum, -np.inf)

    def all(self) -> Choices:
        """Return the winners of all choices, these in lexicographic order."""
        parts = list(self._parts())
        first = [np.concatenate(column) for column in zip(*(a for a, _ in parts), strict=True)]
        second = [np.concatenate(column) for column in zip(*(b for _, b in parts), strict=True)]
        # The second half of the choices are the complements of the first, in reverse.
        return Choices(*(np.concatenate([a, b[::-1]]) for a, b in zip(first, second, strict=True)))

    def _parts(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        chosen = combinations(range(self._blocks), self._blocks // 2)
        masks = np.array([sum(1 << place for place in one) for one in chosen])
        masks = masks[: len(masks) // 2]
        every = (1 << self._blocks) - 1
        step = max(1, _AT_ONCE // self._columns)
        for start in range(0, len(masks), step):
            part = masks[start : start + step]
            one, other = self._scores(part), self._scores(every ^ part)
            yield _won(one, other), _won(other, one)

    def _scores(self, masks: Ints) -> Floats:
        """Return the metric of all columns in the rows of each choice."""
        scores = self._sums.of(masks)
        scores /= self._rows
        if self._metric == "sharpe":
            variances = self._squares.of(masks)
            variances /= self._rows
            variances -= scores * scores
            variances *= self._rows / (self._rows - 1)
            np.maximum(variances, 0, out=variances)
            np.sqrt(variances, out=variances)
            scores += self._centre
            with np.errstate(divide="ignore", invalid="ignore"):
                scores /= variances
            self._leave_out(masks, scores)
            return scores
        scores += self._centre
        return scores

    def _leave_out(self, masks: Ints, scores: Floats) -> None:
        """Rank columns that are constant in a half below all others."""
        if len(self._suspects):
            rows, at = np.nonzero(_flat(self._lows.of(masks), self._highs.of(masks)))
            scores[rows, self._suspects[at]] = -np.inf


def _flat(lows: npt.NDArray[Any], highs: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    largest = np.maximum(np.abs(lows), np.abs(highs))
    found: npt.NDArray[np.bool_] = highs - lows <= ROUNDING * largest
    return found


def _won(inside: Floats, outside: Floats) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    rows = np.arange(len(inside))
    winners = inside.argmax(axis=1)
    values = outside[rows, winners]
    below = np.count_nonzero(outside < values[:, None], axis=1)
    ties = np.count_nonzero(outside == values[:, None], axis=1)
    ranks = below + (ties + 1) / 2
    return winners, ranks, inside[rows, winners], values, _means(outside)


def _means(scores: Floats) -> Floats:
    """Return the mean of the columns that have a score, -inf where none has."""
    found: Floats = scores.mean(axis=1)
    for row in np.flatnonzero(~np.isfinite(found)):
        known = scores[row][np.isfinite(scores[row])]
        found[row] = known.mean() if len(known) else -np.inf
    return found
