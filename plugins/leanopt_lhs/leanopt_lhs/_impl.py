"""The search method itself: makes the design at the first ask, then proposes its points."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Final

from leanopt_core.api import DONE, PluginError, Proposal, Signal, derive_seed
from leanopt_lhs._designs import DESIGNS, quasi_monte_carlo
from leanopt_lhs._repair import Repair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leanopt_core.api import AskContext, Point, Space, StageStart, TellContext, Trial
    from leanopt_lhs import LhsOptions

#: Grids up to this size are searched completely for feasible points (seconds at worst).
LOOKED_THROUGH: Final = 1_000_000
#: Random points of a larger grid to draw at last, for all rows that nothing else repairs.
LAST_DRAWS: Final = 1_000_000


class LatinHypercube:
    """Proposes a design of `count` new points that covers each axis evenly.

    If no more than `count` feasible points are left, it proposes all of them; the origin says so.
    """

    def __init__(self, design: str, space: Space, seed: int, count: int) -> None:
        self._design = design
        self._space = space
        self._seed = seed
        self._count = count
        self._proposals: Iterator[Proposal] | None = None

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the design's next point, `DONE` after the last."""
        if self._proposals is None:
            known = frozenset(told.point for told in context.history)
            self._proposals = self._everything(known) or self._designed(known)
        return next(self._proposals, DONE)

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing: the design is fixed beforehand."""

    def refused(self, point: Point) -> None:
        """Learn nothing: the design has no repeated point and none that was tried before."""

    def _everything(self, known: frozenset[Point]) -> Iterator[Proposal] | None:
        """Return all points that are left, in random order, or None if they are too many."""
        space = self._space
        # Of a grid with conditions, a small part can be all there is.
        most = (space.sampling.size if space.conditions else None) or space.grid_size
        if most > max(self._count, LOOKED_THROUGH):
            return None
        free = (point for point in self._space.sample(self._seed) if point not in known)
        points = list(islice(free, self._count + 1))
        if len(points) > self._count:
            return None
        origin = f"all {len(points)} points {'left' if known else 'of the space'}"
        if len(points) < self._count:
            origin += f", fewer than the {self._count} asked for"
        return _proposals(points, origin)

    def _designed(self, known: frozenset[Point]) -> Iterator[Proposal]:
        random = Random(derive_seed(self._seed, "design"))  # noqa: S311 - reproducible search
        lengths = [len(axis) for axis in self._space.axes]
        rows = DESIGNS[self._design](lengths, self._count, random)
        repair = Repair(self._space, rows, random, known)
        if self._design != "sobol":  # exchanges of single levels would spoil its points
            repair.exchange()
        repair.redraw()
        repair.replace(self._anywhere(lengths, random))
        points = repair.points()
        if not points:
            raise PluginError(
                f"none of {LAST_DRAWS} random points is new and satisfies constraints.parameters"
            )
        origin = f"{self._design} design"
        if len(points) < self._count:
            origin += f", {len(points)} of {self._count} points: no more feasible ones were found"
        return _proposals(points, origin)

    def _anywhere(self, lengths: list[int], random: Random) -> Iterator[Point]:
        """Return points in random order: all feasible ones, or a limited number of draws."""
        few = self._space.grid_size <= LOOKED_THROUGH or self._space.sampling.how != "rejection"
        if few or self._space.conditions:
            return self._space.sample(random.getrandbits(63))
        return (tuple(map(random.randrange, lengths)) for _ in range(LAST_DRAWS))


def _proposals(points: Sequence[Point], origin: str) -> Iterator[Proposal]:
    count = len(points)
    return (
        Proposal(point, origin, {"point": number, "points": count})
        for number, point in enumerate(points, 1)
    )


def create(options: LhsOptions, start: StageStart) -> LatinHypercube:
    """Return the design's stage.

    Raises PluginError if the stage has no number of trials, or the design needs SciPy and it is not
    installed.
    """
    if start.trials is None:
        raise PluginError(
            "lhs needs the number of points; set trials in its [[stage]], as trials = 128"
        )
    if options.design != "random":
        quasi_monte_carlo()
    return LatinHypercube(options.design, start.space, start.seed, start.trials)
