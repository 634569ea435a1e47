"""The checked pipeline: every name is resolved, every value is valid."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from leanopt_core.pipeline.tables import SearchSettings
from leanopt_core.plugins import Registered
from leanopt_core.scoring import ResultConstraint
from leanopt_core.space import Space
from leanopt_core.work import Scenario


@frozen
class Choice:
    """A plugin chosen by name, and its options.

    `options` is an instance of `registered.spec.options`.
    """

    use: str
    registered: Registered
    options: object


@frozen
class StageSettings:
    """One stage. `trials` is its budget, None if the method decides when to end."""

    name: str
    choice: Choice
    trials: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    target: float | None = None
    seed_from: str | None = None


@frozen
class ExecutorSettings:
    """Where backtests run. `workers` is None if the executor chooses the number.

    `time_limit` is in seconds per backtest, `memory_limit` and `recycle_growth` in bytes per
    worker, `recycle_after` in backtests. None means no limit; for `recycle_growth`, the engine's.
    `start_limit` and `start_patience` are in seconds.
    """

    choice: Choice
    workers: int | None = None
    time_limit: float | None = None
    memory_limit: int | None = None
    recycle_after: int | None = None
    recycle_growth: int | None = None
    retries: int = 2
    start_limit: float = 60.0
    start_patience: float = 120.0


@frozen
class Pipeline:
    """A pipeline file's content; its paths are relative to `folder`."""

    file: Path
    folder: Path
    name: str
    seed: int
    engine: Choice
    strategy_id: str
    scenarios: tuple[Scenario, ...]
    space: Space
    constraints: tuple[ResultConstraint, ...]
    fitness: Choice
    search: SearchSettings
    executor: ExecutorSettings
    stages: tuple[StageSettings, ...]
    sinks: tuple[Choice, ...] = ()
