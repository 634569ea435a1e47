"""The search method itself: spread points first, then the models' proposals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from numpy.random import default_rng

from leanopt_core.api import DONE, Proposal, Signal, derive_seed
from leanopt_surrogate._archive import Archive
from leanopt_surrogate._choice import choose
from leanopt_surrogate._design import spread_design
from leanopt_surrogate._grid import Grid
from leanopt_surrogate._models import Models
from leanopt_surrogate._threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.api import AskContext, Point, StageStart, TellContext, Trial
    from leanopt_surrogate import SurrogateOptions

#: The fewest completed trials for the models.
TOLD: Final = 8


class Surrogate:
    """Proposes the points that models of the completed trials find most promising.

    An ask depends only on the completed trials, the outstanding ones and the context.
    """

    def __init__(self, start: StageStart, initial: int) -> None:
        grid = Grid(start.space)
        self._archive = Archive(grid)
        self._models = Models(self._archive, start.seed)
        self._initial = initial
        random = default_rng(derive_seed(start.seed, "design"))
        self._design = spread_design(grid, max(initial, start.lookahead + TOLD), random)
        self._rest: Iterator[Point] = start.space.sample(start.seed)

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next spread point, the models' choice, or any point left; then `DONE`."""
        archive = self._archive
        archive.read(context.history)
        proposal = self._spread() or self._chosen(context) or self._left()
        if proposal is None:
            return DONE
        archive.propose(proposal.point)
        return proposal

    def adopt(self, context: AskContext, proposal: Proposal) -> None:  # noqa: ARG002 - the contract's
        """Take a stored proposal, without fitting models."""
        self._archive.propose(proposal.point)

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Note that a trial is not outstanding any more; the history has its result."""
        self._archive.outstanding.pop(trial.point, None)

    def refused(self, point: Point) -> None:
        """Learn nothing: completed and outstanding points are never proposed."""

    def _spread(self) -> Proposal | None:
        archive = self._archive
        if len(archive.known) >= self._initial and len(archive) >= TOLD:
            return None
        point = next((point for point in self._design if point not in archive.known), None)
        return self._left() if point is None else Proposal(point, "spread", self._because())

    def _chosen(self, context: AskContext) -> Proposal | None:
        if not len(self._archive):
            return None
        with one_thread():
            return choose(self._archive, self._models, context.number, context.generator())

    def _left(self) -> Proposal | None:
        """Return the next point, in a random order of the whole space, that is not known."""
        for point in self._rest:
            if point not in self._archive.known:
                return Proposal(point, "left", self._because())
        return None

    def _because(self) -> dict[str, int]:
        return {"told": len(self._archive)}


def create(options: SurrogateOptions, start: StageStart) -> Surrogate:
    """Return the stage."""
    return Surrogate(start, options.initial)
