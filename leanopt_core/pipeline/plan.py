"""Split a pipeline into the search plan, which decides the trials and is hashed, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import field, frozen

from leanopt_core.canonical import canonical_json, digest
from leanopt_core.content import hash_variables
from leanopt_core.errors import PluginError
from leanopt_core.fitness_options import RARE
from leanopt_core.pipeline.expand import PlannedPath, PlannedSearch
from leanopt_core.pipeline.settings import Choice, ExecutorSettings, Pipeline, StageSettings
from leanopt_core.pipeline.tables import ChooseTable, PruneTable, SearchSettings
from leanopt_core.space import Space
from leanopt_core.specs import option_key
from leanopt_core.work import Scenario

WritePath: TypeAlias = Callable[[Path], Any]


def plain(value: object, write_path: WritePath = Path.as_posix) -> Any:
    """Return `value` as plain JSON values; `write_path` writes paths.

    A Decimal becomes a number if a float holds it exactly, as the strategy receives it, else text.
    Dates become ISO text, sets sorted lists. Raises TypeError for other types.
    """
    match value:
        case Mapping():
            return {str(key): plain(item, write_path) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, write_path) for item in value]
        case set() | frozenset():
            return sorted((plain(item, write_path) for item in value), key=canonical_json)
        case Path():
            return write_path(value)
        case _ if attrs.has(type(value)):
            return plain_options(value, write_path)
    return _scalar(value)


def plain_options(options: Any, write_path: WritePath = Path.as_posix) -> dict[str, Any]:
    """Return an options object's values by key as plain JSON values.

    Defaults are included, except those of options that are marked `RARE`.
    """
    fields = [field for field in attrs.fields(type(options)) if field.init]
    values = [(field, getattr(options, field.name)) for field in fields]
    return {
        option_key(field): plain(value, write_path)
        for field, value in values
        if not (field.metadata.get(RARE) and value == field.default)
    }


def from_folder(folder: Path) -> WritePath:
    """Return a function that writes paths below `folder` relative to it, others in full."""

    def write(path: Path) -> str:
        below = path.is_relative_to(folder)
        return (path.relative_to(folder) if below else path).as_posix()

    return write


def by_content(folder: Path) -> WritePath:
    """Return a function that writes files as their SHA-256, other paths relative to `folder`."""

    def write(path: Path) -> Any:
        if not path.is_file():
            return from_folder(folder)(path)
        with path.open("rb") as file:
            return {"sha256": file_digest(file, "sha256").hexdigest()}

    return write


def _scalar(value: object) -> Any:
    match value:
        case Enum():
            return _scalar(value.value)
        case Decimal():
            number = float(value)
            exact = Decimal(repr(number)) == value
            return number if exact else format(value.normalize(), "f")
        case date() | time():
            return value.isoformat()
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no plain form")


#: Version of the search plan's format; it goes up when equal plans would get another hash.
PLAN_VERSION = 4


@frozen
class Method:
    """A plugin that decides trials: name, distribution, and options as JSON values.

    A file option is stored as the hash of the file's content. The version is not part of the plan:
    replay shows whether another one proposes and scores the same.
    """

    name: str
    distribution: str
    options: Mapping[str, Any]


@frozen
class PlannedObjective:
    """One of several fitness functions, by the name of its values."""

    name: str
    fitness: Method


@frozen
class PlannedStage:
    """One stage of every search."""

    name: str
    method: Method
    trials: int | None
    patience: int | None
    min_delta: float
    target: float | None
    seed_from: str | tuple[str, ...] | None


@frozen
class PlannedSoft:
    """A soft constraint: its text, and its weight."""

    rule: str
    weight: float


@frozen
class SearchPlan:
    """Everything that decides the trials.

    `trials` and `backtests` are the budgets of each search, None without one. `stop_when_failing`
    is how many trials may fail alike before the first other one, 0 for any number. `source` is the
    content hash of the strategy's files. `data` has that of the data which each
    scenario reads, by the scenario's name; it is empty without data.
    `environment` has the hashes of the variables that the caller passes to the strategy. `prune`
    says which trials are not judged by all scenarios, `choose` which of them are tested. `paths`
    join tests of several searches. `objectives` are several fitness functions, `fitness` being the
    first; empty for a single one. `scalar` is the formula that ranks trials in its place.
    """

    seed: int
    lookahead: int
    space: Space
    stages: tuple[PlannedStage, ...]
    fitness: Method
    constraints: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    engine: str
    source: str
    data: Mapping[str, str]
    searches: tuple[PlannedSearch, ...]
    environment: Mapping[str, str] = field(factory=dict)
    trials: int | None = None
    backtests: int | None = None
    stop_when_failing: int = 0
    soft: tuple[PlannedSoft, ...] = ()
    prune: PruneTable = field(factory=PruneTable)
    paths: tuple[PlannedPath, ...] = ()
    choose: ChooseTable = field(factory=ChooseTable)
    objectives: tuple[PlannedObjective, ...] = ()
    scalar: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values; equal plans give equal values."""
        return {
            "version": PLAN_VERSION,
            "seed": self.seed,
            "lookahead": self.lookahead,
            "stop_when_failing": self.stop_when_failing,
            "space": plain(self.space.to_dict()),
            "stages": plain(self.stages),
            "scoring": {
                **self._fitness(),
                "constraints": list(self.constraints),
                **({"soft": plain(self.soft)} if self.soft else {}),
            },
            "scenarios": [self._scenario(scenario) for scenario in self.scenarios],
            "engine": self.engine,
            "source": self.source,
            "searches": [search.to_dict() for search in self.searches],
            # Most plans have none of these, and stay as they were.
            **({"environment": dict(self.environment)} if self.environment else {}),
            **({} if self.trials is None else {"trials": self.trials}),
            **({} if self.backtests is None else {"backtests": self.backtests}),
            **({} if self.prune.use == "none" else {"prune": _pruned(self.prune)}),
            **({"paths": [path.to_dict() for path in self.paths]} if self.paths else {}),
            **({} if self.choose == ChooseTable() else {"choose": plain(self.choose)}),
        }

    def _fitness(self) -> dict[str, Any]:
        if not self.objectives:
            return {"fitness": plain(self.fitness)}
        return {"objectives": plain(self.objectives), "scalar": self.scalar}

    @property
    def steps(self) -> int:
        """Return in how many steps a trial is judged at most."""
        return max((len(search.rungs) for search in self.searches), default=0) or 1

    def _scenario(self, scenario: Scenario) -> dict[str, Any]:
        data = self.data.get(scenario.name)
        found = plain(scenario.to_dict())
        return found if data is None else {**found, "data": data}

    @property
    def most_ahead(self) -> int:
        """Return the most trials that are proposed ahead of results, over all searches."""
        return self.lookahead * len(self.searches)

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the plan's canonical JSON, in hexadecimal."""
        return digest(self.to_dict())


