"""Check a pipeline's plugins and strategy without running anything, for `leanopt check`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from attrs import evolve

from leanopt_core.canonical import derive_seed
from leanopt_core.errors import ExecutorError, PluginError, StrategyError
from leanopt_core.pipeline import Pipeline, StageSettings
from leanopt_core.pipeline.statistic_names import refuse_misspelt
from leanopt_core.search.calls import Calls
from leanopt_core.search.guarded_stage import GuardedStage
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.prepare import (
    build_executor,
    build_fitness,
    build_sink,
    engine_of,
    label,
    load_choice,
    prepare_context,
)
from leanopt_core.stage import StageStart

T = TypeVar("T")


def look_at(pipeline: Pipeline, calls: Calls, *, allow_unread: bool = False) -> None:
    """Build every plugin that the pipeline names, and check the strategy if the engine can.

    `calls` notes the calls into plugins. Executors may check their options, too. Raises PluginError
    with every plugin that cannot be built, else ExecutorError or StrategyError with all errors of
    options and strategy.
    """
    faults: list[PluginError] = []
    folder, context = pipeline.folder, prepare_context(pipeline)
    engine = _tried(faults, engine_of, pipeline, calls)
    _tried(faults, build_fitness, pipeline.fitness, calls)
    executor = _tried(
        faults, build_executor, pipeline.executor.choice, folder, calls, pipeline.environment
    )
    for stage in pipeline.stages:
        _tried(faults, _stage, pipeline, stage, calls)
    for sink in pipeline.sinks:
        _tried(faults, build_sink, sink, folder, calls)
    options: Sequence[str] = ()
    if executor is not None:
        # It starts nothing before it is asked to; closed, since it may hold something already.
        try:
            options = () if faults else executor.check()
        finally:
            _tried(faults, executor.close)
    if engine is None or faults:
        raise PluginError("\n".join(map(str, faults)))
    refuse_misspelt(pipeline, engine.reported_statistics())
    strategy = engine.check(evolve(context, allow_unread=allow_unread))
    if options or strategy:
        kind = ExecutorError if options else StrategyError
        raise kind("\n".join((*options, *strategy)))


def _tried(faults: list[PluginError], build: Callable[..., T], *arguments: object) -> T | None:
    """Return what `build` returns; note its PluginError and return None."""
    try:
        return build(*arguments)
    except PluginError as error:
        faults.append(error)
        return None


def _stage(pipeline: Pipeline, stage: StageSettings, calls: Calls) -> GuardedStage:
    """Build a stage's method as if nothing had been told before it."""
    start = StageStart(
        pipeline.space,
        derive_seed(pipeline.seed, "stage", stage.name),
        stage.trials,
        pipeline.search.lookahead,
        ToldHistory(pipeline.space).since(0),
    )
    named = label("stage", stage.choice, stage.name)
    factory = partial(load_choice(named, stage.choice, calls), stage.choice.options)
    return GuardedStage(factory, start, named, calls)
