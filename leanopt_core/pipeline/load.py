"""Load a pipeline: file, overrides, environment and tables; collect all errors in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from attrs import evolve

from leanopt_core.pipeline.choose import choose_notes, read_choose
from leanopt_core.pipeline.cpcv import read_cpcv
from leanopt_core.pipeline.holdout import holdout_notes, read_holdout
from leanopt_core.pipeline.objectives import read_fitness, read_scalar, refuse_soft
from leanopt_core.pipeline.overrides import (
    Lookup,
    apply,
    flags,
    interpolate,
    lookup,
    parse_set,
    variables,
)
from leanopt_core.pipeline.parameters import (
    condition_notes,
    read_result_constraints,
    read_soft_constraints,
    read_space,
)
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.prune import check_lengths, read_prune
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import (
    Scenarios,
    check_warmup,
    read_scenarios,
    weight_notes,
)
from leanopt_core.pipeline.settings import (
    Choice,
    ExecutorSettings,
    Overrides,
    Pipeline,
    needs_of,
)
from leanopt_core.pipeline.sinks import read_sinks
from leanopt_core.pipeline.splits import Split
from leanopt_core.pipeline.stage_points import with_points
from leanopt_core.pipeline.stages import read_stages
from leanopt_core.pipeline.statistic_names import named_statistics, statistic_notes
from leanopt_core.pipeline.structure import make_reader
from leanopt_core.pipeline.tables import (
    TABLES,
    ConstraintsTable,
    ExecutorTable,
    SearchSettings,
    StrategyTable,
    TopTable,
)
from leanopt_core.pipeline.toml import read_document, toml_text
from leanopt_core.pipeline.values import check_values
from leanopt_core.pipeline.walk_forward import read_walk_forward
from leanopt_core.plugins import Kind, Registry

_ABSENT: Mapping[str, object] = MappingProxyType(
    {name: [] if name in ("stage", "sink") else {} for name in TABLES}
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
    made = _pipeline(filled, path, reader, find, searched=searched, symbol=symbol)
    return evolve(made, overrides=Overrides(tuple(sets), symbol, workers, seed))


def _pipeline(
    document: Mapping[str, object],
    path: Path,
    reader: Reader,
    find: Lookup,
    *,
    searched: bool,
    symbol: str | None,
) -> Pipeline:
    """Read every table, even after errors, then raise or return."""
    raw = {**_ABSENT, **document}
    top = {key: value for key, value in raw.items() if key not in TABLES}
    general = reader.table(top, (), TopTable, also=TABLES)
    strategy, engine = reader.with_plugin(
        raw["strategy"], ("strategy",), StrategyTable, Kind.ENGINE, "engine"
    )
    passed = variables(strategy.environment if strategy else (), find, reader.problems)
    given = reader.table(raw["constraints"], ("constraints",), ConstraintsTable)
    limits = given or ConstraintsTable()
    space = read_space(raw["parameters"], limits, reader, searched=searched)
    constraints = read_result_constraints(limits, reader)
    soft = read_soft_constraints(limits, reader)
    read = read_scenarios(raw["scenario"], reader, raw["parameters"], symbol)
    # Searches are split: a single point is backtested on all days.
    split = _split(document, reader, read if searched else None)
    read = read.warmed(split.warmup) if split else read
    holdout = read_holdout(document.get("holdout"), reader, read.scenarios)
    if engine:
        check_warmup(read.scenarios, engine, reader.problems)
    fitness, objectives = read_fitness(raw["fitness"], reader)
    functions = tuple(one.choice for one in objectives) or ((fitness,) if fitness else ())
    several = isinstance(raw["fitness"], list)
    scalar = read_scalar(general.scalar if general else None, objectives, reader)
    # How many scenarios a trial has decides nothing where nothing is searched.
    most = read.most * (split.spans if split else 1) if searched else None
    prune = read_prune(raw["prune"], reader, most, several=several)
    steps = 1 + len(prune.lengths) if prune else 1
    search = _search(raw["search"], reader, functions, most, steps)
    if searched and prune and prune.lengths and prune.use == "halving":
        check_lengths(prune, engine, read, split, reader)
    if several and soft:
        refuse_soft(reader.problems)
    choose = read_choose(
        raw["choose"],
        reader,
        space=space if searched else None,
        prune=prune if searched else None,
        fitness=fitness,
        several=several,
    )
    executor = _executor(raw["executor"], reader)
    stages = read_stages(raw["stage"], reader, searched=searched)
    if space and not reader.problems.found:
        stages = with_points(stages, space, reader.problems)
    sinks = tuple(read_sinks(raw["sink"], reader, path, read.scenarios))
    if reader.problems.found or not (
        general
        and strategy
        and engine
        and space
        and fitness
        and search
        and executor
        and prune
        and choose
    ):
        raise reader.problems.error()
    return Pipeline(
        file=path,
        folder=path.absolute().parent,
        name=general.name,
        seed=general.seed,
        engine=engine,
        strategy_id=strategy.id or general.name,
        scenarios=read.scenarios,
        separate=read.separate,
        space=space,
        constraints=constraints,
        soft=soft,
        fitness=fitness,
        search=search,
        executor=executor,
        stages=stages,
        sinks=sinks,
        notes=(
            *statistic_notes(engine, named_statistics(functions, constraints, soft)),
            *weight_notes(functions, read.scenarios),
            *condition_notes(space),
            *holdout_notes(holdout, read.scenarios),
            *choose_notes(choose, tests=split is not None),
        ),
        environment=passed,
        prune=prune,
        choose=choose,
        holdout=holdout,
        split=split,
        objectives=objectives,
        scalar=scalar,
    )


def _split(document: Mapping[str, object], reader: Reader, read: Scenarios | None) -> Split | None:
    """Read `[walk_forward]` and `[cpcv]`, of which a pipeline has one at most."""
    windows = read_walk_forward(document.get("walk_forward"), reader, read)
    groups = read_cpcv(document.get("cpcv"), reader, read)
    if "walk_forward" in document and "cpcv" in document:
        expected = "expected no [walk_forward] beside it: a run splits its days in one way"
        reader.problems.add(("cpcv",), "[cpcv]", expected)
    return windows or groups


def _search(
    raw: object, reader: Reader, functions: Sequence[Choice], scenarios: int | None, steps: int
) -> SearchSettings | None:
    """Read `[search]`, and report what does not go with fitness functions or the scenarios.

    A trial has `steps` with backtests of all scenarios.
    """
    search = reader.table(raw, ("search",), SearchSettings)
    if search is None:
        return None
    for fitness in functions:
        _check_curves(fitness, search, reader.problems)
    if scenarios is not None:
        _check_backtests(search, scenarios, steps, reader.problems)
    return search


def _check_curves(fitness: Choice, search: SearchSettings, problems: Problems) -> None:
    """Report a fitness function that needs daily returns which are not to be stored."""
    if "returns" in needs_of(fitness) and search.curves == "none":
        registered = fitness.registered
        problems.add(
            ("search", "curves"),
            toml_text(search.curves),
            'expected "daily"',
            f"fitness function {fitness.use!r} of {registered.distribution} "
            f"{registered.version} needs daily returns",
        )


def _check_backtests(
    search: SearchSettings, scenarios: int, steps: int, problems: Problems
) -> None:
    """Report a budget of backtests that is too small for one trial."""
    if search.backtests is not None and search.backtests < scenarios * steps:
        each = f", at each of {steps} steps" if steps > 1 else ""
        problems.add(
            ("search", "backtests"),
            toml_text(search.backtests),
            f"expected {scenarios * steps} or more",
            f"a trial has a backtest for each of the {scenarios} scenarios{each}",
        )


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
