"""The search method itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from leanopt_core.api import DONE, WAIT, Proposal, Signal
from leanopt_euler._scope import Scope, whole

if TYPE_CHECKING:
    from leanopt_core.api import (
        AskContext,
        History,
        Point,
        Space,
        StageStart,
        TellContext,
        Told,
        Trial,
    )
    from leanopt_euler import EulerOptions

#: A sort key of trials, best first: feasible ones by objective, those that were pruned after the
#: others, then by violation.
Standing: TypeAlias = tuple[int, float]


def standing(objective: float | None, violation: float, *, complete: bool) -> Standing | None:
    """Return the sort key of a trial with this objective and violation, None if it failed."""
    if violation > 0:
        return (2, violation)
    return None if objective is None else (0 if complete else 1, -objective)


class EulerSearch:
    """Tries a grid over the whole space, then finer and finer ones around the best point so far.

    A pass needs all results of the previous one, so it waits for them.
    """

    def __init__(self, options: EulerOptions, start: StageStart) -> None:
        self._segments = options.segments
        self._space = start.space
        self._seeds = start.seeds
        self._scopes = whole(start.space, options.segments, options.min_step)
        self._pass = 1
        self._points = _grid(self._space, self._scopes)
        self._begun = False
        self._seen: set[Point] = set()
        self._best: tuple[Standing, Told | Trial] | None = None
        #: What the proposals of this pass have in common.
        self._because = {"pass": 1}
        self._outstanding = 0
        #: Why the search ended, empty until then.
        self.reason = ""

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the pass's next new point; `DONE` after the finest pass, or without a usable one.

        Failed backtests count like others, even as the last of a pass.
        """
        if not self._begun:
            self._begin(context.history)
        while not self.reason:
            for point in self._points:
                if point not in self._seen:
                    self._seen.add(point)
                    self._outstanding += 1
                    return Proposal(point, f"pass {self._pass}", self._because)
            if self._outstanding:
                return WAIT
            self._close_in()
        return DONE

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Keep the best trial."""
        self._outstanding -= 1
        self._note(trial.score.objective, trial.score.violation, trial)

    def refused(self, point: Point) -> None:
        """Learn nothing: all points that were proposed or tried are known already."""

    def _begin(self, history: History) -> None:
        self._begun = True
        self._seen = {told.point for told in history}
        for told in (self._seeds if len(self._seeds) else history).best(1):
            self._note(told.objective, told.violation, told)

    def _note(self, objective: float | None, violation: float, trial: Told | Trial) -> None:
        found = standing(objective, violation, complete=trial.complete)
        if found is not None and (self._best is None or found < self._best[0]):
            self._best = found, trial

    def _close_in(self) -> None:
        """Begin the next pass, or set the reason why there is none."""
        if all(scope.fine for scope in self._scopes):
            self.reason = "finest step"
        elif self._best is None:
            self.reason = "no result to close in on"
        else:
            centre = self._best[1]
            pairs = zip(self._scopes, centre.point, strict=True)
            self._scopes = [scope.closer(level, self._segments) for scope, level in pairs]
            self._points = _grid(self._space, self._scopes)
            self._pass += 1
            self._because = {"pass": self._pass, "centre": centre.number}


def _grid(space: Space, scopes: list[Scope]) -> Iterator[Point]:
    """Yield the feasible points of a pass, the last axis fastest."""
    levels = [scope.levels for scope in scopes]
    if not space.conditions:
        return filter(space.feasible, product(*levels))
    order = [space.names.index(name) for name in space.controllers_first(space.names)]
    return filter(space.feasible, _canonical(space, levels, order, [0] * len(levels)))


def _canonical(
    space: Space, levels: Sequence[Sequence[int]], order: Sequence[int], point: list[int]
) -> Iterator[Point]:
    """Yield the points of these levels, inactive parameters at their first value.

    The axes in `order` are still to be set; all that decides whether the first of them is active
    has been set.
    """
    if not order:
        yield tuple(point)
        return
    axis, *rest = order
    for level in levels[axis] if space.active(tuple(point))[axis] else (0,):
        point[axis] = level
        yield from _canonical(space, levels, rest, point)


def create(options: EulerOptions, start: StageStart) -> EulerSearch:
    """Return the search; raises PluginError if `min_step` does not fit the parameters."""
    return EulerSearch(options, start)
