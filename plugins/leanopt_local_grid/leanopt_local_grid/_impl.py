"""The search method itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from leanopt_core.api import DONE, WAIT, Proposal, Signal
from leanopt_local_grid._near import nearest_first

if TYPE_CHECKING:
    from random import Random

    from leanopt_core.api import AskContext, History, Point, StageStart, TellContext, Trial
    from leanopt_local_grid import LocalGridOptions

#: A sort key of trials, best first: feasible ones by objective, those that were pruned after the
#: others, then by violation, then the failed.
Standing: TypeAlias = tuple[int, float]

_FAILED: Standing = (3, 0.0)


def standing(objective: float | None, violation: float, *, complete: bool) -> Standing:
    """Return the sort key of a trial with this objective and violation."""
    if violation > 0:
        return (2, violation)
    return _FAILED if objective is None else (0 if complete else 1, -objective)


class LocalGrid:
    """Proposes new points around the best trials, in turns, nearest first.

    If no earlier trial is usable, it draws random points until one is. To climb is to restart
    around each trial that is better than all before.
    """

    def __init__(self, options: LocalGridOptions, start: StageStart) -> None:
        self._options = options
        self._space = start.space
        self._seeds = start.seeds
        self._random_points = start.space.sample(start.seed)
        self._begun = False
        self._seen: set[Point] = set()
        self._best = _FAILED
        #: Centres whose neighbours are still to come, as trial numbers and points.
        self._centres: list[tuple[int, Point]] = []
        self._turns: deque[Iterator[Proposal]] = deque()
        self._outstanding = 0
        #: Why the search ended, empty until then.
        self.reason = ""

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next neighbour; `DONE` after the last, and when climbing cannot continue."""
        if not self._begun:
            self._begun = True
            self._begin(context.history)
        proposal = self._next(context.random())
        if proposal is not None:
            self._outstanding += 1
            return proposal
        if self._outstanding and (self._options.climb or self._best == _FAILED):
            return WAIT
        self.reason = self._end()
        return DONE

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Note the first usable result; in a climb, continue around each better one."""
        self._outstanding -= 1
        score = trial.score
        found = standing(score.objective, score.violation, complete=score.complete)
        if found < self._best and (self._options.climb or self._best == _FAILED):
            self._best = found
            self._centres = [(trial.number, trial.point)]

    def refused(self, point: Point) -> None:
        """Learn nothing: all points that were proposed or tried are known already."""

    def _begin(self, history: History) -> None:
        self._seen.update(told.point for told in history)
        for source in (self._seeds, history):
            best = source.best(self._options.top_n)
            standings = [
                standing(told.objective, told.violation, complete=told.complete) for told in best
            ]
            if standings and standings[0] < _FAILED:
                self._best = standings[0]
                # Once there are feasible centres, infeasible ones would waste trials.
                alike = [s[0] for s in standings].count(self._best[0])
                self._centres = [(told.number, told.point) for told in best[:alike]]
                return

    def _next(self, random: Random) -> Proposal | None:
        if self._best == _FAILED:
            return next(self._new(self._random_points, "random", None), None)
        if self._centres:
            self._turns = deque(self._around(*centre, random) for centre in self._centres)
            self._centres = []
        while self._turns:
            proposal = next(self._turns[0], None)
            if proposal is None:
                self._turns.popleft()
            else:
                self._turns.rotate(-1)
                return proposal
        return None

    def _around(self, number: int, centre: Point, random: Random) -> Iterator[Proposal]:
        near = nearest_first(self._space, centre, self._options.radius, random)
        proposals = self._new(near, f"near trial {number}", number)
        return islice(proposals, self._options.max_neighbors)

    def _new(self, points: Iterator[Point], origin: str, centre: int | None) -> Iterator[Proposal]:
        """Yield proposals of the points that are not known, and make them known."""
        for number, point in enumerate(points, 1):
            if point not in self._seen:
                self._seen.add(point)
                because = {"sample": number}
                if centre is not None:
                    because = {"centre": centre, "neighbour": number}
                yield Proposal(point, origin, because)

    def _end(self) -> str:
        if self._best == _FAILED:
            return "no result to start from"
        if not self._options.climb:
            return "all neighbours tried"
        cut = self._options.max_neighbors is not None
        return "no better one among max_neighbors" if cut else "local optimum"


def create(options: LocalGridOptions, start: StageStart) -> LocalGrid:
    """Return the search around the best trials of `seed_from`, or of all earlier stages."""
    return LocalGrid(options, start)
