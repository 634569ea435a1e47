"""A forest as a joint normal distribution: each of its trees is a sample of the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

if TYPE_CHECKING:
    from leanopt_surrogate._forest import Leaves
    from leanopt_surrogate._grid import Floats

#: The least variance of a result, for leaves of equal targets: these are no proof.
NOISE = 0.01


@frozen
class JointForest:
    """A forest's predictions given outstanding points at their own mean.

    Two points vary together as their values in the trees do. So an outstanding point lowers the
    deviation of points that most trees put into leaves like its own, and no mean: as in a Gaussian
    process [kriging believer: Ginsbourger, Le Riche, Carraro 2010], whose covariance has the rank
    of the number of trees. `factor` is the lower Cholesky factor of the precision of the trees'
    weights.
    """

    leaves: Leaves
    factor: Floats

    @classmethod
    def condition(cls, leaves: Leaves, waiting: Floats) -> JointForest:
        """Return the forest given the coordinates of outstanding points, by rows."""
        from scipy.linalg import cholesky

        prior = np.eye(leaves.forest.trees)
        forest = cls(leaves, prior)
        if not len(waiting):
            return forest
        _, away, within = forest._parts(waiting)
        scaled = away / np.sqrt(np.maximum(within, NOISE))
        return evolve(forest, factor=cholesky(prior + scaled @ scaled.T, lower=True))

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation; without outstanding points, those of the leaves."""
        from scipy.linalg import solve_triangular

        mean, away, within = self._parts(x)
        solved = solve_triangular(self.factor, away, lower=True, check_finite=False)
        return mean, np.sqrt((solved**2).sum(axis=0) + within)

    def _parts(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Return mean, each tree's distance from it, and the mean variance within leaves.

        The squares of a point's distances add up to the variance between the trees.
        """
        found = self.leaves.forest.find(x)
        means = self.leaves.mean[found]
        mean = means.mean(axis=0)
        return mean, (means - mean) / np.sqrt(len(means)), self.leaves.variance[found].mean(axis=0)
