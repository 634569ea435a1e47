"""The search method itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leanopt_core.api import DONE, Proposal, Signal
from leanopt_grid._walk import feasible_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.api import AskContext, NoOptions, Point, StageStart, TellContext, Trial

#: After so many refusals in a row, look up the points of earlier stages.
PATIENCE: Final = 10


class GridSearch:
    """Proposes every feasible point in order, without keeping any.

    Points of earlier stages are refused and skipped; only after many in a row are they kept in
    memory.
    """

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = enumerate(points, 1)
        self._known: frozenset[Point] = frozenset()

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next point, `DONE` after the last."""
        if context.attempt == PATIENCE:
            self._known = frozenset(told.point for told in context.history)
        for number, point in self._points:
            if point not in self._known:
                return Proposal(point, "grid", {"point": number})
        return DONE

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing: all points are tried, whatever their results."""

    def refused(self, point: Point) -> None:
        """Learn nothing: the next ask continues."""


def create(options: NoOptions, start: StageStart) -> GridSearch:  # noqa: ARG001 - the contract's
    """Return an exhaustive search of the whole space."""
    return GridSearch(feasible_points(start.space))
