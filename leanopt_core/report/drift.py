"""How the parameters of chosen trials move from window to window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from attrs import asdict, frozen

from leanopt_core.space import Axis, Space


@frozen
class Drift:
    """How one parameter moves between a window and the next one that has a value of it.

    `changes` counts the moves among `compared`. `steps` is the mean distance in steps of the grid,
    `largest` the longest, and `share` is `steps` as a share of the parameter's range. They are None
    for choices without order, and if there is nothing to compare.
    """

    parameter: str
    changes: int
    compared: int
    steps: float | None = None
    largest: int | None = None
    share: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON values."""
        return asdict(self)


def drifts(space: Space, chosen: Sequence[int]) -> tuple[Drift, ...]:
    """Return the drift of each searched parameter; `chosen` are grid indexes, window by window."""
    points = [space.point_at(index) for index in chosen]
    counts = [space.active(point) for point in points]
    return tuple(
        _drift(axis, [p[at] for p, active in zip(points, counts, strict=True) if active[at]])
        for at, axis in enumerate(space.axes)
        if len(axis) > 1
    )


def _drift(axis: Axis, levels: Sequence[int]) -> Drift:
    moves = [abs(after - before) for before, after in pairwise(levels)]
    found = Drift(axis.name, sum(move > 0 for move in moves), len(moves))
    if not moves or not axis.ordered:
        return found
    steps = sum(moves) / len(moves)
    return Drift(
        *(axis.name, found.changes, found.compared, steps, max(moves)),
        steps / (len(axis) - 1),
    )
