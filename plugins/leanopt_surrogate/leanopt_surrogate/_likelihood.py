"""The most probable kernel of a Gaussian process: likelihood, its gradient, and priors."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
from attrs import frozen

from leanopt_surrogate._gaussian import JITTER, Kernel, apart, positions
from leanopt_surrogate._grid import Floats, Ints

#: Log-normal priors: median and standard deviation of the logarithm. Lengths grow with the root of
#: the number of axes [Hvarfner, Hellsten, Nardi 2024]; 1.2 is for seven.
LENGTH, SIGNAL, NOISE = (1.2, 0.9), (1.0, 0.8), (0.02, 1.5)
SEVEN = 7
#: The prior of the power's logit: a power of 1.
POWER = (0.0, 1.0)
#: The bounds of the parameters' logarithms, and of the logit.
BOUNDS = (-9.0, 4.0)
ITERATIONS = 25


def fit_kernel(x: Floats, y: Floats, axis_of_column: Ints, axes: int) -> Kernel:
    """Return the kernel of the highest posterior density, searched from the priors' medians."""
    from scipy.optimize import minimize

    priors = [(LENGTH[0] * sqrt(axes / SEVEN), LENGTH[1])] * axes + [SIGNAL, NOISE]
    medians = np.array([*(log(median) for median, _ in priors), POWER[0]])
    spreads = np.array([*(spread for _, spread in priors), POWER[1]])
    pairs = Pairs.of(x, axis_of_column)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        value, slope = _loss(parameters, pairs, y)
        away = (parameters - medians) / spreads
        return value + float(away @ away) / 2, slope + away / spreads

    ends, options = [BOUNDS] * len(medians), {"maxiter": ITERATIONS}
    found: Any = minimize(loss, medians, jac=True, method="L-BFGS-B", bounds=ends, options=options)
    *values, logit = found.x.tolist()
    *lengths, signal, noise = np.exp(values)
    return Kernel(np.array(lengths), _power(logit), float(signal), float(noise))


@frozen
class Pairs:
    """All pairs of different points: first and second, and where their distances are in `logs`.

    `logs` are the logarithms of each axis's different distances, axis by axis: on a grid few.
    `place` is by axis and pair.
    """

    first: Ints
    second: Ints
    logs: Floats
    axis: Ints
    place: Ints

    @classmethod
    def of(cls, x: Floats, axis_of_column: Ints) -> Pairs:
        """Return the pairs of the points with coordinates `x`."""
        first, second = np.tril_indices(len(x), -1)
        found = [
            np.unique(apart(column[first], column[second]), return_inverse=True)
            for column in positions(x, axis_of_column).T
        ]
        counts = [len(values) for values, _ in found]
        before = np.cumsum([0, *counts[:-1]])
        logs = np.log(np.maximum(np.concatenate([values for values, _ in found]), 1e-300))
        place = np.array([rows + start for (_, rows), start in zip(found, before, strict=True)])
        return cls(first, second, logs, np.repeat(np.arange(len(found)), counts), place)


def _loss(parameters: Floats, pairs: Pairs, y: Floats) -> tuple[float, Floats]:
    """Return the negative log likelihood and its gradient.

    `parameters` are the logarithms of lengths, signal and noise, and the power's logit.
    """
    from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

    axes, count = len(pairs.place), len(y)
    signal, noise = np.exp(parameters[axes:-1])
    power = _power(parameters[-1])
    scaled = pairs.logs - parameters[pairs.axis]
    terms = np.exp(power * scaled)
    covariance = signal * np.exp(-terms[pairs.place].sum(axis=0))
    matrix = np.zeros((count, count), order="F")
    matrix[pairs.first, pairs.second] = covariance
    matrix[np.diag_indices(count)] = signal + noise + JITTER
    factor, _ = dpotrf(matrix, lower=1, overwrite_a=1)
    weights, _ = dpotrs(factor, y, lower=1)
    value = y @ weights / 2 + np.log(factor.diagonal()).sum() + count * log(2 * np.pi) / 2
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    # A pair is in the matrix twice, which makes good that the derivatives are halves.
    pull = inverse[pairs.first, pairs.second] - weights[pairs.first] * weights[pairs.second]
    pull *= covariance
    trace = (inverse.diagonal() - weights**2).sum() / 2
    terms *= power * np.bincount(pairs.place.ravel(), np.tile(pull, axes), len(terms))
    along = np.bincount(pairs.axis, terms, axes)
    bend = -float(terms @ scaled) * (1 - power / 2)
    return float(value), np.array([*along, pull.sum() + signal * trace, noise * trace, bend])


def _power(logit: float) -> float:
    """Return the power, from 0 to 2, beyond which no such kernel is valid."""
    return 2 / (1 + exp(-logit))
