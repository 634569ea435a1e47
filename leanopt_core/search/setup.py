"""From a prepared pipeline to what the loop runs and what the store keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from attrs import evolve

from leanopt_core.canonical import digest
from leanopt_core.fitness import Direction, turned
from leanopt_core.fitness_options import AggregateOptions
from leanopt_core.pipeline import (
    Choice,
    Pipeline,
    PlannedSearch,
    SearchPlan,
    StageSettings,
    execution,
)
from leanopt_core.pipeline.statistic_names import statistics_of
from leanopt_core.scoring import Scorer, SeveralScorer
from leanopt_core.search.active import SearchSetup
from leanopt_core.search.calls import Calls
from leanopt_core.search.choose import choose_of
from leanopt_core.search.commands import Budget, StageRule
from leanopt_core.search.prepare import Prepared, build_sink, label, load_choice
from leanopt_core.search.prune import Bound, Halving, Prune
from leanopt_core.search.running_time import TimeLimits
from leanopt_core.search.sinks import RunSink
from leanopt_core.sinks.base import Sink
from leanopt_core.sinks.paths import fill_options, paths, placeholders
from leanopt_core.sinks.split import SplitSink
from leanopt_core.specs import SinkSpec
from leanopt_core.store.records import Taken
from leanopt_core.store.runs import NewSearch, NewStage


def setups(
    ready: Prepared, scorer: Scorer | SeveralScorer, calls: Calls | None = None
) -> list[SearchSetup]:
    """Return the searches of the plan, ready to run; imports the stages' methods.

    `calls` notes the calls of these methods.
    """
    calls = Calls() if calls is None else calls
    stages = tuple(_rule(stage, scorer.direction, calls) for stage in ready.pipeline.stages)
    scenarios = {scenario.name: scenario for scenario in ready.plan.scenarios}
    target = scorer.target
    limits = tuple(stage.time for stage in ready.pipeline.stages)
    times = TimeLimits(ready.pipeline.search.time, limits)
    pipeline = ready.pipeline
    used = statistics_of(pipeline)
    named = tuple(dict.fromkeys(one.name for one in used))
    found = []
    for search in ready.plan.searches:
        chosen = tuple(scenarios[name] for name in search.scenarios)
        tests = tuple(scenarios[name] for name in search.tests)
        every = search.every_scenario
        parts = (ready.scenario_keys(scenarios[name]) for name in every)
        keys, *elsewhere = zip(*parts, strict=True)
        places = {name: at for at, name in enumerate(every)}
        found.append(
            SearchSetup(
                space=ready.plan.space,
                stages=stages,
                seed=search.seed,
                lookahead=ready.plan.lookahead,
                target=turned(target, scorer.direction),
                scenarios=chosen,
                shared_keys=keys,
                elsewhere=tuple(elsewhere),
                budget=budget(ready.plan, search.most_backtests),
                stop_when_failing=ready.plan.stop_when_failing,
                statistics=named,
                time=times,
                rungs=tuple(tuple(map(places.__getitem__, rung)) for rung in search.rungs),
                prune=prune_of(pipeline, len(search.rungs)),
                tests=tests,
                cuts=tuple(scenarios[name] for name in search.cuts),
                choose=choose_of(pipeline.choose, ready.plan.space) if tests else None,
                refused=_refused(search, ready.refused),
                objectives=len(pipeline.functions),
            )
        )
    return found


def _refused(search: PlannedSearch, refused: Mapping[str, str]) -> str:
    """Return why a search cannot run, its tests neither; empty if it can."""
    found = (refused[name] for name in search.every_scenario if name in refused)
    return "; ".join(dict.fromkeys(found))


def prune_of(pipeline: Pipeline, rungs: int) -> Callable[[], Prune] | None:
    """Return what makes that which prunes trials of so many rungs, None if nothing does."""
    match pipeline.prune.use:
        case "bound":
            return partial(Bound, *bounds(pipeline))
        case "halving":
            return partial(Halving, rungs, pipeline.prune.reduction)
    return None


def bounds(pipeline: Pipeline) -> tuple[bool, bool]:
    """Return whether each scenario is scored by itself, and whether the worst one counts.

    A fitness function with `AggregateOptions` scores each scenario by itself.
    """
    options = pipeline.fitness.options
    each = isinstance(options, AggregateOptions)
    return each, each and options.aggregate == "worst"


def budget(plan: SearchPlan, scenarios: int) -> Budget | None:
    """Return the budget of a search, whose trials have so many backtests; None without one.

    A trial's backtests are known before it runs, so both budgets are numbers of trials.
    """
    budgets = []
    if plan.trials is not None:
        budgets.append(Budget(plan.trials, "search.trials"))
    if plan.backtests is not None:
        budgets.append(Budget(plan.backtests // scenarios, "search.backtests"))
    return min(budgets, key=lambda one: one.trials, default=None)


def _rule(stage: StageSettings, direction: Direction, calls: Calls) -> StageRule:
    named = label("stage", stage.choice, stage.name)
    return StageRule(
        name=stage.name,
        label=named,
        build=partial(load_choice(named, stage.choice, calls), stage.choice.options),
        trials=stage.trials,
        patience=stage.patience,
        min_delta=stage.min_delta,
        target=turned(stage.target, direction),
        seed_from=stage.seed_from,
        version=stage.choice.registered.version,
        calls=calls,
    )


def _stored(stage: StageSettings) -> NewStage:
    plugin = stage.choice.registered
    return NewStage(stage.name, stage.choice.use, plugin.distribution, plugin.version, stage.trials)


def new_searches(ready: Prepared, direction: Direction) -> list[NewSearch]:
    """Return the searches to store when their run starts."""
    scenarios = {scenario.name: scenario for scenario in ready.plan.scenarios}
    stages = [_stored(stage) for stage in ready.pipeline.stages]
    return [
        NewSearch(
            number=search.number,
            name=search.name,
            seed=search.seed,
            direction=direction,
            scenarios=[scenarios[name] for name in search.scenarios],
            stages=stages,
            tests=[scenarios[name] for name in search.tests],
            cuts=[scenarios[name] for name in search.cuts],
        )
        for search in ready.plan.searches
    ]


def run_sinks(
    ready: Prepared, taken: Callable[[str], Mapping[int, Taken]], calls: Calls
) -> list[RunSink]:
    """Return the sinks of a run; `taken` returns how far the sink of an identity took searches.

    `calls` notes the calls of their factories.
    """
    return [
        RunSink(
            identity,
            choice.use,
            label("sink", choice),
            _split(ready, choice, calls),
            only_new=cast("SinkSpec", choice.registered.spec).only_new,
            taken=taken(identity),
        )
        for identity, choice in zip(_identities(ready), ready.pipeline.sinks, strict=True)
    ]


def _identities(ready: Prepared) -> list[str]:
    """Return what tells the sinks apart: name and options, and a number for equal ones."""
    sinks = execution(ready.pipeline).to_dict()["sinks"]
    return [
        digest({"sink": sink, "equal": sinks[:at].count(sink)}) for at, sink in enumerate(sinks)
    ]


def _split(ready: Prepared, choice: Choice, calls: Calls) -> SplitSink:
    folder, options = ready.pipeline.folder, choice.options
    scenarios = {scenario.name: scenario.symbol for scenario in ready.plan.scenarios}
    used = {name for _, path in paths(options) for name in placeholders(path, folder)}

    def build(values: Mapping[str, str]) -> Sink:
        filled = evolve(choice, options=fill_options(options, folder, values))
        return build_sink(filled, folder, calls)

    symbols = {
        search.number: {name: scenarios[name] for name in (*search.scenarios, *search.cuts)}
        for search in ready.plan.searches
    }
    return SplitSink(build, sorted(used), symbols)
