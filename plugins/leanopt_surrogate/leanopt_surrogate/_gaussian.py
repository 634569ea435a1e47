"""A Gaussian process with a power exponential kernel: one length scale per axis, and one power.

The correlation of two points is exp(-sum((d / length)^power)) of their distances d along the axes
[Sacks, Welch, Mitchell, Wynn 1989]. The data choose the power: near 2 the function is smooth, near
1 it is rough, with steps along single axes as trees have them.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from leanopt_surrogate._grid import Floats, Ints

#: What is added to the diagonal, for the factorisation.
JITTER = 1e-8


@frozen
class Kernel:
    """Length scales by axis, the power, variances of signal and noise."""

    lengths: Floats
    power: float
    signal: float
    noise: float

    def between(self, a: Floats, b: Floats, axis_of_column: Ints) -> Floats:
        """Return the covariances of the points with coordinates `a` and `b`."""
        total = np.zeros((len(a), len(b)))
        ours, theirs = positions(a, axis_of_column), positions(b, axis_of_column)
        for length, column, other in zip(self.lengths, ours.T, theirs.T, strict=True):
            # Many points share a level: the power is taken once for each.
            values, place = np.unique(column, return_inverse=True)
            total += ((apart(values[:, None], other) / length) ** self.power)[place]
        np.negative(total, out=total)
        covariance: Floats = np.exp(total, out=total)
        covariance *= self.signal
        return covariance


@frozen
class Process:
    """A kernel conditioned on points and values, and on outstanding points at their own mean.

    `weights` are those of the values, `whitening` is the inverse of the covariance's factor.
    """

    kernel: Kernel
    axis_of_column: Ints
    x: Floats
    weights: Floats
    whitening: Floats

    @classmethod
    def condition(
        cls, kernel: Kernel, axis_of_column: Ints, x: Floats, y: Floats, waiting: Floats
    ) -> Process:
        """Return the process given values `y` at `x`.

        Outstanding points do not change the mean; the deviation there is that of a completed trial.
        """
        from scipy.linalg import cho_solve, cholesky
        from scipy.linalg.lapack import dtrtri

        everything = np.concatenate([x, waiting])
        covariance = kernel.between(everything, everything, axis_of_column)
        covariance[np.diag_indices_from(covariance)] += kernel.noise + JITTER
        factor: Floats = cholesky(covariance, lower=True)
        weights = cho_solve((factor[: len(x), : len(x)], True), y)
        whitening, _ = dtrtri(factor, lower=1)
        return cls(kernel, axis_of_column, everything, weights, whitening)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation."""
        from scipy.linalg.blas import dtrmm

        covariance = self.kernel.between(x, self.x, self.axis_of_column)
        mean = covariance[:, : len(self.weights)] @ self.weights
        whitened = dtrmm(1.0, self.whitening, covariance.T, lower=1, overwrite_b=1)
        variance = self.kernel.signal - np.einsum("ij,ij->j", whitened, whitened)
        return mean, np.sqrt(np.maximum(variance, 1e-12))


def positions(x: Floats, axis_of_column: Ints) -> Floats:
    """Return a number per axis; different choices are at least 1 apart."""
    firsts = np.flatnonzero(np.diff(axis_of_column, prepend=-1))
    # A choice's columns hold 0 and sqrt(1/2): positions of its values are multiples of sqrt(2).
    order = 1 + np.arange(len(axis_of_column)) - firsts[axis_of_column]
    widths = np.bincount(axis_of_column)[axis_of_column]
    weights = np.where(widths > 1, 2.0 * order, 1.0)
    found: Floats = np.add.reduceat(x * weights, firsts, axis=1)
    return found


def apart(a: Floats, b: Floats) -> Floats:
    """Return the distances of positions on one axis; those of different choices are 1."""
    return np.minimum(np.abs(a - b), 1.0)
