"""Scores of results for the models, robust against extreme values."""

from __future__ import annotations

import numpy as np

from leanopt_surrogate._grid import Bools, Floats

#: See `standard_scores`.
FALL = 5.0


def ranks(values: Floats) -> Floats:
    """Return ranks from 1, the lowest value's; equal values share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    shared: Floats = (last - (count - 1) / 2)[place]
    return shared


def normal_scores(values: Floats) -> Floats:
    """Return the normal scores of the values' ranks [Blom 1958]."""
    from scipy.special import ndtri

    scores: Floats = ndtri((ranks(values) - 0.375) / (len(values) + 0.25))
    return scores


def trial_scores(objective: Floats, badness: Floats, feasible: Bools) -> Floats:
    """Return normal scores of the trials' ranks, in which any feasible trial is above all others.

    Feasible trials rank by objective. Of the others a smaller violation is better, and a failure is
    the worst.
    """
    place = np.empty(len(objective))
    place[~feasible] = ranks(-badness[~feasible])
    place[feasible] = ranks(objective[feasible]) + (~feasible).sum()
    return normal_scores(place)


def standard_scores(values: Floats) -> Floats:
    """Return values of mean 0 and standard deviation 1; all 0 if they are equal.

    Values are clipped at `FALL` times the distance from the median to the best, below the median,
    so that a few very bad trials do not make all others look alike. If more than half are the best,
    the median is that of the others.
    """
    values = values / max(np.abs(values).max(), np.finfo(np.float64).tiny)
    middle, best = np.median(values), values.max()
    if middle == best > values.min():
        middle = np.median(values[values < best])
    values = np.maximum(values, middle - FALL * (best - middle))
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
