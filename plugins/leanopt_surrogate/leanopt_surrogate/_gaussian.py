"""A Gaussian process: Matern 5/2 with one length scale per axis, and an effect per level.

The sum of the effects models what no smooth function can: ripples, and single levels that are good
or bad regardless of the others [additive kernels: Duvenaud et al. 2011].
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
from attrs import frozen

from leanopt_surrogate._grid import Floats, Ints

#: Log-normal priors: median and standard deviation of the logarithm. Lengths grow with the root of
#: the number of axes [Hvarfner, Hellsten, Nardi 2024]; 0.7 is for seven.
LENGTH, SIGNAL, NOISE, EFFECTS = (0.7, 0.9), (1.0, 0.8), (0.02, 1.5), (0.02, 1.5)
SEVEN = 7
#: The bounds of the parameters' logarithms.
BOUNDS = (-9.0, 4.0)
ITERATIONS = 25


@frozen
class Kernel:
    """Length scales by axis, variances of signal, noise and the levels' effects."""

    lengths: Floats
    signal: float
    noise: float
    effects: float

    def between(self, a: Floats, b: Floats, axis_of_column: Ints) -> Floats:
        """Return the covariances of the points with coordinates `a` and `b`."""
        shared = self.effects * _shared(a, b, axis_of_column)
        scale = self.lengths[axis_of_column]
        a, b = a / scale, b / scale
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * (a @ b.T)
        root = sqrt(5) * np.sqrt(np.maximum(squares, 0))
        covariance: Floats = self.signal * (1 + root + root**2 / 3) * np.exp(-root)
        covariance += shared
        return covariance


@frozen
class Process:
    """A kernel conditioned on points and values, and on outstanding points at their own mean."""

    kernel: Kernel
    axis_of_column: Ints
    x: Floats
    weights: Floats
    factor: Floats

    @classmethod
    def condition(
        cls, kernel: Kernel, axis_of_column: Ints, x: Floats, y: Floats, waiting: Floats
    ) -> Process:
        """Return the process given values `y` at `x`.

        Outstanding points do not change the mean; the deviation there is that of a completed trial.
        """
        from scipy.linalg import cho_solve, cholesky

        everything = np.concatenate([x, waiting])
        covariance = kernel.between(everything, everything, axis_of_column)
        covariance[np.diag_indices_from(covariance)] += kernel.noise + 1e-8
        factor: Floats = cholesky(covariance, lower=True)
        weights = cho_solve((factor[: len(x), : len(x)], True), y)
        return cls(kernel, axis_of_column, everything, weights, factor)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation."""
        from scipy.linalg import solve_triangular

        covariance = self.kernel.between(self.x, x, self.axis_of_column)
        mean = covariance[: len(self.weights)].T @ self.weights
        solved = solve_triangular(self.factor, covariance, lower=True, check_finite=False)
        variance = self.kernel.signal + self.kernel.effects - (solved**2).sum(0)
        return mean, np.sqrt(np.maximum(variance, 1e-12))


def fit_kernel(x: Floats, y: Floats, axis_of_column: Ints, axes: int) -> Kernel:
    """Return the kernel of the highest posterior density, searched from the priors' medians."""
    from scipy.optimize import minimize

    priors = [(LENGTH[0] * sqrt(axes / SEVEN), LENGTH[1])] * axes + [SIGNAL, NOISE, EFFECTS]
    medians, spreads = np.log([median for median, _ in priors]), np.array(priors)[:, 1]
    squares = _squares(x, axis_of_column, axes)
    shared = _shared(x, x, axis_of_column)

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, slope = _loss(logs, squares, shared, y)
        away = (logs - medians) / spreads
        return value + float(away @ away) / 2, slope + away / spreads

    found: Any = minimize(
        loss,
        medians,
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS] * len(medians),
        options={"maxiter": ITERATIONS},
    )
    values = np.exp(found.x)
    return Kernel(values[:axes], *values[axes:].tolist())


def _squares(x: Floats, axis_of_column: Ints, axes: int) -> Floats:
    """Return the squared distances along each axis: axes by points by points."""
    squares = np.zeros((axes, len(x), len(x)))
    for column, axis in enumerate(axis_of_column.tolist()):
        squares[axis] += np.square(x[:, column, None] - x[:, column])
    return squares


def _shared(a: Floats, b: Floats, axis_of_column: Ints) -> Floats:
    """Return the share of axes on which each point of `a` has the level of each of `b`."""
    firsts = np.flatnonzero(np.diff(axis_of_column, prepend=-1))
    # A weighted sum of columns gives each level its own number, even for choices.
    weights = np.arange(1, len(axis_of_column) + 1)
    a, b = (np.add.reduceat(x * weights, firsts, axis=1).T.copy() for x in (a, b))
    count = np.zeros((a.shape[1], b.shape[1]), np.uint16)
    for ours, theirs in zip(a, b, strict=True):
        count += (ours[:, None] == theirs).view(np.uint8)
    share: Floats = count / len(firsts)
    return share


def _loss(logs: Floats, squares: Floats, shared: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the negative log likelihood and its gradient in the logarithms of the parameters."""
    from scipy.linalg import cho_solve, cholesky

    axes = len(squares)
    precision = np.exp(-2 * logs[:axes])
    signal, noise, effects = np.exp(logs[axes:])
    root = np.sqrt(5 * np.tensordot(precision, squares, 1))
    decay = signal * np.exp(-root)
    covariance = (1 + root + root**2 / 3) * decay
    diagonal = np.diag_indices_from(covariance)
    noisy = covariance + effects * shared
    noisy[diagonal] += noise + 1e-8
    factor = cholesky(noisy, lower=True, check_finite=False)
    inverse = cho_solve((factor, True), np.eye(len(y)), check_finite=False)
    weights = inverse @ y
    value = y @ weights / 2 + np.log(factor[diagonal]).sum() + len(y) * log(2 * np.pi) / 2
    pull = inverse - np.outer(weights, weights)
    along = np.tensordot(squares, pull * decay * (1 + root) * (5 / 3), 2) * precision
    of_noise, of_effects = noise * pull[diagonal].sum(), effects * (pull * shared).sum()
    slope = np.array([*along, (pull * covariance).sum(), of_noise, of_effects]) / 2
    return float(value), slope
