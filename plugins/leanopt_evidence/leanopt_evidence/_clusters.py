"""k-means with the number of clusters chosen by silhouettes."""

from __future__ import annotations

import numpy as np
from scipy.cluster.vq import ClusterError, kmeans2
from scipy.spatial.distance import cdist

from leanopt_evidence._inputs import ROUNDING, Floats, Ints

_STEPS = 30
#: Rows that are equal up to here are one point: k-means finds no more clusters than points.
_DIGITS = 9


def distances(features: Floats) -> Floats:
    """Return the Euclidean distances of all rows from each other."""
    found: Floats = cdist(features, features)
    return found


def best_clusters(
    features: Floats, apart: Floats, starts: int, generator: np.random.Generator
) -> Ints:
    """Return the cluster of each row: of the k of the best silhouettes, the smaller one on ties."""
    count = len(features)
    best, chosen = -np.inf, np.arange(count)
    points = len(np.unique(features.round(_DIGITS), axis=0))
    for clusters in range(2, min(count - 1, points) + 1):
        labels = _k_means(features, clusters, starts, generator)
        if labels is not None and (found := quality(silhouettes(apart, labels))) > best:
            best, chosen = found, labels
    return chosen


def _k_means(
    features: Floats, clusters: int, starts: int, generator: np.random.Generator
) -> Ints | None:
    """Return the labels of the start with the least squares; None if a cluster is always empty."""
    least, chosen = np.inf, None
    for _ in range(starts):
        try:
            centres, labels = kmeans2(
                features, clusters, iter=_STEPS, minit="++", missing="raise", rng=generator
            )
        except ClusterError:
            continue
        squares = float(((features - centres[labels]) ** 2).sum())
        if squares < least and len(np.unique(labels)) == clusters:
            least, chosen = squares, labels.astype(np.int64)
    return chosen


def silhouettes(apart: Floats, labels: Ints) -> Floats:
    """Return (b - a) / max(a, b) of each row, 0 in a cluster of one."""
    members = labels[:, None] == np.arange(labels.max() + 1)
    sizes = members.sum(axis=0)
    sums = apart @ members
    own = np.arange(len(labels)), labels
    within = sums[own] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    found = np.where(larger > 0, (nearest - within) / np.where(larger > 0, larger, 1), 0.0)
    result: Floats = np.where(sizes[labels] == 1, 0.0, found)
    return result


def quality(found: Floats) -> float:
    """Return mean / standard deviation of silhouettes: without a spread, infinite or 0."""
    mean, spread = float(found.mean()), float(found.std())
    if spread <= ROUNDING:
        return float(np.inf) if mean > ROUNDING else 0.0
    return mean / spread
