"""What is stored of a new run, and what differs where a run continues or is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from leanopt_core.canonical import as_stored
from leanopt_core.distributions import involved
from leanopt_core.engines.base import Build
from leanopt_core.fitness import Direction
from leanopt_core.pipeline import execution
from leanopt_core.pipeline.older import versions
from leanopt_core.plugins import CORE
from leanopt_core.search.differences import differences, files_changed
from leanopt_core.search.most_trials import most_trials
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.reproduce import reproducible
from leanopt_core.search.setup import new_searches
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store


def begin(
    store: Store,
    ready: Prepared,
    direction: Direction,
    options: Mapping[str, object] | None = None,
    name: str | None = None,
    directions: Sequence[Direction] = (),
) -> StoredRun:
    """Store a new run of the plan and return it.

    `options` are those of the command, as JSON values; `leanopt resume` uses them. `name` is the
    run's, by default the pipeline's with a counter. `directions` are those of several objectives.
    Raises UsageError if there is a run of that name.
    """
    pipeline = ready.pipeline
    given = {} if options is None else {"options": dict(options)}
    several = {"directions": list(directions)} if directions else {}
    return store.runs.start(
        pipeline.name,
        strategy=pipeline.strategy_id,
        plan_hash=ready.plan.hash,
        plan=ready.plan.to_dict(),
        execution={**executed(ready), **given, **several, "most_trials": most_trials(pipeline)},
        searches=new_searches(ready, direction),
        name=name,
    )


#: What an execution has that changes no result: how workers are kept, started and checked, what is
#: kept besides results, and what the plan or a harness says.
_SILENT: Final = (
    *("hello", "read_types", "options", "directions", "most_trials"),
    *("sources", "launch", "folder"),
    *("check_warm", "keep", "durability", "time", "stage_times", "sinks"),
    *("recycle_after", "recycle_growth", "start_limit", "start_patience"),
)
_SILENT_OPTIONS: Final = ("nice", "pull", "scratch_folder")


def _telling(execution: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an execution that can change results, or how fast they come."""
    told = {name: one for name, one in execution.items() if name not in _SILENT}
    executor = told.get("executor", {})
    kept = {name: one for name, one in executor.items() if name not in _SILENT_OPTIONS}
    return {**told, "executor": kept}


def changes(run: StoredRun, ready: Prepared, *, shown: bool) -> str | None:
    """Return a warning that lists the changes in execution, None if there are none.

    Versions of plugins come first, and all of them. `shown` says that the run does not continue.
    """
    before, now = (_telling(one) for one in (json.loads(run.execution), as_stored(executed(ready))))
    if "distributions" not in before:  # an older leanopt began the run
        now.pop("distributions")
    plugins = before.pop("plugins", None) or versions(json.loads(run.plan))
    found = differences({"plugins": plugins}, {"plugins": now.pop("plugins")}, most=None)
    identity = [one.get("build", {}).pop("identity", None) for one in (before, now)]
    found += differences(before, now)
    if not found and identity[0] not in (None, identity[1]):
        found = ["the interpreter, a library, the harness or the runtime has changed"]
    verb = "ran" if shown else "continues"
    return f"{run.name} {verb} under different conditions:\n{listed(found)}" if found else None


def sources_changed(run: StoredRun, build: Build) -> str:
    """Return which files of the strategy have changed since a run began, as far as it is known."""
    before = json.loads(run.execution).get("sources", {})
    named = files_changed(before, build.sources)
    return f"the strategy: {', '.join(named or ['its files or its settings have changed'])}"


def executed(ready: Prepared) -> dict[str, Any]:
    """Return the execution of a run to store, as plain JSON values."""
    return {
        **execution(ready.pipeline).to_dict(),
        "workers": ready.executor.workers(ready.pipeline.executor.workers),
        "runtime": dict(ready.runtime),
        "build": {"identity": ready.build.identity, **ready.build.details},
        "distributions": _distributions(ready),
        **_places(ready),
        **reproducible(ready),
        **({"sources": dict(ready.build.sources)} if ready.build.sources else {}),
    }


def _distributions(ready: Prepared) -> dict[str, str]:
    """Return the versions of the core, of all plugins of a run, and of what they require."""
    pipeline = ready.pipeline
    plugins = [pipeline.engine, pipeline.executor.choice, *pipeline.functions, *pipeline.sinks]
    plugins += [stage.choice for stage in pipeline.stages]
    return involved([CORE, *(one.registered.distribution for one in plugins)])


def _places(ready: Prepared) -> dict[str, Any]:
    """Return what differs by place, nothing if workers run in one."""
    if not ready.places:
        return {}
    return {
        "places": {
            name: {"runtime": dict(place.runtime), "identity": place.build.identity}
            for name, place in ready.places.items()
        }
    }


def listed(lines: Sequence[str]) -> str:
    """Return lines indented, one below the other."""
    return "\n".join(f"  {line}" for line in lines)
