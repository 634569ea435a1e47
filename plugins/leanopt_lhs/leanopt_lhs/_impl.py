"""The search method itself: makes the design when first asked, then hands it out."""

from __future__ import annotations

from collections import deque
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Final

from leanopt_core.canonical import derive_seed
from leanopt_core.trial import DONE, Proposal, Signal
from leanopt_lhs._designs import DESIGNS, quasi_monte_carlo
from leanopt_lhs._repair import Repair

if TYPE_CHECKING:
    from leanopt_core.space import Point, Space
    from leanopt_core.stage import AskContext, StageStart
    from leanopt_core.trial import Trial
    from leanopt_lhs import LhsOptions

#: Points an axis where the stage names no number of trials: the rule of thumb of Loeppky, Sacks and
#: Welch 2009, Choosing the sample size of a computer experiment.
POINTS_PER_AXIS: Final = 10
#: Grids up to this size are looked through for whether they hold more points than the design.
LOOKED_THROUGH: Final = 100_000


class LatinHypercube:
    """Proposes a design of `trials` points, each axis covered evenly.

    A space with no more feasible points than that is proposed whole, and the origin says so. A
    point that an earlier stage had is replaced by its nearest free neighbour.
    """

    def __init__(self, options: LhsOptions, start: StageStart) -> None:
        self._design = options.design
        self._space = start.space
        self._seed = start.seed
        self._count = start.trials or POINTS_PER_AXIS * max(len(start.space.axes), 1)
        self._origin = f"{options.design} design"
        self._repair: Repair | None = None
        self._queue: deque[Point] | None = None

    def ask(self, context: AskContext) -> Proposal | Signal:  # noqa: ARG002 - the contract's
        """Return the design's next point, `DONE` after the last."""
        if self._queue is None:
            self._queue = deque(self._points())
        if not self._queue:
            return DONE
        return Proposal(self._queue.popleft(), self._origin)

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the design is fixed beforehand."""

    def refused(self, point: Point) -> None:
        """Put the nearest free point in the place of `point`."""
        substitute = self._repair.substitute(point) if self._repair else None
        if self._queue is not None and substitute is not None:
            self._queue.appendleft(substitute)

    def _points(self) -> list[Point]:
        whole = _whole(self._space, self._seed, self._count)
        if whole is not None:
            self._origin = f"all {len(whole)} points of the grid"
            if len(whole) < self._count:
                self._origin += f", fewer than the {self._count} asked for"
            return whole
        random = Random(derive_seed(self._seed, "design"))  # noqa: S311 - reproducible search
        lengths = [len(axis) for axis in self._space.axes]
        rows = DESIGNS[self._design](lengths, self._count, random)
        self._repair = Repair(self._space, rows, random)
        if self._design != "sobol":  # its points lie well together, not by axis
            self._repair.exchange()
        self._repair.redraw()
        self._repair.replace()
        return self._repair.points()


def _whole(space: Space, seed: int, count: int) -> list[Point] | None:
    """Return every feasible point, shuffled, where there are at most `count`, else None."""
    if space.grid_size > max(count, LOOKED_THROUGH):
        return None
    points = list(islice(space.sample(derive_seed(seed, "whole")), count + 1))
    return points if len(points) <= count else None


def create(options: LhsOptions, start: StageStart) -> LatinHypercube:
    """Return the design's stage; PluginError where the design needs SciPy and there is none."""
    if options.design != "random":
        quasi_monte_carlo()
    return LatinHypercube(options, start)
