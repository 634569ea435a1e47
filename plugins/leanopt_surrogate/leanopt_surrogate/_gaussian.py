"""A Gaussian process: Matern 5/2, one length scale an axis, at their most probable values."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
from attrs import frozen

from leanopt_surrogate._grid import Floats, Ints

#: Log-normal priors: median and standard deviation of the logarithm. Lengths grow with the root of
#: the number of axes [Hvarfner, Hellsten, Nardi 2024]; 0.7 is for seven.
LENGTH, SIGNAL, NOISE = (0.7, 0.9), (1.0, 0.8), (0.02, 1.5)
SEVEN = 7
#: Logarithms of the parameters are kept within.
BOUNDS = (-9.0, 4.0)
ITERATIONS = 25


@frozen
class Kernel:
    """Length scales by axis, variances of signal and noise."""

    lengths: Floats
    signal: float
    noise: float

    def between(self, a: Floats, b: Floats, axis_of_column: Ints) -> Floats:
        """Return the covariances of the points with coordinates `a` and `b`."""
        scale = self.lengths[axis_of_column]
        a, b = a / scale, b / scale
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * (a @ b.T)
        root = sqrt(5) * np.sqrt(np.maximum(squares, 0))
        covariance: Floats = self.signal * (1 + root + root**2 / 3) * np.exp(-root)
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

        Outstanding points leave the mean as it is; there the process is as sure as if told.
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
        variance = self.kernel.signal - (solved**2).sum(0)
        return mean, np.sqrt(np.maximum(variance, 1e-12))


def fit_kernel(x: Floats, y: Floats, axis_of_column: Ints, axes: int) -> Kernel:
    """Return the kernel of the highest posterior density, sought from the priors' medians on."""
    from scipy.optimize import minimize

    medians = np.log([LENGTH[0] * sqrt(axes / SEVEN)] * axes + [SIGNAL[0], NOISE[0]])
    spreads = np.array([LENGTH[1]] * axes + [SIGNAL[1], NOISE[1]])
    squares = _squares(x, axis_of_column, axes)

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, slope = _misfit(logs, squares, y)
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
    return Kernel(values[:axes], float(values[axes]), float(values[axes + 1]))


def _squares(x: Floats, axis_of_column: Ints, axes: int) -> Floats:
    """Return the squared distances along each axis: axes by points by points."""
    squares = np.zeros((axes, len(x), len(x)))
    for column, axis in enumerate(axis_of_column.tolist()):
        squares[axis] += np.square(x[:, column, None] - x[:, column])
    return squares


def _misfit(logs: Floats, squares: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the negative log likelihood and its gradient in the logarithms of the parameters."""
    from scipy.linalg import cho_solve, cholesky

    axes = len(squares)
    precision = np.exp(-2 * logs[:axes])
    signal, noise = np.exp(logs[axes:])
    root = np.sqrt(5 * np.tensordot(precision, squares, 1))
    decay = signal * np.exp(-root)
    covariance = (1 + root + root**2 / 3) * decay
    diagonal = np.diag_indices_from(covariance)
    noisy = covariance.copy()
    noisy[diagonal] += noise + 1e-8
    factor = cholesky(noisy, lower=True, check_finite=False)
    inverse = cho_solve((factor, True), np.eye(len(y)), check_finite=False)
    weights = inverse @ y
    value = y @ weights / 2 + np.log(factor[diagonal]).sum() + len(y) * log(2 * np.pi) / 2
    pull = inverse - np.outer(weights, weights)
    along = np.tensordot(squares, pull * decay * (1 + root) * (5 / 3), 2) * precision
    slope = [*(along / 2), (pull * covariance).sum() / 2, noise * pull[diagonal].sum() / 2]
    return float(value), np.array(slope)
