"""Whether the best of several strategies beats a benchmark, for all that were tried.

[6] White 2000, A Reality Check for Data Snooping. [7] Hansen 2005, A Test for Superior Predictive
Ability. [8] Romano, Wolf 2005, Stepwise Multiple Testing as Formalized Data Snooping.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import numpy.typing as npt
from attrs import frozen
from scipy.fft import next_fast_len, rfft

from leanopt_evidence._bootstrap import check_indices, resampled_means
from leanopt_evidence._inputs import Estimate, Floats, constant, finite, matrix

_FEWEST_ROWS = 3
#: Columns whose spectra are taken together, so that memory stays small.
_AT_ONCE = 256
_FEW = "fewer than three observations"
_NONE = "no column has a variance"


@frozen(eq=False)
class RealityCheck:
    """White's statistic, its p-value, and its resampled values (B)."""

    statistic: float | None
    p_value: Estimate
    resampled: Floats | None = None


@frozen(eq=False)
class SuperiorAbility:
    """Hansen's statistic and p-values; `consistent` is the one to report.

    `resampled` (3 x B) has the resampled statistics: lower, consistent, upper. `left_out` are the
    columns without a variance.
    """

    statistic: float | None
    lower: Estimate
    consistent: Estimate
    upper: Estimate
    resampled: Floats | None = None
    left_out: tuple[int, ...] = ()


@frozen
class Stepwise:
    """The columns that beat the benchmark, those of each step; `left_out` have no variance."""

    steps: tuple[tuple[int, ...], ...]
    left_out: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def rejected(self) -> tuple[int, ...]:
        """Return the columns of all steps, in order."""
        return tuple(sorted(column for step in self.steps for column in step))


def reality_check(differences: npt.ArrayLike, indices: npt.ArrayLike) -> RealityCheck:
    """Return White's Reality Check [6].

    `differences` are n periods x K strategies: each strategy's return minus the benchmark's.
    `indices` (B x n, B at least 1,000) come from `stationary_bootstrap`. The p-value is
    (1 + k) / (B + 1), never 0. Raises ValueError for NaN, infinity and indices that do not fit.
    """
    values = _columns(differences)
    n = len(values)
    if n < _FEWEST_ROWS:
        return RealityCheck(None, Estimate(None, _FEW))
    means = values.mean(axis=0)
    best = sqrt(n) * float(means.max())
    parts = resampled_means(values, check_indices(indices, n))
    resampled = sqrt(n) * np.concatenate([(part - means).max(axis=1) for part in parts])
    return RealityCheck(best, _p_value(best, resampled), resampled)


def superior_ability(
    differences: npt.ArrayLike, indices: npt.ArrayLike, block: float
) -> SuperiorAbility:
    """Return Hansen's test for Superior Predictive Ability [7].

    Arguments as of `reality_check`; `block` is the mean length of the bootstrap's blocks, which the
    variance depends on. A column without a variance is left out.
    """
    values = _columns(differences)
    n = len(values)
    if n < _FEWEST_ROWS:
        none = Estimate(None, _FEW)
        return SuperiorAbility(None, none, none, none)
    kept, errors, left_out = _varying(values, block)
    if not len(kept):
        none = Estimate(None, _NONE)
        return SuperiorAbility(None, none, none, none, left_out=left_out)
    values = values[:, kept]
    means = values.mean(axis=0)
    best = max(0.0, sqrt(n) * float((means / errors).max()))
    # log(log(n)) is above zero from three rows on.
    bound = -errors * sqrt(2 * log(log(n)) / n)
    centres = np.maximum(means, 0), np.where(means >= bound, means, 0), means
    parts = [
        [(sqrt(n) * (part - one) / errors).max(axis=1).clip(0) for one in centres]
        for part in resampled_means(values, check_indices(indices, n))
    ]
    resampled = np.concatenate(parts, axis=1)
    lower, consistent, upper = (_p_value(best, row) for row in resampled)
    return SuperiorAbility(best, lower, consistent, upper, resampled, left_out)


def stepwise_superiority(
    differences: npt.ArrayLike, indices: npt.ArrayLike, block: float, alpha: float = 0.05
) -> Stepwise:
    """Return which columns beat the benchmark, by the studentised StepM [8].

    Arguments as of `superior_ability`; the chance that any column is named wrongly is at most about
    `alpha`. A step rejects the columns whose statistic is above the 1 - alpha quantile of the
    resampled maximum over those still in. Raises ValueError unless alpha is between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: expected a number between 0 and 1")
    values = _columns(differences)
    n = len(values)
    if n < _FEWEST_ROWS:
        return Stepwise((), reason=_FEW)
    kept, errors, left_out = _varying(values, block)
    if not len(kept):
        return Stepwise((), left_out, _NONE)
    values = values[:, kept]
    means = values.mean(axis=0)
    parts = resampled_means(values, check_indices(indices, n))
    resampled = np.concatenate([(part - means) / errors for part in parts])
    statistics, steps = means / errors, []
    remaining = np.arange(len(kept))
    while len(remaining):
        limit = _quantile(resampled[:, remaining].max(axis=1), alpha)
        rejected = statistics[remaining] > limit
        if not rejected.any():
            break
        steps.append(tuple(kept[remaining[rejected]].tolist()))
        remaining = remaining[~rejected]
    return Stepwise(tuple(steps), left_out)


def _columns(differences: npt.ArrayLike) -> Floats:
    values: Floats = matrix(differences).astype(np.float64)
    if not values.shape[1]:
        raise ValueError("no strategies: expected a column a strategy")
    return values


def _varying(values: Floats, block: float) -> tuple[npt.NDArray[np.int64], Floats, tuple[int, ...]]:
    """Return the columns with a variance, its root w_k, and the other columns."""
    squared = long_run_variance(values, block)
    # Of equal doubles the variance can be above zero.
    flat = constant(values) | (squared <= 0)
    kept = np.flatnonzero(~flat)
    return kept, np.sqrt(squared[kept]), tuple(np.flatnonzero(flat).tolist())


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


def _p_value(statistic: float, resampled: Floats) -> Estimate:
    reached = int(np.count_nonzero(resampled >= statistic))
    return Estimate((1 + reached) / (len(resampled) + 1))


def _quantile(resampled: Floats, alpha: float) -> float:
    """Return the limit above which the p-value, (1 + k) / (B + 1), is at most alpha."""
    allowed = int(round(alpha * (len(resampled) + 1), 9)) - 1
    return float(np.sort(resampled)[len(resampled) - 1 - allowed]) if allowed >= 0 else np.inf
