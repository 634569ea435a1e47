"""How many independent trials many similar ones amount to.

[2] Bailey, Lopez de Prado 2014, The Deflated Sharpe Ratio. [3] Lopez de Prado, Lewis 2019,
Detection of False Investment Strategies using Unsupervised Learning Methods.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from attrs import frozen

from leanopt_evidence._clusters import best_clusters, distances
from leanopt_evidence._inputs import FEWEST, Estimate, Floats, Ints, constant, matrix
from leanopt_evidence._selection import sharpe_variance
from leanopt_evidence._sharpe import moments

_FEW = "fewer than two observations"
_NONE = "no trials: expected a column a trial"
#: Columns that are scaled together, so that memory stays small.
_AT_ONCE = 512
#: From this correlation on all trials are one [3].
_ALIKE = 0.99


def effective_trials(returns: npt.ArrayLike) -> Estimate:
    """Return the effective number of trials from the mean correlation [2, app. A.3, eq. 9].

    `returns` are periods x M trials. N = p + (1 - p) M, with the mean correlation p of all pairs,
    at least 0; N is not rounded. A trial that does not vary correlates with none. Raises ValueError
    for NaN, infinity and no trials.
    """
    values = matrix(returns)
    rows, count = values.shape
    if not count:
        raise ValueError(_NONE)
    if count == 1:
        return Estimate(1.0)
    if rows < FEWEST:
        return Estimate(None, _FEW)
    # The square of a sum of unit vectors is the sum of all correlations: no M x M matrix.
    total, varying = np.zeros(rows), 0
    for start in range(0, count, _AT_ONCE):
        units = _units(values[:, start : start + _AT_ONCE].astype(np.float64))
        total += units.sum(axis=1)
        varying += int(np.count_nonzero(units.any(axis=0)))
    mean = (float(total @ total) - varying) / (count * (count - 1))
    shared = min(max(mean, 0.0), 1.0)
    return Estimate(shared + (1 - shared) * count)


@frozen(eq=False)
class Clusters:
    """Trials by similarity.

    `trials` is the effective number: that of the clusters. `labels` (M) has each trial's cluster,
    in the order of their first columns, `series` (periods x clusters) their returns, and `variance`
    that of the clusters' Sharpe ratios per period.
    """

    trials: int | None
    labels: Ints | None
    series: Floats | None
    variance: Estimate
    reason: str | None = None


def cluster_trials(returns: npt.ArrayLike, *, starts: int = 10, seed: int = 0) -> Clusters:
    """Return the clusters of trials by their correlation [3].

    `returns` are periods x M trials. k-means of the rows of the distances sqrt((1 - corr) / 2), for
    k = 2 .. M - 1 with so many `starts`; the k of the highest mean / standard deviation of the
    silhouettes. A trial that does not vary is a cluster of its own. In a cluster's series trials
    have weights by inverse variance. The time grows fast with M: 50 trials take a second, 100 a
    minute. Raises ValueError for NaN, infinity and no trials.
    """
    values = _columns(returns)
    rows, count = values.shape
    if rows < FEWEST:
        return Clusters(None, None, None, Estimate(None, _FEW), _FEW)
    labels = -np.ones(count, dtype=np.int64)
    varying = np.flatnonzero(~constant(values))
    if len(varying):
        labels[varying] = _labels(_correlations(values[:, varying]), starts, seed)
    flat = np.flatnonzero(labels < 0)
    labels[flat] = labels.max() + 1 + np.arange(len(flat))
    labels = _by_first(labels)
    several = range(int(labels.max()) + 1)
    joined = np.stack([_joined(values[:, labels == one]) for one in several], axis=1)
    variance = sharpe_variance(moments(joined[:, one]).sharpe for one in several)
    return Clusters(len(several), labels, joined, variance)


def _columns(returns: npt.ArrayLike) -> Floats:
    values: Floats = matrix(returns).astype(np.float64)
    if not values.shape[1]:
        raise ValueError(_NONE)
    return values


def _units(values: Floats) -> Floats:
    """Return the columns, centred and of length 1; 0 where one does not vary."""
    largest = np.abs(values).max(axis=0)
    scaled = values / np.where(largest > 0, largest, 1)
    centred = np.where(constant(values), 0.0, scaled - scaled.mean(axis=0))
    lengths = np.sqrt((centred**2).sum(axis=0))
    found: Floats = centred / np.where(lengths > 0, lengths, 1)
    return found


def _correlations(values: Floats) -> Floats:
    """Return the correlations of the columns, 0 with one that does not vary."""
    units = _units(values)
    found: Floats = np.clip(units.T @ units, -1, 1)
    np.fill_diagonal(found, 1)
    return found


def _labels(correlations: Floats, starts: int, seed: int) -> Ints:
    count = len(correlations)
    others = correlations[np.triu_indices(count, 1)]
    if (others > _ALIKE).all():
        return np.zeros(count, dtype=np.int64)
    features = np.sqrt((1 - correlations) / 2)
    return best_clusters(features, distances(features), starts, np.random.default_rng(seed))


def _by_first(labels: Ints) -> Ints:
    """Return the labels in the order of the clusters' first columns."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    renamed: Ints = order[inverse]
    return renamed


def _joined(members: Floats) -> Floats:
    """Return one series of several, weighted by inverse variance."""
    if members.shape[1] == 1:
        return members[:, 0]
    weights = 1 / members.var(axis=0, ddof=1)
    series: Floats = members @ (weights / weights.sum())
    return series
