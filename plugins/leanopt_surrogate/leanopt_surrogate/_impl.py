"""The search method itself: spread points first, then the models' proposals."""

from __future__ import annotations

from functools import partial
from itertools import islice
from sys import maxsize
from typing import TYPE_CHECKING, Final

from attrs import evolve
from numpy.random import default_rng

from leanopt_core.api import DONE, ComparableObjectives, Proposal, Signal, derive_seed
from leanopt_surrogate._archive import Archive
from leanopt_surrogate._batch import LEFT, Batch
from leanopt_surrogate._choice import choose
from leanopt_surrogate._design import spread_design
from leanopt_surrogate._grid import Grid
from leanopt_surrogate._models import Models
from leanopt_surrogate._schedule import Schedule
from leanopt_surrogate._seen import Seen
from leanopt_surrogate._threads import load, one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.api import AskContext, Point, StageStart, TellContext, Trial
    from leanopt_surrogate import SurrogateOptions

#: The fewest told trials for the models.
TOLD: Final = 8
#: The largest part of the stage's trials to spread before them.
PART: Final = 3


class Surrogate:
    """Proposes the points that models of the completed trials find most promising.

    A batch of proposals depends only on the trials completed and outstanding when it began, and on
    the context of its first ask. The archive is as it was then.
    """

    def __init__(self, start: StageStart, options: SurrogateOptions) -> None:
        grid = Grid(start.space)
        self._archive = Archive(grid, comparable=ComparableObjectives(start.same_scale))
        self._seen = Seen(self._archive, start.seed)
        self._schedule = Schedule(options.asks_per_second, start.lookahead)
        self._models = Models(self._archive, start.seed, self._schedule)
        trials = start.trials or maxsize
        self._initial = min(options.initial, max(TOLD, trials // PART))
        size = min(max(self._initial, start.lookahead + TOLD), trials)
        random = default_rng(derive_seed(start.seed, "design"))
        self._design = spread_design(grid, size, random)
        self._everything = partial(start.space.sample, start.seed)
        self._rest: Iterator[Point] = self._everything()
        self._passed_over = False
        self._batch: Batch | None = None
        self._batches = 0

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next spread point, the models' choice, or any point left; then `DONE`."""
        if self._passed_over and context.attempt == 0:
            # The store does not say what was refused: a resumed run begins here, too.
            self._rest, self._passed_over = self._everything(), False
        batch = self._taken(context)
        if batch.proposals is None:
            batch.proposals = self._proposals(batch)
        place = batch.taken - 1
        found = batch.proposals[place] if place < len(batch.proposals) else self._left(batch)
        if found is None:
            return DONE
        batch.make(found)
        return found

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Take a stored proposal, without fitting models."""
        for attempt in range(context.attempt + 1):
            batch = self._taken(evolve(context, attempt=attempt))
        batch.make(proposal)

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing yet: the next batch reads the history."""

    def refused(self, point: Point) -> None:
        """Forget that the point was proposed: it is completed or outstanding already."""
        if self._batch is not None:
            self._batch.refused(point)
            self._passed_over = True

    def _taken(self, context: AskContext) -> Batch:
        """Return the batch of this ask, a new one if the last is used up."""
        batch = self._batch
        if batch is None or batch.over:
            for point in batch.made if batch else ():
                self._archive.propose(point)
            self._archive.read(context.history)
            size = 1
            if not self._spreads():
                self._archive.models_begin()
                size = self._schedule.batch(self._archive.told)
            self._batch = batch = Batch(context, size)
            self._batches += 1
        batch.taken += 1
        return batch

    def _spreads(self) -> bool:
        archive = self._archive
        return len(archive.known) < self._initial or len(archive) < TOLD

    def _proposals(self, batch: Batch) -> list[Proposal]:
        if self._spreads():
            load()
            points = (point for point in self._design if point not in self._archive.known)
            return [Proposal(point, "spread", self._because()) for point in islice(points, 1)]
        self._models.archive = self._seen.now()
        random = batch.context.generator()
        with one_thread():
            return choose(self._models.archive, self._models, self._batches, batch.size, random)

    def _left(self, batch: Batch) -> Proposal | None:
        """Return the next point, in a random order of the whole space, that is not known."""
        for point in self._rest:
            if point not in self._archive.known and point not in batch.made:
                return Proposal(point, LEFT, self._because())
        return None

    def _because(self) -> dict[str, int]:
        return {"told": self._archive.told}


def create(options: SurrogateOptions, start: StageStart) -> Surrogate:
    """Return the stage."""
    return Surrogate(start, options)
