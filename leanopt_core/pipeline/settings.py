"""A pipeline as the rest of leanopt meets it: every name resolved, every value checked."""

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
    """A plugin chosen by name: what is registered under it, and its options.

    `options` is an instance of `registered.spec.options`.
    """

    use: str
    registered: Registered
    options: object


@frozen
class StageSettings:
    """One stage. `trials` caps it; None where only the method's own end counts."""

    name: str
    choice: Choice
    trials: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    target: float | None = None
    seed_from: str | None = None


@frozen
class ExecutorSettings:
    """Where backtests run. `workers` is None for as many as suit the place.

    `time_limit` is in seconds a backtest, `memory_limit` and `recycle_growth` in bytes a worker,
    `recycle_after` in backtests; None is no limit, of `recycle_growth` the engine's.
    `start_patience` is in seconds.
    """

    choice: Choice
    workers: int | None = None
    time_limit: float | None = None
    memory_limit: int | None = None
    recycle_after: int | None = None
    recycle_growth: int | None = None
    retries: int = 2
    start_patience: float = 120.0


@frozen
class Pipeline:
    """What a pipeline file says; `folder` is where its paths start from."""

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
