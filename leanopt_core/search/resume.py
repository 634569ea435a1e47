"""Start a run, or find the one to continue, and report why it cannot be continued."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from leanopt_core.canonical import canonical_json
from leanopt_core.content import scenario_key
from leanopt_core.errors import ResumeError
from leanopt_core.fitness import Direction, FitnessFunction
from leanopt_core.pipeline import StageSettings, execution
from leanopt_core.search.loop import SearchSetup
from leanopt_core.search.machine import StageRule
from leanopt_core.search.prepare import Prepared, label
from leanopt_core.search.reproduce import reproducible
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import NewSearch, NewStage
from leanopt_core.store.store import Store

_MOST = 8
_ABSENT = object()


def differences(before: Any, now: Any) -> list[str]:
    """Return where two JSON values differ, such as `stages.0.trials: 128, now 64`.

    At most eight differences are listed; a last line counts the others.
    """
    found = list(_walk("", before, now))
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], f"and {more} more"]


def _walk(path: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from _walk(_join(path, key), before.get(key, _ABSENT), now.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(now, list):
        for index in range(max(len(before), len(now))):
            yield from _walk(_join(path, str(index)), _at(before, index), _at(now, index))
    elif before is _ABSENT or now is _ABSENT or before != now:
        yield f"{path}: {_said(before)}, now {_said(now)}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else _ABSENT


def _said(value: Any) -> str:
    return "absent" if value is _ABSENT else repr(value)


def setups(ready: Prepared, fitness: FitnessFunction) -> list[SearchSetup]:
    """Return the searches of the plan, ready to run; imports the stages' methods."""
    stages = tuple(_rule(stage, fitness.direction) for stage in ready.pipeline.stages)
    scenarios = {scenario.name: scenario for scenario in ready.plan.scenarios}
    target = fitness.target
    found = []
    for search in ready.plan.searches:
        chosen = tuple(scenarios[name] for name in search.scenarios)
        keys = (scenario_key(ready.build.identity, ready.data, scenario) for scenario in chosen)
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
    )


def _objective(target: float | None, direction: Direction) -> float | None:
    """Return a target as an objective: negated if lower is better."""
    return -target if target is not None and direction == "min" else target


def new_searches(ready: Prepared, direction: Direction) -> list[NewSearch]:
    """Return the searches to store when their run starts."""
    scenarios = {scenario.name: scenario for scenario in ready.plan.scenarios}
    stages = [
        NewStage(s.name, s.method.name, s.method.distribution, s.method.version, s.trials)
        for s in ready.plan.stages
    ]
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


def begin(store: Store, ready: Prepared, direction: Direction) -> StoredRun:
    """Store a new run of the plan and return it."""
    pipeline = ready.pipeline
    return store.runs.start(
        pipeline.name,
        strategy=pipeline.strategy_id,
        plan_hash=ready.plan.hash,
        plan=ready.plan.to_dict(),
        execution=executed(ready),
        searches=new_searches(ready, direction),
    )


def find(store: Store, ready: Prepared) -> StoredRun:
    """Return the newest unfinished run of this plan; raises ResumeError if there is none.

    The error lists the differences to the plan of this pipeline's newest unfinished run.
    """
    run = store.runs.unfinished(ready.plan.hash)
    if run is not None:
        return run
    for summary in store.runs.summaries():
        other = store.runs.get(summary.id)
        if summary.state != "finished" and other.pipeline == ready.pipeline.name:
            now = json.loads(canonical_json(ready.plan.to_dict()))
            found = differences(json.loads(other.plan), now)
            raise ResumeError(
                f"no unfinished run has this plan; the plan of {other.name} differs in\n"
                + _listed(found)
                + "\nundo these changes to continue it, or start a new run without --resume"
            )
    raise ResumeError(
        f"there is no unfinished run of {ready.pipeline.name!r}; start one without --resume"
    )


def changes(run: StoredRun, ready: Prepared) -> str | None:
    """Return a warning that lists the changes in execution, None if there are none."""
    before, now = json.loads(run.execution), json.loads(canonical_json(executed(ready)))
    for told in ("hello", "read_types"):  # known only after a harness has started
        before.pop(told, None)
    found = differences(before, now)
    return f"{run.name} continues under different conditions:\n{_listed(found)}" if found else None


def executed(ready: Prepared) -> dict[str, Any]:
    """Return the execution of a run to store, as plain JSON values."""
    return {
        **execution(ready.pipeline).to_dict(),
        "workers": ready.executor.workers(ready.pipeline.executor.workers),
        "runtime": dict(ready.runtime),
        "build": {"identity": ready.build.identity, **ready.build.details},
        **reproducible(ready),
    }


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
