"""Start a run, or find the one to continue, and report why it cannot be continued."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from leanopt_core.canonical import canonical_json, digest
from leanopt_core.errors import ResumeError
from leanopt_core.fitness import Direction
from leanopt_core.pipeline import execution
from leanopt_core.pipeline.older import reworded, versions
from leanopt_core.search.differences import differences
from leanopt_core.search.prepare import Prepared, label
from leanopt_core.search.repeats import other_direction
from leanopt_core.search.reproduce import reproducible
from leanopt_core.search.setup import new_searches
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store


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


def find(store: Store, ready: Prepared, direction: Direction) -> StoredRun:
    """Return the newest unfinished run of this plan; raises ResumeError if there is none.

    The error lists the differences to the plan of this pipeline's newest unfinished run. A fitness
    function whose direction is no longer the stored one is refused too.
    """
    wanted = ready.plan.hash
    for run in store.runs.unfinished():
        if run.plan_hash == wanted or digest(_today(run, ready)) == wanted:
            _check_direction(run, ready, direction)
            return run
    for other in store.runs.unfinished():
        if other.pipeline == ready.pipeline.name:
            # By way of JSON, as the stored plan went: a tuple must not differ from its list.
            now = json.loads(canonical_json(ready.plan.to_dict()))
            found = differences(_today(other, ready), now)
            raise ResumeError(
                f"no unfinished run has this plan; the plan of {other.name} differs in\n"
                + _listed(found)
                + "\nundo these changes to continue it, or start a new run without --resume"
            )
    raise ResumeError(
        f"there is no unfinished run of {ready.pipeline.name!r}; start one without --resume"
    )


def _today(run: StoredRun, ready: Prepared) -> dict[str, Any]:
    """Return the plan of a run as it is worded today."""
    return reworded(json.loads(run.plan), ready.plan.data, ready.all_data)


def _check_direction(run: StoredRun, ready: Prepared, direction: Direction) -> None:
    for search in run.searches:
        if search.direction != direction:
            named = label("fitness function", ready.pipeline.fitness)
            raise other_direction(named, search.direction, direction)


def changes(run: StoredRun, ready: Prepared) -> str | None:
    """Return a warning that lists the changes in execution, None if there are none.

    Versions of plugins come first, and all of them.
    """
    before, now = json.loads(run.execution), json.loads(canonical_json(executed(ready)))
    for told in ("hello", "read_types"):  # known only after a harness has started
        before.pop(told, None)
    plugins = before.pop("plugins", None) or versions(json.loads(run.plan))
    found = differences({"plugins": plugins}, {"plugins": now.pop("plugins")}, most=None)
    found += differences(before, now)
    return f"{run.name} continues under different conditions:\n{_listed(found)}" if found else None


def executed(ready: Prepared) -> dict[str, Any]:
    """Return the execution of a run to store, as plain JSON values."""
    return {
        **execution(ready.pipeline).to_dict(),
        "workers": ready.executor.workers(ready.pipeline.executor.workers),
        "runtime": dict(ready.runtime),
        "build": {"identity": ready.build.identity, **ready.build.details},
        **_places(ready),
        **reproducible(ready),
    }


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


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
