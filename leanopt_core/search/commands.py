"""The values that the state machine takes and yields: rules, stored proposals, commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from attrs import define, field, frozen

from leanopt_core.fitness import FitnessContext
from leanopt_core.search.calls import Calls
from leanopt_core.space import Point
from leanopt_core.stage import Stage, StageStart, Told
from leanopt_core.trial import Proposal, Trial


@frozen
class StageRule:
    """A stage: how to build its method, and when it ends.

    `target` is an objective (higher is better). `label` names the stage and its distribution,
    which has this `version`. `seed_from` names earlier stages, whose told trials the method starts
    from. `calls` notes the calls of its method.
    """

    name: str
    label: str
    build: Callable[[StageStart], Stage]
    trials: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    target: float | None = None
    seed_from: tuple[str, ...] = ()
    version: str = ""
    calls: Calls = field(factory=Calls, eq=False, repr=False)


@frozen
class Budget:
    """The most trials of a search that may be told; `ended` is then why it ends."""

    trials: int
    ended: str


def least(*counts: int | None) -> int | None:
    """Return the smallest count; None means no limit."""
    return min((count for count in counts if count is not None), default=None)


def most_told(stages: Iterable[int | None], budget: Budget | None) -> int | None:
    """Return the most trials of a search, given those of its stages; None without a limit."""
    trials = list(stages)
    all_stages = None if None in trials else sum(one for one in trials if one is not None)
    return least(all_stages, budget.trials if budget else None)


@frozen
class Stop:
    """Why a search ends after a told trial, or with `stage_only` its stage.

    `reason` is for the user. `ended` is the word for it: `stop` if a plugin stops the search.
    """

    reason: str
    ended: str = "stop"
    stage_only: bool = False


@frozen
class Recorded:
    """A stored proposal, for replay; `told` trials of the stage had been told before it.

    `version` is that of the distribution that proposed it.
    """

    stage: str
    point: Point
    origin: str
    attempt: int
    told: int
    version: str = ""
    because: Mapping[str, Any] | None = None


@frozen
class StageStarted:
    """Command: record that stage `index` starts."""

    index: int


# Not frozen: each trial has one, and a frozen one takes three times as long to make.
@define
class Propose:
    """Command: record this proposal and backtest it at rung 0; score it with this `context`.

    `because` is the proposal's as JSON text, None without one, and of a proposal that is stored.
    """

    number: int
    index: int
    proposal: Proposal
    grid_index: int
    attempt: int
    told: int
    context: FitnessContext
    # The proposal has it too, so a replayed one is equal.
    because: str | None = field(default=None, eq=False)


@frozen
class Promote:
    """Command: backtest this trial under the scenarios of this rung that it lacks."""

    number: int
    rung: int


# Not frozen: each trial has one, and a frozen one takes three times as long to make.
@define
class Tell:
    """Command: record that this trial has been told; `stop` may be called before continuing."""

    index: int
    trial: Trial


@frozen
class Withdraw:
    """Command: stop the backtests of these trials; they are never told."""

    index: int
    numbers: tuple[int, ...]


@frozen
class StageEnded:
    """Command: record that stage `index` has ended, and why."""

    index: int
    reason: str


@frozen
class Test:
    """Command: backtest these trials under the tests of the search, which no method is told.

    `context` is what the fitness function may know of the search.
    """

    trials: tuple[Told, ...]
    context: FitnessContext


@frozen
class SearchEnded:
    """Command: record that the search has ended, and why."""

    reason: str


SearchCommand: TypeAlias = (
    StageStarted | Propose | Promote | Tell | Withdraw | StageEnded | Test | SearchEnded
)
