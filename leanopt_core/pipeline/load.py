"""Load a pipeline: file, overrides, environment and tables; collect all errors in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from attrs import evolve, frozen

from leanopt_core.pipeline.choose import choose_notes
from leanopt_core.pipeline.holdout import holdout_notes
from leanopt_core.pipeline.overrides import (
    Lookup,
    apply,
    flags,
    interpolate,
    lookup,
    parse_set,
    variables,
)
from leanopt_core.pipeline.parameters import condition_notes
from leanopt_core.pipeline.parts import Days, Judges, Parameters, Rules
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import weight_notes
from leanopt_core.pipeline.settings import (
    Choice,
    ExecutorSettings,
    Overrides,
    Pipeline,
    StageSettings,
)
from leanopt_core.pipeline.sinks import read_sinks
from leanopt_core.pipeline.stage_points import with_points
from leanopt_core.pipeline.stages import read_stages
from leanopt_core.pipeline.statistic_names import named_statistics, statistic_notes
from leanopt_core.pipeline.structure import make_reader
from leanopt_core.pipeline.tables import TABLES, ExecutorTable, StrategyTable, TopTable
from leanopt_core.pipeline.toml import read_document
from leanopt_core.pipeline.values import check_values
from leanopt_core.plugins import Kind, Registry
from leanopt_core.space import Space

_ABSENT: Mapping[str, object] = MappingProxyType(
    {name: {} for name in TABLES}
    | {"stage": [], "sink": []}
    | dict.fromkeys(("walk_forward", "cpcv", "holdout"))
)


def load_pipeline(
    path: Path,
    registry: Registry,
    *,
    sets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    symbol: str | None = None,
    universe: Path | None = None,
    workers: int | None = None,
    seed: int | None = None,
    searched: bool = True,
) -> Pipeline:
    """Return the pipeline in `path`, with its plugins from `registry`.

    `sets` are the arguments of `--set`; `environment` defaults to `os.environ`; `symbol`,
    `universe`, `workers` and `seed` are the options of these names. Unless it is `searched`, it
    needs neither a parameter to search nor a stage, its scenarios may be too few to prune, and
    their days are not split. Raises PipelineError with all errors in the file, PluginError if a
    plugin's options class is unusable.
    """
    document = read_document(path)
    problems = Problems(str(path))
    for text in sets:
        override = parse_set(text, problems)
        if override is not None:
            apply(document, override, problems)
    given = flags(document, problems, symbol=symbol, workers=workers, seed=seed, universe=universe)
    for flag in given:
        apply(document, flag, problems)
    folder = path.absolute().parent
    find = lookup(os.environ if environment is None else environment, folder)
    filled = cast("dict[str, object]", interpolate(document, find, problems))
    check_values(filled, problems)
    reader = Reader(registry, make_reader(folder), problems)
    tables = _Tables.read(filled, reader, find, path, searched=searched, symbol=symbol)
    overrides = Overrides(tuple(sets), symbol, workers, seed)
    return evolve(tables.pipeline(path, problems), overrides=overrides)


@frozen
class _Tables:
    """All that is read of a document; what has errors is None."""

    general: TopTable | None
    strategy: StrategyTable | None
    engine: Choice | None
    environment: Mapping[str, str]
    parameters: Parameters
    days: Days
    judges: Judges
    rules: Rules
    executor: ExecutorSettings | None
    stages: tuple[StageSettings, ...]
    sinks: tuple[Choice, ...]

    @classmethod
    def read(
        cls,
        document: Mapping[str, object],
        reader: Reader,
        find: Lookup,
        path: Path,
        *,
        searched: bool,
        symbol: str | None,
    ) -> _Tables:
        """Read every table, even after errors."""
        raw = {**_ABSENT, **document}
        top = {key: value for key, value in raw.items() if key not in TABLES}
        general = reader.table(top, (), TopTable, also=TABLES)
        strategy, engine = reader.with_plugin(
            raw["strategy"], ("strategy",), StrategyTable, Kind.ENGINE, "engine"
        )
        passed = variables(strategy.environment if strategy else (), find, reader.problems)
        parameters = Parameters.read(raw, reader, searched=searched)
        days = Days.read(raw, reader, engine, symbol=symbol, searched=searched)
        judges = Judges.read(raw, reader, general)
        rules = Rules.read(raw, reader, engine, parameters, days, judges, searched=searched)
        executor = _executor(raw["executor"], reader)
        stages = read_stages(raw["stage"], reader, searched=searched)
        if parameters.space and not reader.problems.found:
            stages = with_points(stages, parameters.space, reader.problems)
        sinks = tuple(read_sinks(raw["sink"], reader, path, days.scenarios.scenarios))
        return cls(
            *(general, strategy, engine, passed, parameters, days, judges, rules),
            *(executor, stages, sinks),
        )

    def pipeline(self, path: Path, problems: Problems) -> Pipeline:
        """Return the pipeline; raises the error of the `problems` if there are any."""
        parameters, days = self.parameters, self.days
        judges, rules = self.judges, self.rules
        if problems.found or not (
            (general := self.general)
            and (strategy := self.strategy)
            and (engine := self.engine)
            and (space := parameters.space)
            and (fitness := judges.fitness)
            and (search := rules.search)
            and (executor := self.executor)
            and (prune := rules.prune)
            and (choose := rules.choose)
        ):
            raise problems.error()
        return Pipeline(
            file=path,
            folder=path.absolute().parent,
            name=general.name,
            seed=general.seed,
            engine=engine,
            strategy_id=strategy.id or general.name,
            scenarios=days.scenarios.scenarios,
            separate=days.scenarios.separate,
            space=space,
            constraints=parameters.constraints,
            soft=parameters.soft,
            fitness=fitness,
            search=search,
            executor=executor,
            stages=self.stages,
            sinks=self.sinks,
            notes=tuple(self._notes(engine, space)),
            environment=self.environment,
            prune=prune,
            choose=choose,
            holdout=days.holdout,
            split=days.split,
            objectives=judges.objectives,
            scalar=judges.scalar,
        )

    def _notes(self, engine: Choice, space: Space) -> Iterator[str]:
        days, functions = self.days, self.judges.functions
        named = named_statistics(functions, self.parameters.constraints, self.parameters.soft)
        yield from statistic_notes(engine, named)
        yield from weight_notes(functions, days.scenarios.scenarios)
        yield from condition_notes(space)
        yield from holdout_notes(days.holdout, days.scenarios.scenarios)
        yield from choose_notes(self.rules.choose, tests=days.split is not None)


def _executor(raw: object, reader: Reader) -> ExecutorSettings | None:
    table, choice = reader.with_plugin(raw, ("executor",), ExecutorTable, Kind.EXECUTOR)
    if table is None or choice is None:
        return None
    return ExecutorSettings(
        choice=choice,
        workers=None if table.workers == "auto" else table.workers,
        time_limit=table.time_limit,
        memory_limit=table.memory_limit,
        recycle_after=table.recycle_after,
        recycle_growth=table.recycle_growth,
        retries=table.retries,
        start_limit=table.start_limit,
        start_patience=table.start_patience,
    )
