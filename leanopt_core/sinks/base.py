"""The contract of a result sink: it receives every finished trial, in order."""

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
    """Receives trials after they are stored; on resume, all of them again from the first."""

    def start(self, run: str, plan: Mapping[str, Any]) -> None:
        """Start or restart a run: replace what was written for it before."""
        ...

    def trial(self, record: TrialRecord) -> None:
        """Write one finished trial."""
        ...

    def close(self) -> None:
        """Finish; called once, even after an error."""
        ...
