"""Loads a pipeline: file, overrides, environment, tables, and every mistake in them at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import cast

from leanopt_core.pipeline.environment import interpolate, lookup
from leanopt_core.pipeline.options import make_reader
from leanopt_core.pipeline.overrides import Override, apply, parse_set
from leanopt_core.pipeline.parameters import read_result_constraints, read_space
from leanopt_core.pipeline.problems import KeyPath, Problems, toml_text
from leanopt_core.pipeline.read import read_document
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import read_scenarios
from leanopt_core.pipeline.settings import Choice, ExecutorSettings, Pipeline
from leanopt_core.pipeline.stages import read_stages
from leanopt_core.pipeline.tables import (
    TABLES,
    ConstraintsTable,
    ExecutorTable,
    FitnessTable,
    SearchSettings,
    SinkTable,
    StrategyTable,
    TopTable,
)
from leanopt_core.plugins import Kind, Registry

_LARGEST_EXPONENT = 300


def load_pipeline(
    path: Path,
    registry: Registry,
    *,
    sets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    symbol: str | None = None,
    workers: int | None = None,
    seed: int | None = None,
) -> Pipeline:
    """Return the pipeline in `path`, its plugins found in `registry`.

    `sets` are the arguments of `--set`, `environment` is `os.environ` where none is given, and
    `symbol`, `workers` and `seed` stand for the flags of these names. Raises PipelineError with
    every mistake, PluginError where a plugin's options are unusable.
    """
    document = read_document(path)
    problems = Problems(str(path))
    for text in sets:
        override = parse_set(text, problems)
        if override is not None:
            apply(document, override, problems)
    for flag in _flags(document, problems, symbol=symbol, workers=workers, seed=seed):
        apply(document, flag, problems)
    folder = path.absolute().parent
    find = lookup(os.environ if environment is None else environment, folder)
    filled = cast("dict[str, object]", interpolate(document, find, problems))
    _check_numbers(filled, problems)
    return _pipeline(filled, path, folder, Reader(registry, make_reader(folder), problems))


def _flags(
    document: Mapping[str, object],
    problems: Problems,
    *,
    symbol: str | None,
    workers: int | None,
    seed: int | None,
) -> Iterator[Override]:
    """Yield what the flags set; `--symbol` is for a single scenario only."""
    if symbol is not None:
        label, scenarios = f"--symbol {symbol}", document.get("scenario")
        several = len(scenarios) if isinstance(scenarios, list) else 1
        if several == 1:
            place = ("scenario", "0") if isinstance(scenarios, list) else ("scenario",)
            yield Override((*place, "symbol"), symbol, label)
        else:
            expected = "expected one, or --set scenario.NAME.symbol=SYMBOL for each"
            problems.add(("scenario",), f"{several} scenarios", expected, source=label)
    if workers is not None:
        yield Override(("executor", "workers"), workers, f"--workers {workers}")
    if seed is not None:
        yield Override(("seed",), seed, f"--seed {seed}")


def _check_numbers(value: object, problems: Problems, at: KeyPath = ()) -> None:
    """Refuse NaN, infinity, and numbers so long or large that writing them out takes a disk."""
    match value:
        case dict():
            for key, item in value.items():
                _check_numbers(item, problems, (*at, key))
        case list():
            for index, item in enumerate(value):
                _check_numbers(item, problems, (*at, index))
        case Decimal():
            long = len(value.as_tuple().digits) > _LARGEST_EXPONENT
            if not value.is_finite() or long or abs(value.adjusted()) > _LARGEST_EXPONENT:
                problems.add(at, toml_text(value), "expected a finite number of at most 300 digits")


def _pipeline(document: Mapping[str, object], path: Path, folder: Path, reader: Reader) -> Pipeline:
    """Read every table, also after mistakes, and only then raise or return."""
    top_keys = {key: value for key, value in document.items() if key not in TABLES}
    top = reader.table(top_keys, (), TopTable, also=TABLES)
    strategy, engine = reader.with_plugin(
        document.get("strategy", {}), ("strategy",), StrategyTable, Kind.ENGINE, "engine"
    )
    limits = reader.table(document.get("constraints", {}), ("constraints",), ConstraintsTable)
    space = read_space(document.get("parameters"), limits or ConstraintsTable(), reader)
    names = document.get("parameters")
    scenarios = read_scenarios(
        document.get("scenario", {}), reader, list(names) if isinstance(names, dict) else []
    )
    constraints = read_result_constraints(limits or ConstraintsTable(), reader)
    fitness = reader.with_plugin(
        document.get("fitness", {}), ("fitness",), FitnessTable, Kind.FITNESS
    )[1]
    search = reader.table(document.get("search", {}), ("search",), SearchSettings)
    executor = _executor(document.get("executor", {}), reader)
    stages = read_stages(document.get("stage"), reader)
    sinks = tuple(_sinks(document.get("sink", []), reader))
    reader.problems.raise_any()
    if not (top and strategy and engine and space and fitness and search and executor):
        raise reader.problems.error()
    return Pipeline(
        file=path,
        folder=folder,
        name=top.name,
        seed=top.seed,
        engine=engine,
        strategy_id=strategy.id or top.name,
        scenarios=scenarios,
        space=space,
        constraints=constraints,
        fitness=fitness,
        search=search,
        executor=executor,
        stages=stages,
        sinks=sinks,
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
        retries=table.retries,
    )


def _sinks(raw: object, reader: Reader) -> Iterator[Choice]:
    for item, at in reader.tables(raw, ("sink",)):
        choice = reader.with_plugin(item, at, SinkTable, Kind.SINK)[1]
        if choice is not None:
            yield choice
