"""The store's records: frozen values that keep JSON as stored and parse it on access."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from attrs import field, frozen

from leanopt_core.canonical import from_canonical
from leanopt_core.fitness import Direction, turned
from leanopt_core.space import Space
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Penalty, Score, Violation
from leanopt_core.work import Category, Failure, Outcome

RunState = Literal["running", "finished", "interrupted", "failed"]
#: Whether methods are told what comes of a scenario: of `train`, and of `cut`, which has its last
#: days only. `test` is for trials chosen at the end of a search, `asked` for those that a user asks
#: for.
Role = Literal["train", "test", "asked", "cut"]
TrialState = Literal["proposed", "completed", "failed", "withdrawn"]


@frozen
class StoredBacktest:
    """A stored backtest; `key` is the first half of its content key, in hexadecimal.

    `run_id` is the run that ran it, None if that was deleted. `finished_at` is in seconds since
    1970 UTC. `held` is why it answers no other run (`answering.Held`), None if nothing holds it.
    `opened` is the set of files that it depends on, None if there are none. `waited` are the
    seconds before its last attempt, None if not stored. `fingerprint` is the engine's, if any.
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
    held: str | None = None
    opened: int | None = None
    waited: float | None = None
    fingerprint: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Return the outcome, without names read, equity curve, returns and trades."""
        closed = self.closed_trades
        if self.failure is not None:
            failure = Failure(Category(self.failure), self.message or "")
            return Outcome(failure=failure, closed_trades=closed)
        if self.statistics is None:
            return Outcome(closed_trades=closed)
        return Outcome(Statistics(from_canonical(self.statistics)), closed_trades=closed)


@frozen
class StoredTrial:
    """A stored trial, with its backtests by scenario index, from 0.

    `parameters` is the proposed JSON text. `told_before` is the number of trials of its stage told
    before the proposal. `grid_index` is the point's index in the grid.
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
    pruned_at: int | None
    detail: str | None
    backtests: Mapping[int, StoredBacktest]

    @property
    def told(self) -> bool:
        """Return whether its method was told the result: it completed, or a backtest failed."""
        return self.state in ("completed", "failed")

    @property
    def values(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return dict(from_canonical(self.parameters))

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """Return the existing outcomes by scenario index."""
        return {ordinal: backtest.outcome for ordinal, backtest in self.backtests.items()}

    @cached_property
    def details(self) -> Mapping[str, Any]:
        """Return the rare details, where there are any.

        `because` explains the proposal; `reasons`, `values`, `violations`, `penalties` and several
        `objectives` are the score's.
        """
        return dict(from_canonical(self.detail)) if self.detail else {}

    @property
    def score(self) -> Score | None:
        """Return the trial's score, None if it was not told."""
        if not self.told:
            return None
        more = self.details
        several = more.get("objectives")
        return Score(
            fitness=self.fitness,
            objective=turned(self.fitness, self.direction),
            violation=self.violation or 0.0,
            violations=tuple(Violation(*violation) for violation in more.get("violations", ())),
            reasons=tuple(more.get("reasons", ())),
            values=more.get("values", {}),
            failure=self.failure,
            pruned_at=self.pruned_at,
            penalties=tuple(Penalty(*penalty) for penalty in more.get("penalties", ())),
            **({} if several is None else {"objectives": tuple(map(float, several))}),
        )


@frozen
class StoredEvent:
    """An event of a run; `number` is the trial after which it happened.

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
    role: Role = "train"


@frozen
class StoredStage:
    """A stage of a search; `ended` is the reason for its end, None if it has not ended.

    `seconds` is how long it ran, over all starts of its run.
    """

    id: int
    position: int
    name: str
    method: str
    distribution: str
    version: str
    trials: int | None
    ended: str | None
    seconds: float = 0.0


@frozen
class StoredTestScore:
    """The score of a search's chosen trial under a test, with the other tests of the same days."""

    ordinal: int
    fitness: float | None
    violation: float
    failure: str | None
    detail: str | None

    @property
    def why(self) -> str | None:
        """Return why it has no fitness or violates a constraint, None if neither is so."""
        more = json.loads(self.detail) if self.detail else {}
        texts = more.get("reasons") or [
            f"violates {name}" for name, _ in more.get("violations", ())
        ]
        return "; ".join(texts) or self.failure


@frozen
class StoredSearch:
    """A search of a run with its scenarios and stages, and counts of its trials by state.

    `best` is the number of the trial with rank 1. `scenarios` judge the trials, and `cuts` at steps
    before the last: they are scenarios on their last days. `tests` do not;
    `chosen` is the first trial that was backtested under them, None without one, and `scores` are
    what it is worth there, as far as known.
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
    tests: tuple[StoredScenario, ...] = ()
    chosen: int | None = None
    scores: tuple[StoredTestScore, ...] = ()
    cuts: tuple[StoredScenario, ...] = ()
    #: The scenarios, the tests and the cuts, in the order of their indexes.
    every_scenario: tuple[StoredScenario, ...] = field(init=False, eq=False, repr=False)

    @every_scenario.default
    def _join(self) -> tuple[StoredScenario, ...]:
        return (*self.scenarios, *self.tests, *self.cuts)

    def judged(self, trial: StoredTrial) -> dict[int, StoredBacktest]:
        """Return the backtests of a trial that judge it, by scenario index; tests are left out.

        Of a complete trial, those under the cuts are left out, too: they judged it before.
        """
        cuts = () if trial.pruned_at is None else self.cuts
        known = {one.ordinal for one in (*self.scenarios, *cuts)}
        return {at: one for at, one in trial.backtests.items() if at in known}


@frozen
class StoredRun:
    """A run with its searches; times are UTC, ISO 8601, plan and execution JSON texts.

    `note` is the user's text, None without one.
    """

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
    note: str | None = None

    @cached_property
    def space(self) -> Space:
        """Return the parameter space of its plan."""
        return Space.from_dict(json.loads(self.plan)["space"])

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Return by search at how many steps a trial can be judged."""
        planned = json.loads(self.plan)["searches"]
        return tuple(max(1, len(one.get("rungs", ()))) for one in planned)


@frozen
class Taken:
    """How far a sink has taken a search: its last trial's number, and the number of stage ends."""

    number: int = 0
    stages: int = 0


@frozen
class RunSummary:
    """Summary of a run. `best_fitness` is that of the best feasible trial, None without one."""

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
    note: str | None = None


@frozen
class TrialSummary:
    """Summary of a told trial; `cached` is the number of its `backtests` from other runs.

    `whole` is the number of those that are under its scenarios, not on their last days only.

    `pruned_at` is the last step that judged it, None if all scenarios did.
    """

    number: int
    stage: str
    fitness: float | None
    violation: float
    failure: str | None
    backtests: int
    cached: int
    whole: int
    pruned_at: int | None = None


@frozen
class RankedTrial:
    """A trial with its rank in the run, from 1; `search` is the search's number."""

    rank: int
    search: int
    trial: StoredTrial
