"""Start a run, or find the one to continue, and report why it cannot be continued."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from leanopt_core.canonical import canonical_json
from leanopt_core.errors import ResumeError
from leanopt_core.fitness import Direction
from leanopt_core.pipeline import execution
from leanopt_core.search.differences import differences
from leanopt_core.search.prepare import Prepared
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
            # By way of JSON, as the stored plan went: a tuple must not differ from its list.
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
