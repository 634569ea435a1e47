"""From a prepared pipeline to what the loop runs and what the store keeps of it."""

from __future__ import annotations

from functools import partial

from leanopt_core.content import scenario_key
from leanopt_core.fitness import Direction, FitnessFunction
from leanopt_core.pipeline import StageSettings
from leanopt_core.search.loop import SearchSetup
from leanopt_core.search.machine import StageRule
from leanopt_core.search.prepare import Prepared, label
from leanopt_core.store.runs import NewSearch, NewStage


def setups(ready: Prepared, fitness: FitnessFunction) -> list[SearchSetup]:
    """Return the searches of the plan, ready to run; imports the stages' methods."""
    stages = tuple(_rule(stage, fitness.direction) for stage in ready.pipeline.stages)
    scenarios = {scenario.name: scenario for scenario in ready.plan.scenarios}
    target = fitness.target
    found = []
    for search in ready.plan.searches:
        chosen = tuple(scenarios[name] for name in search.scenarios)
        keys = (
            scenario_key(ready.build.source, ready.build.identity, ready.data, scenario)
            for scenario in chosen
        )
        found.append(
            SearchSetup(
                space=ready.plan.space,
                stages=stages,
                seed=search.seed,
                lookahead=ready.plan.lookahead,
                target=_objective(target, fitness.direction),
                scenarios=chosen,
                shared_keys=tuple(keys),
            )
        )
    return found


def _rule(stage: StageSettings, direction: Direction) -> StageRule:
    return StageRule(
        name=stage.name,
        label=label("stage", stage.choice, stage.name),
        build=partial(stage.choice.registered.load(), stage.choice.options),
        trials=stage.trials,
        patience=stage.patience,
        min_delta=stage.min_delta,
        target=_objective(stage.target, direction),
        seed_from=stage.seed_from,
        version=stage.choice.registered.version,
    )


def _stored(stage: StageSettings) -> NewStage:
    plugin = stage.choice.registered
    return NewStage(stage.name, stage.choice.use, plugin.distribution, plugin.version, stage.trials)


def _objective(target: float | None, direction: Direction) -> float | None:
    """Return a target as an objective: negated if lower is better."""
    return -target if target is not None and direction == "min" else target


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
        )
        for search in ready.plan.searches
    ]
