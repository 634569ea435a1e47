"""The search method itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import DONE, Proposal, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.api import AskContext, NoOptions, Point, StageStart, TellContext, Trial


class RandomSearch:
    """Draws feasible points uniformly without repeats; done when the space is exhausted.

    It keeps no list of drawn points: the space's permutation never repeats one. Points that earlier
    stages tried are skipped.
    """

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = points
        self._drawn = 0

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next point, `DONE` after the last."""
        for point in self._points:
            self._drawn += 1
            if context.history.find(point) is None:
                return Proposal(point, "random", {"sample": self._drawn})
        return DONE

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing: a random search does not look at results."""

    def refused(self, point: Point) -> None:
        """Learn nothing: the next ask draws the next point."""


def create(options: NoOptions, start: StageStart) -> RandomSearch:  # noqa: ARG001 - the contract's
    """Return a random search of the whole space, in the order of the stage's seed."""
    return RandomSearch(start.space.sample(start.seed))
