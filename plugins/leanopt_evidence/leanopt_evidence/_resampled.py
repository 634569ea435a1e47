"""What the three tests of many strategies share: their means in every resample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len, rfft

from leanopt_evidence._bootstrap import check_indices, resampled_means
from leanopt_evidence._inputs import Floats, constant, finite, matrix

_FEWEST_ROWS = 3
#: Columns whose spectra are taken together, so that memory stays small.
_AT_ONCE = 256


class Resampled:
    """Means of n periods x K strategies, and by how much those of B resamples differ (B x K).

    With a mean `block`, also the columns `kept` that have a long-run variance, its root `errors`,
    and the other columns, `left_out`. Of fewer than three periods there is nothing: `few`. Raises
    ValueError for NaN, infinity, no strategies and indices that do not fit.
    """

    def __init__(
        self, differences: npt.ArrayLike, indices: npt.ArrayLike, block: float | None = None
    ) -> None:
        values: Floats = matrix(differences).astype(np.float64)
        if not values.shape[1]:
            raise ValueError("no strategies: expected a column a strategy")
        self.n = len(values)
        self.few = self.n < _FEWEST_ROWS
        if self.few:
            return
        self.means: Floats = values.mean(axis=0)
        parts = resampled_means(values, check_indices(indices, self.n))
        self.deviations: Floats = np.concatenate([part - self.means for part in parts])
        if block is not None:
            squared = long_run_variance(values, block)
            # Of equal doubles the variance can be above zero.
            flat = constant(values) | (squared <= 0)
            self.kept = np.flatnonzero(~flat)
            self.errors: Floats = np.sqrt(squared[self.kept])
            self.left_out: tuple[int, ...] = tuple(np.flatnonzero(flat).tolist())


def long_run_variance(values: Floats, block: float) -> Floats:
    """Return w^2 by column: that of sqrt(n) mean* under the stationary bootstrap [7]."""
    if finite("block", block) < 1:
        raise ValueError(f"block is {block}: expected a mean length of at least 1")
    n, stay = len(values), 1 - 1 / block
    lags = np.arange(1, n)
    weights = (n - lags) / n * stay**lags + lags / n * stay ** (n - lags)
    # Long enough that no lag wraps around: products of spectra are then sums over lags.
    length = next_fast_len(2 * n - 1, real=True)
    sequence = np.zeros(length)
    sequence[0], sequence[1:n], sequence[length - n + 1 :] = 1, weights, weights[::-1]
    spectrum = rfft(sequence).real
    # Each frequency but the first, and the last of an even length, stands for two.
    spectrum[1 : (length + 1) // 2] *= 2
    total = np.empty(values.shape[1])
    for start in range(0, values.shape[1], _AT_ONCE):
        part = values[:, start : start + _AT_ONCE]
        power = np.abs(rfft(part - part.mean(axis=0), length, axis=0)) ** 2
        total[start : start + _AT_ONCE] = spectrum @ power / length / n
    return total