@frozen
class Execution:
    """Everything that does not decide the trials: executor, its limits, sinks, and versions.

    `plugins` has the versions of the stages' and the fitness function's distributions, by name.
    """

    executor: ExecutorSettings
    search: SearchSettings
    sinks: tuple[Choice, ...]
    plugins: Mapping[str, str]
    folder: Path
    stage_times: Mapping[str, float] = field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain JSON values."""
        executor = self.executor
        return {
            "executor": _chosen(executor.choice, self.folder),
            "workers": executor.workers,
            "time_limit": executor.time_limit,
            "memory_limit": executor.memory_limit,
            "recycle_after": executor.recycle_after,
            "recycle_growth": executor.recycle_growth,
            "retries": executor.retries,
            "start_limit": executor.start_limit,
            "start_patience": executor.start_patience,
            "curves": self.search.curves,
            "durability": self.search.durability,
            "check_warm": self.search.check_warm,
            "keep": self.search.keep,
            "time": self.search.time,
            "stage_times": dict(self.stage_times),
            "sinks": [_chosen(sink, self.folder) for sink in self.sinks],
            "plugins": dict(self.plugins),
            "folder": self.folder.as_posix(),
        }


def first_function(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fitness function of a plan, of several the first: its name and its options."""
    scoring = plan["scoring"]
    found = scoring["objectives"][0]["fitness"] if "objectives" in scoring else scoring["fitness"]
    return dict(found)


