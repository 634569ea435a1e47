"""The search method itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leanopt_core.api import DONE, Proposal, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.api import AskContext, Point, StageStart, TellContext, Trial
    from leanopt_points import PointsOptions


class GivenPoints:
    """Proposes the points that it was given, in order; those of earlier stages are skipped."""

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = enumerate(points, 1)

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the next point that has not been tried, `DONE` after the last."""
        for number, point in self._points:
            if context.history.find(point) is None:
                return Proposal(point, "points", {"point": number})
        return DONE

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Learn nothing: results do not decide which points are tried."""

    def refused(self, point: Point) -> None:
        """Learn nothing: the next ask continues."""


def create(options: PointsOptions, start: StageStart) -> GivenPoints:
    """Return the points of the options, which leanopt has checked, as a search method."""
    return GivenPoints(map(start.space.point, options.points))
