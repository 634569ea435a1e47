"""Check a pipeline's plugins and strategy without running anything, for `leanopt check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

from attrs import evolve

from leanopt_core.canonical import derive_seed
from leanopt_core.errors import ExecutorError, PluginError, StrategyError
from leanopt_core.pipeline import Pipeline, StageSettings
from leanopt_core.search.guard import GuardedStage
from leanopt_core.search.history import ToldHistory
from leanopt_core.search.prepare import (
    build_executor,
    build_fitness,
    build_sink,
    engine_of,
    label,
    prepare_context,
)
from leanopt_core.stage import StageStart


def look_at(pipeline: Pipeline, *, allow_unread: bool = False) -> None:
    """Build every plugin that the pipeline names, and check the strategy if the engine can.

    Executors may check their options, too. Raises PluginError with every plugin that cannot be
    built, else ExecutorError or StrategyError with all errors of options and strategy.
    """
    if faults := list(_faults(pipeline)):
        raise PluginError("\n".join(map(str, faults)))
    context = evolve(prepare_context(pipeline), allow_unread=allow_unread)
    with closing(build_executor(pipeline.executor.choice, pipeline.folder)) as executor:
        options = executor.check()
    strategy = engine_of(pipeline).check(context)
    if options or strategy:
        kind = ExecutorError if options else StrategyError
        raise kind("\n".join((*options, *strategy)))


def _faults(pipeline: Pipeline) -> Iterator[PluginError]:
    folder = pipeline.folder
    builds: list[Callable[[], object]] = [
        partial(engine_of, pipeline),
        partial(build_fitness, pipeline.fitness),
        # It starts nothing before it is asked to; closed, since it may hold something already.
        lambda: build_executor(pipeline.executor.choice, folder).close(),
        *(partial(_stage, pipeline, stage) for stage in pipeline.stages),
        *(partial(build_sink, sink, folder) for sink in pipeline.sinks),
    ]
    for build in builds:
        try:
            build()
        except PluginError as error:
            yield error


def _stage(pipeline: Pipeline, stage: StageSettings) -> GuardedStage:
    """Build a stage's method as if nothing had been told before it."""
    start = StageStart(
        pipeline.space,
        derive_seed(pipeline.seed, "stage", stage.name),
        stage.trials,
        pipeline.search.lookahead,
        ToldHistory(pipeline.space).since(0),
    )
    factory = partial(stage.choice.registered.load(), stage.choice.options)
    return GuardedStage(factory, start, label("stage", stage.choice, stage.name))
