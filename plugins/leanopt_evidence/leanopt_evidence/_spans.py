"""Sharpe ratios of all columns over many sets of rows, from sums over stretches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from leanopt_evidence._inputs import FEWEST, ROUNDING, Floats, Ints


class Stretches:
    """Sums of T rows x N columns over the stretches that all sets of rows have in common.

    `sets` says which of the T rows each set has (sets x T). No set cuts a stretch.
    """

    def __init__(self, values: npt.NDArray[Any], sets: npt.NDArray[np.bool_]) -> None:
        changes = (sets[:, 1:] != sets[:, :-1]).any(axis=0)
        starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
        self._sets, self._lengths = sets[:, starts], np.diff([*starts, len(values)])
        # Squares of centred values lose no digits.
        self._centre = values.mean(axis=0, dtype=np.float64)
        sums, squares, lows, highs = [], [], [], []
        for start, length in zip(starts, self._lengths, strict=True):
            block = values[start : start + length]
            lows.append(block.min(axis=0))
            highs.append(block.max(axis=0))
            centred = block - self._centre
            sums.append(centred.sum(axis=0))
            centred *= centred
            squares.append(centred.sum(axis=0))
        self._sums, self._squares = np.array(sums), np.array(squares)
        self._lows, self._highs = np.array(lows), np.array(highs)

    def sharpes(self) -> Iterator[Floats]:
        """Yield the Sharpe ratios of all columns by set, -inf where a column has none."""
        for one in self._sets:
            yield self._sharpe(np.flatnonzero(one))

    def _sharpe(self, chosen: Ints) -> Floats:
        # Row by row, so that equal columns have equal sums.
        n = int(self._lengths[chosen].sum())
        means = self._sums[chosen].sum(axis=0) / n
        spread = self._squares[chosen].sum(axis=0) / n - means * means
        lows, highs = self._lows[chosen].min(axis=0), self._highs[chosen].max(axis=0)
        flat = highs - lows <= ROUNDING * np.maximum(np.abs(lows), np.abs(highs))
        flat |= (spread <= 0) | (n < FEWEST)
        deviation = np.sqrt(np.where(flat, 1, spread * n / max(n - 1, 1)))
        found: Floats = np.where(flat, -np.inf, (means + self._centre) / deviation)
        return found
