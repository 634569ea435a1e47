"""What a search method proposes and is told: frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import field, frozen

from leanopt_core.space import Point


class Signal(Enum):
    """What a method may answer instead of a proposal."""

    WAIT = "wait"
    DONE = "done"


#: Ask again after one more trial has been told.
WAIT: Final = Signal.WAIT
#: This method has nothing more to propose.
DONE: Final = Signal.DONE


@frozen
class Proposal:
    """A point of the grid that a method wants tried; `origin` says how it came to it."""

    point: Point
    origin: str = ""


@frozen
class Violation:
    """A violated constraint and its size: 0 would be holding, 1 is the bound's own size away."""

    constraint: str
    size: float


@frozen
class Score:
    """What scoring made of a trial's backtests.

    `fitness` is in the fitness function's own direction, `objective` the same number turned so that
    higher is better; both None where there is none, with the `reasons`. `violation` is the sum of
    the sizes of all `violations`, 0 where every constraint holds. `values` are further named values
    of a fitness function that gives several. `failure` is the failure category where a backtest
    of the trial failed.
    """

    fitness: float | None = None
    objective: float | None = None
    violation: float = 0.0
    violations: tuple[Violation, ...] = ()
    reasons: tuple[str, ...] = ()
    values: Mapping[str, float] = field(factory=dict)
    failure: str | None = None

    @property
    def feasible(self) -> bool:
        """Say whether the trial has a fitness and violates nothing."""
        return self.objective is not None and self.violation == 0


@frozen
class Trial:
    """A finished trial as its method is told it; numbers count within the search, from 1."""

    number: int
    stage: str
    point: Point
    origin: str
    score: Score
