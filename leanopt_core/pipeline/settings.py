"""The checked pipeline: every name is resolved, every value is valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from leanopt_core.holdout import Holdout
from leanopt_core.needs import NEEDS, Outputs
from leanopt_core.pipeline.expand import Expansion, expand
from leanopt_core.pipeline.splits import Split
from leanopt_core.pipeline.tables import ChooseTable, PruneTable, SearchSettings
from leanopt_core.plugins import Registered
from leanopt_core.scoring import ResultConstraint, SoftConstraint
from leanopt_core.space import Formula, Space
from leanopt_core.specs import FitnessSpec, option_key
from leanopt_core.work import Scenario


@frozen
class Choice:
    """A plugin chosen by name, and its options.

    `options` is an instance of `registered.spec.options`.
    """

    use: str
    registered: Registered
    options: Any

    @property
    def offline(self) -> Choice:
        """Return the plugin with the options by which it fetches nothing.

        An option with the metadata `offline` has that value then.
        """
        return self.changed({key: value for key, value, _ in self.marked("offline")})

    def takes(self, what: str) -> bool:
        """Return whether the plugin, an engine, takes this of a scenario: see `EngineSpec`."""
        return what in getattr(self.registered.spec, "takes", ())

    def changed(self, options: Mapping[str, object]) -> Choice:
        """Return the plugin with some options changed, by their keys."""
        names = {option_key(one): one.alias for one in attrs.fields(type(self.options))}
        instead = {names[key]: value for key, value in options.items()}
        return attrs.evolve(self, options=attrs.evolve(self.options, **instead))

    def marked(self, mark: str) -> Iterator[tuple[str, Any, Any]]:
        """Yield key, mark and value of each option whose metadata has `mark`."""
        for one in attrs.fields(type(self.options)):
            if mark in one.metadata:
                yield option_key(one), one.metadata[mark], getattr(self.options, one.name)


@frozen
class Objective:
    """One of several fitness functions, by the name of its values."""

    name: str
    choice: Choice


@frozen
class StageSettings:
    """One stage. `trials` is its budget, None if the method decides when to end.

    `time` is the running time in seconds, None for no limit.
    `seed_from` names the earlier stages whose trials it starts from, in the order of the stages.
    """

    name: str
    choice: Choice
    trials: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    target: float | None = None
    seed_from: tuple[str, ...] = ()
    time: float | None = None


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
class Overrides:
    """What overrides keys of a pipeline's file: the arguments of `--set`, and options by name."""

    sets: tuple[str, ...] = ()
    symbol: str | None = None
    workers: int | None = None
    seed: int | None = None


@frozen
class Pipeline:
    """A pipeline file's content; its paths are relative to `folder`. `notes` are warnings.

    With `separate`, each scenario has a search of its own; else all judge each trial.
    `environment` are the caller's variables that workers get, with their values. `holdout` is what
    the search must not see; it decides no trial, so it is not in the plan. `split` makes searches
    of parts of the scenarios' days, each with tests. `objectives` are several fitness functions, of
    which `fitness` is the first; empty for a single one. `scalar` ranks trials in its place.
    """

    file: Path
    folder: Path
    name: str
    seed: int
    engine: Choice
    strategy_id: str
    scenarios: tuple[Scenario, ...]
    separate: bool
    space: Space
    constraints: tuple[ResultConstraint, ...]
    fitness: Choice
    search: SearchSettings
    executor: ExecutorSettings
    stages: tuple[StageSettings, ...]
    sinks: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(factory=dict, repr=False)
    overrides: Overrides = Overrides()
    soft: tuple[SoftConstraint, ...] = ()
    prune: PruneTable = field(factory=PruneTable)
    choose: ChooseTable = field(factory=ChooseTable)
    holdout: Holdout | None = None
    split: Split | None = None
    objectives: tuple[Objective, ...] = ()
    scalar: Formula | None = None

    @cached_property
    def expansion(self) -> Expansion:
        """Return the searches of a run, with the scenarios of all of them."""
        return expand(self)

    @property
    def functions(self) -> tuple[Choice, ...]:
        """Return all fitness functions, in their order."""
        return tuple(one.choice for one in self.objectives) or (self.fitness,)

    @property
    def outputs(self) -> Outputs:
        """Return what fitness functions need besides statistics, and what is stored."""
        needs = frozenset[str]().union(*map(needs_of, self.functions))
        daily = {"returns"} if self.search.curves == "daily" else set()
        return Outputs(needs, needs | daily)


def needs_of(fitness: Choice) -> frozenset[str]:
    """Return what a fitness function needs besides statistics, also for the options that are set.

    An option with the metadata `needs` needs that, unless its value is 0, false or none.
    """
    spec = fitness.registered.spec
    always = spec.needs if isinstance(spec, FitnessSpec) else frozenset()
    asked = [need for _, need, value in fitness.marked("needs") if value]
    return always | {need for need in NEEDS if need in asked}
