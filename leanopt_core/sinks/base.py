"""The contract of a result sink: told of every finished trial, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import frozen

from leanopt_core.space import Value
from leanopt_core.trial import Trial


@frozen
class TrialRecord:
    """A told trial with what people want to see: values by name, statistics by scenario."""

    search: int
    trial: Trial
    parameters: Mapping[str, Value]
    statistics: Mapping[str, Mapping[str, Any] | None]


class Sink(Protocol):
    """Is told of trials after they are durable; on resume of all of them again, from the first."""

    def start(self, run: str, plan: Mapping[str, Any]) -> None:
        """Begin (again): what was written for this run before may be replaced."""
        ...

    def trial(self, record: TrialRecord) -> None:
        """Take one told trial."""
        ...

    def close(self) -> None:
        """Finish; called once, also after an error."""
        ...
