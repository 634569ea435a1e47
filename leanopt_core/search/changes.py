"""What has changed since a run of what decides its results."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from leanopt_core.engines.base import Build
from leanopt_core.pipeline import Choice
from leanopt_core.pipeline.older import reworded
from leanopt_core.search.differences import files_changed
from leanopt_core.search.inputs import Hash
from leanopt_core.search.prepare import Ready
from leanopt_core.search.reproduce import Restored
from leanopt_core.search.scenario_data import all_data, scenario_data


def changed_since(restored: Restored, ready: Ready, engine: Choice, hashed: Hash) -> Iterator[str]:
    """Yield that the strategy's files, the data or the environment have changed.

    `hashed` returns the hash of a data file. The environment is compared only on the run's own
    harness; if the strategy's files have changed it differs anyway.
    """
    source = source_changed(restored, ready.build)
    if source is not None:
        yield source
    found = scenario_data(ready.engine, (*restored.scenarios.values(),))(hashed)
    now = {name: one.identity for name, one in found.items()}
    plan = reworded(restored.plan, now, partial(all_data, ready.engine, hashed))
    for one in plan["scenarios"]:
        if one.get("data") != now.get(one["name"]):
            yield f"the data of scenario {one['name']} has changed"
    own = engine.options == restored.engine().options
    if own and source is None and (changed := environment_changed(restored, ready.build)):
        yield changed


def source_changed(restored: Restored, build: Build) -> str | None:
    """Return that the strategy's files have changed since the run, None if they have not."""
    if build.source == restored.plan["source"]:
        return None
    named = files_changed(restored.execution.get("sources", {}), build.sources)
    return "the strategy's files have changed" + (f" ({', '.join(named)})" if named else "")


def environment_changed(restored: Restored, build: Build) -> str | None:
    """Return that the build differs in more than the strategy's files, None if it does not."""
    before = restored.execution.get("build", {}).get("identity")
    if before in (None, build.identity):
        return None
    return "the interpreter, a library, the harness or the runtime has changed"
