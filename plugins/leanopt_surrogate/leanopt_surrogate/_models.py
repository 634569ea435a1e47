"""The fitted models, kept until enough trials are new; each depends on the completed trials only.

A model is fitted to a prefix of the completed trials, whose length depends on their number, with
its own random generator. So it is the same whenever it is fitted, even after a resume.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np
from attrs import define, field
from numpy.random import default_rng

from leanopt_core.api import derive_seed
from leanopt_surrogate._cuts import BestCuts, RandomCuts
from leanopt_surrogate._growth import grow
from leanopt_surrogate._likelihood import fit_kernel
from leanopt_surrogate._scores import standard_scores

if TYPE_CHECKING:
    from leanopt_surrogate._archive import Archive
    from leanopt_surrogate._forest import Forest
    from leanopt_surrogate._gaussian import Kernel
    from leanopt_surrogate._grid import Floats, Ints
    from leanopt_surrogate._schedule import Schedule

Kind: TypeAlias = Literal["forest", "extra", "feasible"]
Part = TypeVar("Part")

TREES = 30
#: Forests: the share of columns tried for a cut, and the fewest entries of a node to cut.
SHARES = {"forest": 3 / 7, "extra": 5 / 7, "feasible": 4 / 7}
LEAST = {"forest": 3, "extra": 3, "feasible": 4}
#: Forests are grown again after 1/32 more trials, kernels fitted again after 1/10 more.
GROWN, FITTED = 32, 10
#: The most trials that a kernel is fitted to, half of them the best.
KERNEL_TRIALS = 200


@define
class Models:
    """Grows forests and fits kernels when they are due, to the trials of `archive`."""

    archive: Archive
    seed: int
    schedule: Schedule
    kept: dict[str, tuple[Any, Any]] = field(factory=dict)

    def forest(self, kind: Kind) -> Forest:
        """Return the trees of a forest of scores, or of feasibility."""
        return self._part(kind, GROWN, lambda count, seed: self._grow(kind, count, seed))

    def kernel(self) -> Kernel:
        """Return the kernel of the process, for the values of `measurements`."""
        return self._part("kernel", FITTED, self._fit)

    def size(self, most: int) -> int:
        """Return the number of what a model has `most` of at leisure: see `Schedule.size`."""
        return self.schedule.size(self.archive.told, most)

    def _part(self, name: str, share: int, make: Callable[[int, int], Part]) -> Part:
        told = self.archive.told
        # A model of as many trials is of another size where asks begin to keep up with a rate.
        made_of = self.schedule.fitted(told, share), self.size(TREES)
        if self.kept.get(name, (None, None))[0] != made_of:
            fitted, _ = made_of
            # A part of an archive has the last trials at its end.
            count = len(self.archive) - (told - fitted)
            self.kept[name] = (made_of, make(count, derive_seed(self.seed, name, fitted)))
        part: Part = self.kept[name][1]
        return part

    def _grow(self, kind: Kind, count: int, seed: int) -> Forest:
        random = default_rng(seed)
        x = self.archive.coordinates[:count]
        feasibility = self.archive.feasible[:count].astype(np.float64)
        target = feasibility if kind == "feasible" else self.archive.scores(count)
        tried = ceil(x.shape[1] * SHARES[kind])
        cutter = RandomCuts(x, tried) if kind == "extra" else BestCuts(x, tried)
        trees = self.size(TREES)
        whole = np.tile(np.arange(count), (trees, 1))
        samples = whole if kind == "extra" else random.integers(0, count, (trees, count))
        return grow(x, target, samples, cutter, LEAST[kind], random)

    def _fit(self, count: int, seed: int) -> Kernel:
        grid = self.archive.grid
        rows, values = measurements(self.archive, self.size(KERNEL_TRIALS), seed, count)
        x = self.archive.coordinates[rows]
        return fit_kernel(x, values, grid.axis_of_column, len(grid.lengths))


def measurements(
    archive: Archive, most: int, seed: int, count: int | None = None
) -> tuple[Ints, Floats]:
    """Return up to `most` of the first `count` trials that have an objective, and their values.

    Infeasible trials say as much about the objective as others. Theirs are at most the best
    feasible one: a few trades may give a Sharpe ratio that would make all others look alike. They
    are not among the best half. While few are feasible, any trial counts, by its score.
    """
    if archive.few_feasible(count):
        scores = archive.scores(count)
        rows = best_half(scores, np.arange(len(scores)), most, seed)
        return rows, scores[rows]
    feasible, objective = archive.feasible[:count], archive.objective[:count]
    top = objective[feasible].max()
    merit = np.where(feasible, objective, -np.inf)
    rows = best_half(merit, np.flatnonzero(archive.measured[:count]), most, seed)
    return rows, standard_scores(np.minimum(objective[rows], top))


def best_half(merit: Floats, rows: Ints, most: int, seed: int) -> Ints:
    """Return at most `most` of the rows, in order: half are the best, the others random."""
    if len(rows) <= most:
        return rows
    order = rows[np.argsort(-merit[rows], kind="stable")]
    others = default_rng(seed).permutation(order[most // 2 :])[: most - most // 2]
    return np.sort(np.concatenate([order[: most // 2], others]))
