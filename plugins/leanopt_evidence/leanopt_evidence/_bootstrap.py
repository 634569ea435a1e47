"""The stationary bootstrap, and intervals from it.

[9] Politis, Romano 1994, The Stationary Bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._inputs import FEWEST, ROUNDING, Floats, Ints, finite, series

Statistic = Literal["sharpe", "calmar", "drawdown"]
#: Resamples that are evaluated together, so that memory stays small.
_AT_ONCE = 64
#: With fewer resamples a p-value is mostly chance.
_FEWEST_RESAMPLES = 1000


def stationary_bootstrap(n: int, block: float, resamples: int = 1000, seed: int = 0) -> Ints:
    """Return indices of rows, `resamples` x n, by the stationary bootstrap [9].

    A resample starts at random; each next row follows the last, the first after row n - 1, or
    jumps with the chance 1 / `block`, the mean length of a block. Raises ValueError for no rows or
    resamples and a block below 1.
    """
    if n < 1 or resamples < 1:
        raise ValueError(f"n is {n} and resamples is {resamples}: expected at least 1 of each")
    if finite("block", block) < 1:
        raise ValueError(f"block is {block}: expected a mean length of at least 1")
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, n, size=(resamples, n))
    jumps = generator.random((resamples, n)) < 1 / block
    jumps[:, 0] = True
    places = np.arange(n)
    last = np.maximum.accumulate(np.where(jumps, places, 0), axis=1)
    indices: Ints = (np.take_along_axis(targets, last, axis=1) + places - last) % n
    return indices


def check_indices(indices: npt.ArrayLike, n: int) -> Ints:
    """Return indices as an array B x n; raises ValueError for another shape or rows beyond."""
    found = np.asarray(indices)
    if found.dtype.kind not in "iu" or found.ndim != FEWEST or found.shape[1] != n:
        raise ValueError(f"expected whole numbers of shape B x {n}, found shape {found.shape}")
    if len(found) < _FEWEST_RESAMPLES:
        raise ValueError(f"{len(found)} resamples: expected at least {_FEWEST_RESAMPLES:,}")
    if found.min() < 0 or found.max() >= n:
        raise ValueError(f"expected indices from 0 to {n - 1}")
    return found.astype(np.int64)


def resampled_means(values: npt.NDArray[Any], indices: Ints) -> Iterator[Floats]:
    """Yield the means of the columns in some resamples after others: some x columns."""
    n = len(values)
    for start in range(0, len(indices), _AT_ONCE):
        part = indices[start : start + _AT_ONCE]
        shifted = part + n * np.arange(len(part))[:, None]
        counts = np.bincount(shifted.ravel(), minlength=n * len(part)).reshape(len(part), n)
        yield (counts / n) @ values


@frozen
class Interval:
    """The value of a statistic with its interval, None with the reason; `left_out` resamples."""

    value: float | None
    low: float | None
    high: float | None
    left_out: int
    reason: str | None = None


def bootstrap_interval(
    returns: npt.ArrayLike,
    statistic: Statistic,
    indices: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    periods: float = 252.0,
) -> Interval:
    """Return the percentile interval of a statistic over resamples [9].

    `returns` are n simple returns, one a period, of which `periods` are a year; `indices` (B x n,
    B at least 1,000) come from `stationary_bootstrap`. "sharpe" is per period, "calmar" the
    compound annual growth over the largest drawdown, "drawdown" that drawdown as a share. Resamples
    without a value are left out and counted; there is no interval if they are more than a tail of
    it. Raises ValueError for NaN, infinity, returns below -1, and a confidence that is not between
    0 and 1.
    """
    values = series(returns)
    if len(values) and values.min() < -1:
        raise ValueError(f"a return is {values.min()}: expected at least -1")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}: expected a number between 0 and 1")
    if statistic not in _STATISTICS:
        raise ValueError(f"statistic is {statistic!r}: expected one of {', '.join(_STATISTICS)}")
    if finite("periods", periods) <= 0:
        raise ValueError(f"periods is {periods}: expected a number above zero")
    if len(values) < FEWEST:
        return Interval(None, None, None, 0, "fewer than two observations")
    rows, compute = check_indices(indices, len(values)), _STATISTICS[statistic]
    own = float(compute(values[None], periods)[0])
    if not np.isfinite(own):
        return Interval(None, None, None, 0, f"the returns have no {statistic}")
    parts = range(0, len(rows), _AT_ONCE)
    found = np.concatenate(
        [compute(values[rows[start : start + _AT_ONCE]], periods) for start in parts]
    )
    known = found[np.isfinite(found)]
    left_out, tail = len(found) - len(known), (1 - confidence) / 2
    if left_out > tail * len(found):
        why = f"{left_out} of {len(found)} resamples have no {statistic}"
        return Interval(own, None, None, left_out, why)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(own, float(low), float(high), left_out)


def _sharpe(returns: Floats, _periods: float) -> Floats:
    spread = returns.std(axis=1, ddof=1)
    some = spread > ROUNDING * np.abs(returns).max(axis=1)
    found: Floats = np.where(some, returns.mean(axis=1) / np.where(some, spread, 1), np.nan)
    return found


def drawdowns(returns: Floats, _periods: float = 1) -> Floats:
    """Return the largest drawdown of each row of returns, as a share."""
    with np.errstate(over="ignore", invalid="ignore"):
        equity = np.cumprod(1 + returns, axis=1)
    highest = np.maximum(np.maximum.accumulate(equity, axis=1), 1)
    found: Floats = (1 - equity / highest).max(axis=1).clip(0)
    return found


def _calmar(returns: Floats, periods: float) -> Floats:
    # Of a few days it can be more than a float holds.
    with np.errstate(over="ignore"):
        growth = np.prod(1 + returns, axis=1) ** (periods / returns.shape[1]) - 1
    fall = drawdowns(returns)
    some = fall > ROUNDING
    found: Floats = np.where(some, growth / np.where(some, fall, 1), np.nan)
    return found


_STATISTICS: dict[str, Callable[[Floats, float], Floats]] = {
    "sharpe": _sharpe,
    "calmar": _calmar,
    "drawdown": drawdowns,
}
