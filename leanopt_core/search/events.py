"""What happens in a run, as values, and the contract of whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from leanopt_core.sinks.base import TrialRecord
from leanopt_core.store.records import RunState, StoredRun
from leanopt_core.work import Outcome


@frozen
class Preparing:
    """Something is done before the run begins, as a build."""

    message: str


@frozen
class RunStarted:
    """The run is at work."""

    run: StoredRun
    plan: Mapping[str, Any]
    workers: int
    resumed: bool


@frozen
class Warned:
    """The run's owner should know something."""

    message: str


@frozen
class StageStarted:
    """A stage of a search begins; searches count from 1."""

    search: int
    stage: str


@frozen
class StageEnded:
    """A stage of a search has ended; searches count from 1."""

    search: int
    stage: str
    reason: str


@frozen
class TrialTold:
    """A method was told a trial; `replayed` if that had happened before the run was resumed."""

    record: TrialRecord
    replayed: bool = False


@frozen
class BacktestEnded:
    """A backtest was run just now, in so many seconds."""

    outcome: Outcome
    seconds: float


@frozen
class BacktestCached:
    """The store answered a backtest."""


@frozen
class RunEnded:
    """The run is over."""

    state: RunState


RunEvent: TypeAlias = (
    Preparing
    | RunStarted
    | Warned
    | StageStarted
    | StageEnded
    | TrialTold
    | BacktestEnded
    | BacktestCached
    | RunEnded
)


class Screen(Protocol):
    """Shows a run to a person; called on the main thread."""

    def observe(self, event: RunEvent) -> None:
        """Take an event; it is shown at once, or when `tick` is called."""
        ...

    def tick(self) -> None:
        """Redraw, where it is time to."""
        ...

    def patience(self) -> float | None:
        """Return after how many seconds `tick` wants to be called at the latest."""
        ...