def fitness_name(plan: Mapping[str, Any]) -> str:
    """Return what a plan ranks trials by: a function, an objective, or the formula `scalar`."""
    scoring = plan["scoring"]
    if "objectives" not in scoring:
        return str(scoring["fitness"]["name"])
    return str(scoring["scalar"] or scoring["objectives"][0]["name"])


def objective_names(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a plan's objectives, if it has several."""
    return tuple(one["name"] for one in plan["scoring"].get("objectives", ()))


def resolve(pipeline: Pipeline, *, source: str, data: Mapping[str, str]) -> SearchPlan:
    """Return the search plan of a pipeline.

    `source` is the build's source hash, `data` the content hash of each scenario's data. Files
    named by options of stages and of the fitness function are read: their content is part of the
    plan. Raises PluginError if an option cannot be written as JSON.
    """
    expansion = pipeline.expansion
    return SearchPlan(
        seed=pipeline.seed,
        lookahead=pipeline.search.lookahead,
        space=pipeline.space,
        stages=tuple(_planned(stage, pipeline.folder) for stage in pipeline.stages),
        fitness=_method(pipeline.fitness, pipeline.folder),
        constraints=tuple(constraint.text for constraint in pipeline.constraints),
        soft=tuple(PlannedSoft(one.rule.text, one.weight) for one in pipeline.soft),
        scenarios=expansion.scenarios,
        engine=pipeline.engine.use,
        source=source,
        data=data,
        searches=expansion.searches,
        paths=expansion.paths,
        environment=hash_variables(pipeline.environment),
        trials=pipeline.search.trials,
        backtests=pipeline.search.backtests,
        stop_when_failing=pipeline.search.stop_when_failing,
        prune=pipeline.prune,
        choose=pipeline.choose,
        objectives=tuple(
            PlannedObjective(one.name, _method(one.choice, pipeline.folder))
            for one in pipeline.objectives
        ),
        scalar=pipeline.scalar.text if pipeline.scalar else None,
    )


def _pruned(prune: PruneTable) -> dict[str, Any]:
    """Return what the plan says of pruning; the searches have the rungs."""
    reduction = {"reduction": prune.reduction} if prune.use == "halving" else {}
    return {"use": prune.use, **reduction}


def execution(pipeline: Pipeline) -> Execution:
    """Return the part of a pipeline that is not in the search plan."""
    deciding = [*pipeline.functions, *(stage.choice for stage in pipeline.stages)]
    plugins = {one.registered.distribution: one.registered.version for one in deciding}
    times = {stage.name: stage.time for stage in pipeline.stages if stage.time is not None}
    return Execution(
        *(pipeline.executor, pipeline.search, pipeline.sinks, plugins, pipeline.folder), times
    )


def _planned(stage: StageSettings, folder: Path) -> PlannedStage:
    return PlannedStage(
        name=stage.name,
        method=_method(stage.choice, folder),
        trials=stage.trials,
        patience=stage.patience,
        min_delta=stage.min_delta,
        target=stage.target,
        seed_from=_seeds(stage.seed_from),
    )


def _seeds(stages: tuple[str, ...]) -> str | tuple[str, ...] | None:
    """Return what the plan says: a single name alone, nothing as None."""
    return stages if len(stages) > 1 else next(iter(stages), None)


def _method(choice: Choice, folder: Path) -> Method:
    options = _options(choice, by_content(folder))
    return Method(choice.use, choice.registered.distribution, options)


def _chosen(choice: Choice, folder: Path) -> dict[str, Any]:
    return {"use": choice.use, **_options(choice, from_folder(folder))}


def _options(choice: Choice, write_path: WritePath) -> dict[str, Any]:
    """Return a plugin's options as JSON values; raises PluginError if that is not possible."""
    try:
        options = plain_options(choice.options, write_path)
        canonical_json(options)
    except (TypeError, ValueError) as error:
        registered = choice.registered
        what = f"{choice.use!r} of {registered.distribution} {registered.version}"
        raise PluginError(f"the options of {what} cannot be written as JSON: {error}") from error
    return options
