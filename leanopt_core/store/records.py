"""What the store gives back: frozen values that keep JSON as stored and parse it when asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

from leanopt_core.fitness import Direction
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Violation
from leanopt_core.work import Category, Failure, Outcome

RunState = Literal["running", "finished", "interrupted", "failed"]
TrialState = Literal["proposed", "completed", "failed", "withdrawn"]


@frozen
class StoredBacktest:
    """A backtest as it was recorded; `key` is the first half of its content key, in hexadecimal.

    `run_id` is the run that made it, None where that was deleted. `finished_at` is in seconds
    since 1970 UTC.
    """

    id: int
    key: str
    run_id: int | None
    statistics: str | None
    failure: str | None
    message: str | None
    closed_trades: int | None
    outputs: frozenset[str]
    attempts: int
    seconds: float | None
    worker: int | None
    finished_at: int

    @property
    def outcome(self) -> Outcome:
        """Return the outcome again, without curve and names read.

        Of closed trades only the number is kept: there are as many, each empty.
        """
        trades = None if self.closed_trades is None else ((),) * self.closed_trades
        if self.failure is not None:
            failure = Failure(Category(self.failure), self.message or "")
            return Outcome(failure=failure, trades=trades)
        if self.statistics is None:
            return Outcome(trades=trades)
        return Outcome(statistics=Statistics(json.loads(self.statistics)), trades=trades)


@frozen
class StoredTrial:
    """A trial as it was stored, its backtests by the scenario's place in the search, from 0.

    `parameters` is the JSON text that was proposed. `told_before` is how many trials of its stage
    had been told then. `grid_index` is the point's place in the grid.
    """

    number: int
    stage_id: int
    stage: str
    state: TrialState
    parameters: str
    grid_index: int
    origin: str
    attempt: int
    told_before: int
    direction: Direction
    fitness: float | None
    violation: float | None
    failure: str | None
    detail: str | None
    backtests: Mapping[int, StoredBacktest]

    @property
    def told(self) -> bool:
        """Return whether its method was told the result: it completed, or a backtest failed."""
        return self.state in ("completed", "failed")

    @property
    def values(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return dict(json.loads(self.parameters))

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """Return the outcomes there are, by the scenario's place in the search."""
        return {ordinal: backtest.outcome for ordinal, backtest in self.backtests.items()}

    @property
    def score(self) -> Score | None:
        """Return the score that the trial was told with, None where it was not told."""
        if not self.told:
            return None
        more: dict[str, Any] = json.loads(self.detail) if self.detail else {}
        fitness = self.fitness
        flipped = fitness is not None and self.direction == "min"
        return Score(
            fitness=fitness,
            objective=0.0 - fitness if fitness is not None and flipped else fitness,
            violation=self.violation or 0.0,
            violations=tuple(Violation(*violation) for violation in more.get("violations", ())),
            reasons=tuple(more.get("reasons", ())),
            values=more.get("values", {}),
            failure=self.failure,
        )


@frozen
class StoredEvent:
    """Something that happened to a run; `number` is the trial after which it did.

    `happened_at` is UTC, ISO 8601.
    """

    kind: str
    detail: Mapping[str, Any]
    search_id: int | None
    stage_id: int | None
    number: int | None
    happened_at: str


@frozen
class StoredScenario:
    """A scenario of a search, its `definition` as JSON text."""

    id: int
    ordinal: int
    name: str
    definition: str


@frozen
class StoredStage:
    """A stage of a search; `ended` says why it did, None where it has not."""

    id: int
    position: int
    name: str
    method: str
    distribution: str
    version: str
    trials: int | None
    ended: str | None


@frozen
class StoredSearch:
    """A search of a run with what is in it, and counts of its trials by what became of them.

    `best` is the number of the trial that ranks first.
    """

    id: int
    number: int
    name: str
    seed: int
    direction: Direction
    ended: str | None
    proposed: int
    told: int
    withdrawn: int
    best: int | None
    scenarios: tuple[StoredScenario, ...]
    stages: tuple[StoredStage, ...]


@frozen
class StoredRun:
    """A run with its searches; times are UTC, ISO 8601, plan and execution JSON texts."""

    id: int
    name: str
    pipeline: str
    strategy: str
    plan_hash: str
    plan: str
    execution: str
    state: RunState
    started_at: str
    finished_at: str | None
    searches: tuple[StoredSearch, ...]


@frozen
class RunSummary:
    """A run in one line. `best_fitness` is the best feasible trial's, None where there is none."""

    id: int
    name: str
    state: RunState
    started_at: str
    finished_at: str | None
    searches: int
    completed: int
    failed: int
    withdrawn: int
    best_fitness: float | None


@frozen
class TrialSummary:
    """A told trial in brief; `cached` is how many of its backtests other runs had made."""

    number: int
    stage: str
    fitness: float | None
    violation: float
    failure: str | None
    cached: int


@frozen
class RankedTrial:
    """A trial in its place of a run's ranking, from 1; `search` is the search's number."""

    rank: int
    search: int
    trial: StoredTrial
