"""The events of a run, and the contract of a screen that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from attrs import define, frozen

from leanopt_core.sinks.base import TrialRecord
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.trial import Score
from leanopt_core.work import Outcome


@frozen
class Preparing:
    """A step before the run starts, such as a build."""

    message: str


@frozen
class RunStarted:
    """The run has started."""

    run: StoredRun
    plan: Mapping[str, Any]
    workers: int
    resumed: bool


@frozen
class Warned:
    """A warning for the user."""

    message: str


@frozen
class Noted:
    """A remark for the user that is no warning, such as which run continues."""

    message: str


@frozen
class StageStarted:
    """A stage of a search has started; searches count from 1."""

    search: int
    stage: str


@frozen
class StageEnded:
    """A stage of a search has ended; searches count from 1."""

    search: int
    stage: str
    reason: str


@frozen
class SearchEnded:
    """A search has ended; searches count from 1."""

    search: int
    reason: str


# Not frozen: each trial has one, and a frozen one takes three times as long to make.
@define
class TrialTold:
    """A method was told a trial; `replayed` if that happened before the run was resumed.

    `because` is what the method said of its proposal, JSON as text.
    """

    record: TrialRecord
    replayed: bool = False
    because: str | None = None


@frozen
class TrialTested:
    """A trial was scored by tests of the same days, given by their indexes and their names.

    `objective` is what the search found. A resumed run scores the trials of all searches again.
    """

    search: int
    number: int
    tests: tuple[int, ...]
    names: tuple[str, ...]
    objective: float | None
    score: Score


# Not frozen: each backtest has one, and a frozen one takes three times as long to make.
@define
class BacktestEnded:
    """A backtest has run, in this many seconds, on the worker of this number."""

    outcome: Outcome
    seconds: float
    worker: int


@frozen
class BacktestCached:
    """A backtest was found in the cache."""


@frozen
class Ahead:
    """How many outcomes are there of trials that are not told yet; sent before a view is due."""

    outcomes: int


@frozen
class RunEnded:
    """The run has ended."""

    state: RunState


RunEvent: TypeAlias = (
    Preparing
    | RunStarted
    | Warned
    | Noted
    | StageStarted
    | StageEnded
    | SearchEnded
    | TrialTold
    | TrialTested
    | BacktestEnded
    | BacktestCached
    | Ahead
    | RunEnded
)


class StillScreen:
    """What a screen is like that is never redrawn."""

    def tick(self) -> None:
        """Do nothing."""

    def patience(self) -> float | None:
        """Return None: nothing is redrawn."""
        return None


class Screen(Protocol):
    """Shows a run to the user; called on the main thread."""

    def observe(self, event: RunEvent) -> None:
        """Take an event; show it now or at the next `tick`."""
        ...

    def tick(self) -> None:
        """Redraw if it is due."""
        ...

    def patience(self) -> float | None:
        """Return the maximum seconds until the next `tick`, None for no limit."""
        ...
