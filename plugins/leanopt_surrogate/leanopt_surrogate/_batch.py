"""Several proposals from one fitted model: good candidates that are apart from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

if TYPE_CHECKING:
    from numpy.random import Generator

    from leanopt_core.api import AskContext, Point, Proposal
    from leanopt_surrogate._grid import Floats

#: A proposal takes from candidates nearby what they promise; two axes' steps away it is little.
NEAR = 0.1
#: Of so many candidates per proposal, the best, each is chosen.
WIDE = 16
#: The origin of any point, once no candidate is feasible and new.
LEFT = "left"


@define
class Batch:
    """The proposals that follow from what was told when the batch began.

    They are made by the first ask that needs one: a resumed run makes them as the first run did, or
    not at all. `taken` counts asks, refused ones too. `made` are the points that were proposed.
    A point of origin "left" ends the batch: the models have no more to propose.
    """

    context: AskContext
    size: int
    taken: int = 0
    made: list[Point] = field(factory=list)
    proposals: list[Proposal] | None = None
    _used_up: bool = False

    @property
    def over(self) -> bool:
        """Return whether the next ask begins another batch."""
        return self._used_up or self.taken == self.size

    def make(self, proposal: Proposal) -> None:
        """Add a proposal, from this process or from the store."""
        self.made.append(proposal.point)
        self._used_up = proposal.origin == LEFT

    def refused(self, point: Point) -> None:
        """Take a proposal back; the store does not say what was refused, so it ends no batch."""
        self.made.remove(point)
        self._used_up = False


def spread_best(merit: Floats, x: Floats, count: int, random: Generator) -> list[int]:
    """Return up to `count` indices of high merit, a logarithm; the first has the highest.

    Each choice penalises the candidates around it, in the manner of local penalisation [Gonzalez,
    Dai, Hennig, Lawrence 2016]. Of equal candidates a random one is chosen.
    """
    chosen = [int(random.choice(np.flatnonzero(merit == merit.max())))]
    if count == 1:
        return chosen
    rows = np.argsort(-merit, kind="stable")[: WIDE * count]
    rows = np.append(rows[rows != chosen[0]], chosen)
    merit, x, at = merit[rows] + random.random(len(rows)) * 1e-9, x[rows], len(rows) - 1
    while True:
        squares = np.square(x - x[at]).sum(axis=1) / NEAR**2
        merit += np.log(-np.expm1(-np.maximum(squares, 1e-9) / 2))
        merit[at] = -np.inf
        at = int(np.argmax(merit))
        if len(chosen) == min(count, len(rows)):
            return chosen
        chosen.append(int(rows[at]))
