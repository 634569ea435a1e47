"""Proposals of a search method and the trials it is told."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import field, frozen

from leanopt_core.space import Point


class Signal(Enum):
    """An answer of a method other than a proposal."""

    WAIT = "wait"
    DONE = "done"


#: Ask again after the next told trial.
WAIT: Final = Signal.WAIT
#: This method has nothing more to propose.
DONE: Final = Signal.DONE


@frozen
class Proposal:
    """A grid point to try; `origin` says how the method chose it."""

    point: Point
    origin: str = ""


@frozen
class Violation:
    """A violated constraint and the size of the violation, relative to the bound."""

    constraint: str
    size: float


@frozen
class Score:
    """The score of a trial.

    `fitness` is the fitness function's value; `objective` is the same, negated if lower is better.
    Both are None, with `reasons`, if there is none. `violation` is the sum of the sizes of all
    `violations`, 0 if every constraint holds. `values` are further named values of the fitness
    function. `failure` is the failure category if a backtest of the trial failed.
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
        """Return whether the trial has a fitness and no violation."""
        return self.objective is not None and self.violation == 0


@frozen
class Trial:
    """A finished trial as its method is told it; numbers count from 1 within the search."""

    number: int
    stage: str
    point: Point
    origin: str
    score: Score
