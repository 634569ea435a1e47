"""Prepare a pipeline's run: executor, engine, build, data and plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from attrs import evolve, field, frozen

from leanopt_core.catalogue import OWN
from leanopt_core.content import hash_file, scenario_key
from leanopt_core.engines.base import Build, Engine, PrepareContext, Report, RunCommand, silent
from leanopt_core.errors import Mistake, PatienceError, PipelineError, StrategyError, TransientError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.spawner import Patience
from leanopt_core.fitness import FitnessFunction
from leanopt_core.pipeline import Choice, ExecutorSettings, Pipeline, SearchPlan, resolve
from leanopt_core.pipeline.settings import needs_of
from leanopt_core.pipeline.statistic_names import refuse_misspelt
from leanopt_core.scoring import Scorer, SeveralScorer
from leanopt_core.search.calls import Calls
from leanopt_core.search.environment import hint, keyed
from leanopt_core.search.guard import Guard
from leanopt_core.search.guarded_engine import GuardedEngine, GuardedExecutor
from leanopt_core.search.guarded_fitness import GuardedFitness
from leanopt_core.search.inputs import Hash, Inputs
from leanopt_core.search.run_points import with_run_points
from leanopt_core.search.scenario_data import ScenarioData, all_data, scenario_data
from leanopt_core.shown import shortened
from leanopt_core.sinks.base import Sink
from leanopt_core.work import Command, Completed, Scenario


@frozen
class Place:
    """One of several places of workers: what affects results there, and the strategy for it."""

    runtime: Mapping[str, str]
    build: Build


@frozen
class Prepared:
    """A pipeline that is ready to run.

    `runtime` are the properties of the workers' environment that affect results, `data` is what
    each scenario reads of the data, by name (empty without data), `all_data` returns the identity
    of all data, and `inputs` are the files that workers read in place. `places` are by name if
    workers run in several; `runtime` and `build` are then those of the first. `refused` says why
    scenarios cannot run, by name.
    """

    pipeline: Pipeline
    executor: Executor
    engine: Engine
    runtime: Mapping[str, str]
    build: Build
    data: Mapping[str, ScenarioData]
    all_data: Callable[[], str | None]
    inputs: Inputs[dict[str, ScenarioData]]
    plan: SearchPlan
    places: Mapping[str, Place] = field(factory=dict)
    refused: Mapping[str, str] = field(factory=dict)

    @property
    def refusals(self) -> Iterator[str]:
        """Yield a warning for each scenario that cannot run."""
        return (f"{shortened(name)} cannot run: {why}" for name, why in self.refused.items())

    def scenario_keys(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the `scenario_key` of one of the scenarios in each place where workers run."""
        builds = [place.build for place in self.places.values()] or [self.build]
        data = self.plan.data.get(scenario.name)
        return tuple(
            scenario_key(self.build.source, one.identity, data, scenario) for one in builds
        )


@frozen
class Ready:
    """A strategy that is ready to run on an executor."""

    executor: Executor
    engine: GuardedEngine
    runtime: Mapping[str, str]
    build: Build
    places: Mapping[str, Place] = field(factory=dict)


@frozen
class PatientCommand:
    """An executor's `run_command`, retried for `limit` seconds after a TransientError.

    `report` is called for each failure.
    """

    run_command: RunCommand
    limit: float
    report: Report

    def __call__(self, command: Command) -> Completed:
        """Run one command until it ends; raises PatienceError if all retries fail."""
        patience = Patience(self.limit)
        while True:
            try:
                return self.run_command(command)
            except TransientError as error:
                patience.failed()
                if patience.left() <= 0:
                    raise PatienceError(
                        f"no command completed within {self.limit:g} s of retries"
                        f" (executor.start_patience): {error}"
                    ) from None
                self.report(f"retrying a command: {error}")
            time.sleep(patience.pause())


def label(kind: str, choice: Choice, name: str | None = None) -> str:
    """Return how messages name a plugin: its kind, name, distribution and version."""
    registered = choice.registered
    return f"{kind} {name or choice.use!r} ({registered.distribution} {registered.version})"


def build_choice(kind: str, choice: Choice, *arguments: object, calls: Calls | None = None) -> Any:
    """Load and call a plugin's factory; raises PluginError, with its name, if that fails."""
    named = label(kind, choice)
    if calls is not None and choice.registered.distribution in OWN:
        # Workers start on threads: without this, no early call of a method could be judged.
        calls.harmless.add(named)
    guard = Guard(named, calls=calls)
    factory = load_choice(named, choice, calls)
    return guard.call("being built", factory, choice.options, *arguments)


