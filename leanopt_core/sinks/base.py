"""The contract of a result sink: it receives every finished trial, in order, on its own thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import frozen

from leanopt_core.space import Value
from leanopt_core.trial import Trial


@frozen
class TrialRecord:
    """A finished trial with its parameters by name and statistics by scenario."""

    search: int
    trial: Trial
    parameters: Mapping[str, Value]
    statistics: Mapping[str, Mapping[str, Any] | None]


class Sink(Protocol):
    """Receives a run: its start, its told trials, the ends of its stages, its end.

    All calls come from one thread that serves this sink only, one call at a time.
    """

    def start(self, run: str, plan: Mapping[str, Any], resumed: bool) -> None:
        """Start; of a resumed run every trial comes again: replace what was written for it.

        With `SinkSpec.only_new` only the trials come that this sink has not taken.
        """
        ...

    def trial(self, record: TrialRecord) -> None:
        """Take one told trial; it counts as taken once this returns."""
        ...

    def stage(self, search: int, stage: str, reason: str) -> None:
        """Take the end of a stage, and why it ended."""
        ...

    def finish(self, state: str) -> None:
        """Finish, after the last trial: the run is `finished`, `interrupted` or `failed`."""
        ...
