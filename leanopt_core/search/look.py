"""Check a pipeline's plugins and strategy without any backtest, for `leanopt check`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from attrs import evolve

from leanopt_core.canonical import derive_seed
from leanopt_core.errors import ExecutorError, NotFetchedError, PluginError, StrategyError
from leanopt_core.pipeline import Pipeline, StageSettings
from leanopt_core.pipeline.statistic_names import refuse_misspelt
from leanopt_core.search.calls import Calls
from leanopt_core.search.environment import hint
from leanopt_core.search.guarded_engine import GuardedEngine, GuardedExecutor
from leanopt_core.search.guarded_stage import GuardedStage
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.prepare import (
    build_executor,
    build_fitness,
    build_scorer,
    build_sink,
    engine_of,
    label,
    load_choice,
    prepare_context,
)
from leanopt_core.search.run_points import with_run_points
from leanopt_core.stage import StageStart

T = TypeVar("T")


def look_at(
    pipeline: Pipeline, calls: Calls, *, allow_unread: bool = False, imports: bool = True
) -> tuple[str, ...]:
    """Build every plugin that the pipeline names, check the strategy, and import it once.

    `calls` notes the calls into plugins. Executors may check their options, too; they fetch
    nothing. Without `imports` nothing of the user's runs. Return what could not be looked at.
    Raises PluginError with every plugin that cannot be built, PipelineError for misspelt
    statistics and for points of a run that is not there, else ExecutorError or StrategyError with
    all errors of options and strategy.
    """
    faults: list[PluginError] = []
    folder, context = pipeline.folder, prepare_context(pipeline)
    engine = _tried(faults, engine_of, pipeline, calls)
    for function in pipeline.functions:
        _tried(faults, build_fitness, function, calls)
    choice, environment = pipeline.executor.choice.offline, pipeline.environment
    executor = _tried(faults, build_executor, choice, folder, calls, environment)
    for stage in pipeline.stages:
        _tried(faults, _stage, pipeline, stage, calls)
    for sink in pipeline.sinks:
        _tried(faults, build_sink, sink, folder, calls)
    with ExitStack() as last:
        if executor is not None:
            # It starts nothing before it is asked to, but may hold something already.
            last.callback(executor.close)
        if engine is None or executor is None or faults:
            raise PluginError("\n".join(map(str, faults)))
        build_scorer(pipeline, calls)
        refuse_misspelt(pipeline, engine.reported_statistics())
        with_run_points(pipeline)
        options = executor.check()
        strategy = engine.check(evolve(context, allow_unread=allow_unread))
        if options or strategy:
            kind = ExecutorError if options else StrategyError
            raise kind("\n".join((*options, *strategy)))
        return _imported(pipeline, engine, executor) if imports else ()


def _imported(
    pipeline: Pipeline, engine: GuardedEngine, executor: GuardedExecutor
) -> tuple[str, ...]:
    """Import the strategy in each place; return why that was not possible without a download.

    Raises StrategyError with its errors, ExecutorError if nothing can run there.
    """
    found: list[str] = []
    try:
        for place in (*executor.places().values(),) or (executor,):
            found += engine.try_out(place.run_command, place.runtime())
    except NotFetchedError as error:
        if pipeline.executor.choice.offline == pipeline.executor.choice:
            raise
        return (f"the strategy was not tried: {error}; `leanopt run` does, too",)
    if found:
        hints = filter(None, map(hint, found))
        raise StrategyError("\n".join(dict.fromkeys((*found, *hints))))
    return ()


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
        objectives=len(pipeline.functions),
    )
    named = label("stage", stage.choice, stage.name)
    factory = partial(load_choice(named, stage.choice, calls), stage.choice.options)
    return GuardedStage(factory, start, named, calls)
