"""Proposals of a search method and the trials it is told."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from leanopt_core.read_only import by_name, read_only
from leanopt_core.space import Point

if TYPE_CHECKING:
    from leanopt_core.statistics import Statistics
    from leanopt_core.work import Failure


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
    """A grid point to try; `origin` says how the method chose it.

    `because` explains the choice to people: JSON values by name, together at most 4 kB as JSON. It
    is stored and shown with the trial; it is not part of the canonical dump.
    """

    point: Point
    origin: str = ""
    because: Mapping[str, Any] | None = None


@frozen
class Violation:
    """A violated constraint and the size of the violation, relative to the bound."""

    constraint: str
    size: float


@frozen
class Penalty:
    """A violated soft constraint, and the amount by which it lowers the objective."""

    constraint: str
    amount: float


@frozen
class Score:
    """The score of a trial.

    `fitness` is the fitness function's value, made worse by the `penalties` of violated soft
    constraints; `objective` is the same, negated if lower is better. Both are None, with `reasons`,
    if there is none. With several fitness functions they are those of the first, or of `scalar`,
    and `objectives` has one of each function, in their order, the higher the better; it is empty
    without a fitness. With one function it is `objective` alone. `violation` is the sum of the
    sizes of all `violations`, 0 if every constraint holds. `values` are further named values of the
    fitness function, read-only. `failure` is the failure category if a backtest of the trial
    failed. `pruned_at` is None if all scenarios judged the trial, else the last step that judged
    it, from 0.
    """

    fitness: float | None = None
    objective: float | None = None
    violation: float = 0.0
    violations: tuple[Violation, ...] = ()
    reasons: tuple[str, ...] = ()
    # The order must be the same whether the values come from memory or from the store.
    values: Mapping[str, float] = field(factory=dict, converter=by_name)
    failure: str | None = None
    pruned_at: int | None = None
    penalties: tuple[Penalty, ...] = ()
    objectives: tuple[float, ...] = field()

    @objectives.default
    def _only(self) -> tuple[float, ...]:
        return () if self.objective is None else (self.objective,)

    @property
    def complete(self) -> bool:
        """Return whether all scenarios judged the trial."""
        return self.pruned_at is None

    @property
    def feasible(self) -> bool:
        """Return whether the trial has a fitness and no violation."""
        return self.objective is not None and self.violation == 0


@frozen
class Trial:
    """A finished trial as its method is told it; numbers count from 1 within the search.

    `statistics` are those of each scenario's backtest, by the scenario's name; None if it failed.
    `failures` say why, for the failed ones only. All mappings are read-only.
    """

    number: int
    stage: str
    point: Point
    origin: str
    score: Score
    statistics: Mapping[str, Statistics | None] = field(factory=dict, converter=read_only)
    failures: Mapping[str, Failure] = field(factory=dict, converter=read_only)

    @property
    def complete(self) -> bool:
        """Return whether all scenarios judged the trial; others never rank as best."""
        return self.score.complete