def load_choice(named: str, choice: Choice, calls: Calls | None = None) -> Callable[..., Any]:
    """Import a plugin's factory; raises PluginError if that fails."""
    return Guard(named, calls=calls).call("being imported", choice.registered.load)


def build_executor(
    choice: Choice,
    folder: Path,
    calls: Calls | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> GuardedExecutor:
    """Return an executor; raises PluginError as `build_choice`, and if it lacks a method.

    `environment` are the caller's variables that all that it starts gets.
    """
    made = cast("Executor", build_choice("executor", choice, folder, calls=calls))
    return GuardedExecutor(made, label("executor", choice), calls, environment)


def build_sink(choice: Choice, folder: Path, calls: Calls | None = None) -> Sink:
    """Return a sink; raises PluginError as `build_choice`, and if it lacks a method."""
    made = cast("Sink", build_choice("sink", choice, folder, calls=calls))
    guard = Guard(label("sink", choice), calls=calls)
    guard.needs(made, ("start", "trial", "stage", "finish"), "being built")
    return made


def build_fitness(choice: Choice, calls: Calls | None = None) -> FitnessFunction:
    """Return a pipeline's fitness function; raises PluginError as `build_choice`."""
    kind = "fitness function"
    made = cast("FitnessFunction", build_choice(kind, choice, calls=calls))
    return cast("FitnessFunction", GuardedFitness(made, label(kind, choice), calls))


def build_scorer(pipeline: Pipeline, calls: Calls | None = None) -> Scorer | SeveralScorer:
    """Return what scores trials by a pipeline; raises PluginError as `build_choice`.

    Raises PipelineError for a target that would count for nothing.
    """
    scenarios = pipeline.expansion.scenarios
    weights = {one.name: float(one.weight) for one in scenarios if one.weight is not None}

    def scorer(choice: Choice, *, first: bool = True) -> Scorer:
        return Scorer(
            build_fitness(choice, calls),
            pipeline.constraints if first else (),
            label=label("fitness function", choice),
            needs=needs_of(choice),
            soft=pipeline.soft,
            weights=weights,
        )

    if not pipeline.objectives:
        return scorer(pipeline.fitness)
    scorers = {
        one.name: scorer(one.choice, first=at == 0) for at, one in enumerate(pipeline.objectives)
    }
    several = SeveralScorer(scorers, pipeline.scalar)
    _check_targets(pipeline, several)
    return several


def _check_targets(pipeline: Pipeline, several: SeveralScorer) -> None:
    """Raise PipelineError for targets of functions that do not rank trials."""
    expected = "expected no target: the function does not rank trials; stages can have one"
    mistakes = [
        Mistake(str(pipeline.file), f"fitness[{at}]", f"the target {one.target:g}", expected)
        for at, one in enumerate(several.scorers.values())
        if one.target is not None and (at or several.scalar)
    ]
    if mistakes:
        raise PipelineError(mistakes)


def engine_of(pipeline: Pipeline, calls: Calls | None = None) -> GuardedEngine:
    """Return the pipeline's engine; raises PluginError as `build_choice`."""
    return build_engine(pipeline.engine, pipeline.folder, calls)


def build_engine(
    choice: Choice,
    folder: Path,
    calls: Calls | None = None,
    needs: frozenset[str] = frozenset(),
) -> GuardedEngine:
    """Return an engine; raises PluginError as `build_choice`, and if it lacks a method."""
    made = cast("Engine", build_choice("engine", choice, folder, calls=calls))
    return GuardedEngine(made, label("engine", choice), calls, needs=needs)


def prepare_context(pipeline: Pipeline) -> PrepareContext:
    """Return the context that the pipeline's strategy is prepared for."""
    space = pipeline.space
    searched = {axis.name: axis.values for axis in space.axes}
    values = {**searched, **{name: (value,) for name, value in space.fixed.items()}}
    return PrepareContext(
        tuple(values), pipeline.expansion.scenarios, values=values, separate=pipeline.separate
    )


@contextmanager
def prepared(
    pipeline: Pipeline,
    *,
    hashed: Hash = hash_file,
    allow_unread: bool = False,
    skip_build: bool = False,
    report: Report = silent,
    calls: Calls | None = None,
    offline: bool = False,
) -> Iterator[Prepared]:
    """Prepare a pipeline, and release its executor afterwards.

    `hashed` gives a data file's hash, `calls` notes the calls into engine and executor; `offline`
    means that the executor fetches nothing. The other arguments are those of `PrepareContext`.
    Raises StrategyError if the strategy cannot be prepared, PipelineError for misspelt statistics,
    PluginError if an engine or executor breaks its contract.
    """
    pipeline = with_run_points(pipeline)
    context = evolve(
        prepare_context(pipeline), allow_unread=allow_unread, skip_build=skip_build, report=report
    )
    executor = pipeline.executor
    with made_ready(
        pipeline.engine,
        evolve(executor, choice=executor.choice.offline) if offline else executor,
        pipeline.folder,
        context,
        calls=calls,
        needs=pipeline.outputs.needs,
        environment=pipeline.environment,
    ) as ready:
        engine, build = ready.engine, ready.build
        refuse_misspelt(pipeline, engine.reported_statistics())
        inputs = Inputs(scenario_data(engine, context.scenarios), hashed)
        builds = (build, *(place.build for place in ready.places.values()))
        for one in builds:
            inputs.add(one.in_place)
        refused = _refused(context, builds)
        identities = {name: one.identity for name, one in inputs.identity.items()}
        plan = resolve(pipeline, source=build.source, data=identities)
        yield Prepared(
            pipeline,
            ready.executor,
            engine,
            ready.runtime,
            build,
            inputs.identity,
            cache(partial(all_data, engine, hashed)),
            inputs,
            plan,
            ready.places,
            refused,
        )


def _refused(context: PrepareContext, builds: Iterable[Build]) -> dict[str, str]:
    """Return why scenarios cannot run; raises StrategyError unless others can without them."""
    refused = {name: " ".join(why.split()) for one in builds for name, why in one.refused.items()}
    names = [scenario.name for scenario in context.scenarios if scenario.name in refused]
    if names and (not context.separate or len(names) == len(context.scenarios)):
        raise StrategyError("\n".join(f"{name}: {refused[name]}" for name in names))
    return refused


@contextmanager
def made_ready(
    engine: Choice,
    settings: ExecutorSettings,
    folder: Path,
    context: PrepareContext,
    *,
    calls: Calls | None = None,
    needs: frozenset[str] = frozenset(),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Ready]:
    """Prepare a strategy for `context`, and release the executor afterwards.

    `needs` are what the fitness function sees of an outcome besides statistics, `environment` the
    caller's variables for the strategy. Raises as `prepared` does.
    """
    there = build_executor(settings.choice, folder, calls, environment)
    try:
        named = build_engine(engine, folder, calls, needs)
        executors = there.places()
        if not executors:
            only = _place(there, named, settings, context, environment)
            yield Ready(there, named, only.runtime, only.build)
            return
        # An engine of its own for each place: it may keep what it was prepared for.
        engines = [
            named,
            *(build_engine(engine, folder, calls, needs) for _ in range(len(executors) - 1)),
        ]
        places = {
            name: _place(executor, own, settings, context, environment)
            for (name, executor), own in zip(executors.items(), engines, strict=True)
        }
        yield _ready(there, named, executors, places)
    finally:
        there.close()


def _place(
    there: GuardedExecutor,
    engine: GuardedEngine,
    settings: ExecutorSettings,
    context: PrepareContext,
    environment: Mapping[str, str],
) -> Place:
    """Prepare the strategy where an executor's workers run."""
    run_command = PatientCommand(there.run_command, settings.start_patience, context.report)
    runtime = there.runtime()
    try:
        build = engine.prepare(run_command, runtime, context)
    except StrategyError as error:
        if missing := hint(str(error)):
            raise StrategyError(f"{error}\n{missing}") from None
        raise
    return Place(runtime, keyed(build, environment))


def _ready(
    there: GuardedExecutor,
    engine: GuardedEngine,
    executors: Mapping[str, GuardedExecutor],
    places: Mapping[str, Place],
) -> Ready:
    """Return the strategy ready in several places; raises StrategyError if it is not the same."""
    (first, one), *others = places.items()
    for name, other in others:
        if other.build.source != one.build.source:
            raise StrategyError(
                f"the strategy's files at {name} differ from those at {first}; all places of an "
                "executor must see the same strategy"
            )
    launches = {name: (executors[name], place.build.launch) for name, place in places.items()}
    return Ready(PlacedWorkers(launches, there), engine, one.runtime, one.build, places)
