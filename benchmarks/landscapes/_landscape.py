"""A search space with the outcome of every point: what a search on it could have found is known."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from leanopt_core.trial import Score, Violation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from leanopt_core.space import Point, Space

    Floats = NDArray[np.float64]


@define(eq=False, slots=False)
class Landscape:
    """Arrays by a point's rank. Higher objectives are better; NaN, here alone, means none.

    `violation` is above 0 where a constraint on results is violated. Points that violate a
    constraint between parameters count for nothing.
    """

    name: str
    about: str
    space: Space
    objective: Floats
    violation: Floats
    _allowed: NDArray[np.bool_] | None = None

    def score(self, point: Point) -> Score:
        """Return the score of the trial at a point."""
        index = self.space.grid_index(point)
        objective, violation = float(self.objective[index]), float(self.violation[index])
        known = None if np.isnan(objective) else objective
        return Score(
            fitness=known,
            objective=known,
            violation=violation,
            violations=(Violation("results", violation),) if violation else (),
            reasons=() if known is not None else ("the results are not worth judging",),
        )

    @cached_property
    def valid(self) -> Floats:
        """Return the objectives of all points that count, best first."""
        counts = ~np.isnan(self.objective) & (self.violation == 0)
        if self._allowed is not None:
            counts &= self._allowed
        return np.sort(self.objective[counts])[::-1]

    @property
    def size(self) -> int:
        """Return the number of points that the constraints between parameters leave."""
        return self.objective.size if self._allowed is None else int(self._allowed.sum())

    @property
    def best(self) -> float:
        """Return the objective of the best point."""
        return float(self.valid[0])

    def regret_of_top(self, count: int) -> float:
        """Return the regret of the worst among the `count` best points; their equals count too."""
        return self.best - float(self.valid[min(count, len(self.valid)) - 1])

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash of the outcomes, which says whether kept results still hold."""
        return sha256(self.objective.tobytes() + self.violation.tobytes()).hexdigest()[:16]


def allowed(space: Space) -> NDArray[np.bool_]:
    """Return by rank whether a point keeps to the constraints between parameters."""
    whole = np.ones([len(axis) for axis in space.axes], bool)
    for constraint in space.constraints:
        shape = [len(axis) if axis.name in constraint.names else 1 for axis in space.axes]
        holds = np.empty(shape, bool)
        for levels in np.ndindex(*shape):
            values = {axis.name: axis.value(k) for axis, k in zip(space.axes, levels, strict=True)}
            holds[levels] = constraint.holds({**space.fixed, **values})
        whole &= holds
    return whole.reshape(-1)


def levels(space: Space) -> list[NDArray[np.int64]]:
    """Return the level on each axis of every point, as arrays that broadcast to the grid."""
    return list(np.ix_(*(np.arange(len(axis)) for axis in space.axes)))
