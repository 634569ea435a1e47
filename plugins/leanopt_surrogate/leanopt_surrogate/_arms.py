"""The portfolio's arms: each is a model of the completed trials, with its acquisition function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import frozen

from leanopt_core.api import derive_seed
from leanopt_surrogate._forest import Leaves
from leanopt_surrogate._gaussian import Process
from leanopt_surrogate._improvement import log_improvement
from leanopt_surrogate._joint import JointForest
from leanopt_surrogate._models import measurements

if TYPE_CHECKING:
    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._grid import Bools, Floats
    from leanopt_surrogate._models import Kind, Models

#: Forests must beat the best score by this much. Many parameters have no effect in places, so the
#: best has equal neighbours; a smaller margin would try these one by one.
MARGIN = 0.1
#: The most trials that the process is conditioned on, half of them the best.
PROCESS_TRIALS = 350
#: The most outstanding points that it is conditioned on, the latest: its cost is the cube of all.
PROCESS_WAITING = 350
#: The lowest probability of feasibility.
UNLIKELIEST = 0.02


class Arm(Protocol):
    """A model that rates points."""

    def acquisition(self, x: Floats) -> Floats:
        """Return the logarithm of the expected improvement."""
        ...


@frozen
class ForestArm:
    """A forest of scores; `goal` is the score to beat."""

    forest: JointForest
    goal: float

    @classmethod
    def build(cls, archive: Archive, models: Models, kind: Kind, among: Bools) -> ForestArm:
        """Return the arm, whose goal is to beat the best of the trials `among`."""
        scores = archive.scores()
        leaves = told_leaves(archive, models, kind, scores)
        waiting = archive.grid.coordinates(archive.waiting())
        forest = JointForest.condition(leaves, waiting)
        return cls(forest, float(scores[among].max()) + MARGIN)

    def acquisition(self, x: Floats) -> Floats:
        """Return log expected improvement."""
        return log_improvement(*self.forest.predict(x), self.goal)


@frozen
class GaussianArm:
    """A Gaussian process of measured trials, and a forest that predicts feasibility."""

    process: Process
    best: float
    feasibility: Leaves | None

    @classmethod
    def build(cls, archive: Archive, models: Models, among: Bools) -> GaussianArm:
        """Return the arm, whose goal is to beat the best of the trials `among`."""
        seed = derive_seed(models.seed, "process", len(archive))
        rows, values = measurements(archive, models.size(PROCESS_TRIALS), seed)
        process = Process.condition(
            models.kernel(),
            archive.grid.axis_of_column,
            archive.coordinates[rows],
            values,
            archive.grid.coordinates(archive.waiting()[-PROCESS_WAITING:]),
        )
        few = archive.few_feasible()
        rivals = values[among[rows] & (archive.feasible[rows] | few)]
        best = float(rivals.max() if rivals.size else values.min())
        if few or archive.feasible.all():
            return cls(process, best, None)
        return cls(process, best, feasibility_leaves(archive, models))

    def acquisition(self, x: Floats) -> Floats:
        """Return log expected improvement, plus the logarithm of the probability of feasibility."""
        improvement = log_improvement(*self.process.predict(x), self.best)
        if self.feasibility is None:
            return improvement
        likely, _ = self.feasibility.predict(self.feasibility.forest.find(x))
        return improvement + np.log(np.maximum(likely, UNLIKELIEST))


def told_leaves(archive: Archive, models: Models, kind: Kind, target: Floats) -> Leaves:
    """Return a forest with the targets of all completed trials, without growing it again."""
    forest = models.forest(kind)
    later = forest.find(archive.coordinates[forest.samples :])
    return Leaves.fill(forest, target, later, target[forest.samples :])


def feasibility_leaves(archive: Archive, models: Models) -> Leaves:
    """Return a forest of feasibility: 1 and 0 for completed trials, less than expected for others.

    Outstanding points count a standard deviation below their mean, so that workers spread: between
    the kriging believer and the constant liar [Ginsbourger, Le Riche, Carraro 2010].
    """
    target = archive.feasible.astype(np.float64)
    told = told_leaves(archive, models, "feasible", target)
    waiting = archive.waiting()
    if not len(waiting):
        return told
    forest = told.forest
    found = forest.find(archive.grid.coordinates(waiting))
    mean, deviation = told.predict(found)
    later = forest.find(archive.coordinates[forest.samples :])
    since = np.concatenate([target[forest.samples :], mean - deviation])
    return Leaves.fill(forest, target, np.hstack([later, found]), since)
