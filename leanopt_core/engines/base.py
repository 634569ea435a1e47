"""The contract of an engine: what makes a strategy runnable and an answer readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from leanopt_core.executors.base import Completed
from leanopt_core.work import Answer, Backtest, Launch, Mount, Outcome, Request


class Once(Protocol):
    """The executor's one-off run, where its workers run."""

    def __call__(
        self, command: Sequence[str], mounts: Sequence[Mount] = (), *, time_limit: float = 600.0
    ) -> Completed:
        """Run `command` to its end."""
        ...


@frozen
class Build:
    """A strategy made ready.

    `source` is the content hash of the strategy's own files: part of the search plan. `identity` is
    the full identity that content keys hold: strategy, engine, harness source, and the place.
    `reads` names the parameters that the source is known to read, None
    where only running tells. `details` is for people.
    """

    strategy: str
    source: str
    identity: str
    launch: Launch
    reads: frozenset[str] | None = None
    details: Mapping[str, str] = field(factory=dict)


class Engine(Protocol):
    """Prepares a strategy once, words requests and reads answers; built from `[strategy]`."""

    @property
    def data(self) -> Path | None:
        """Return the data folder or file that scenarios read, None where there is none."""
        ...

    def prepare(self, once: Once, place: Mapping[str, str]) -> Build:
        """Make the strategy ready; raises StrategyError where it cannot be."""
        ...

    def request(self, backtest: Backtest, outputs: frozenset[str]) -> Request:
        """Word one backtest for the harness; `outputs` of `equity` and `trades`."""
        ...

    def read(self, answer: Answer) -> Outcome:
        """Read an answer; may be called away from the main thread."""
        ...
