"""Search plans that earlier versions of leanopt stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from leanopt_core.pipeline.plan import PLAN_VERSION


def reworded(
    plan: Mapping[str, Any],
    data: Mapping[str, str] = MappingProxyType({}),
    all_data: Callable[[], str | None] = lambda: None,
) -> dict[str, Any]:
    """Return a stored plan as `SearchPlan.to_dict` words it today.

    So a run stored under an older plan version is found by the hash of the result. Version 1 held
    the versions of plugins, and both older versions one hash of all data: if `all_data` returns the
    same hash today, each scenario reads what it read, which has today the identity in `data`.
    """
    found = deepcopy(dict(plan))
    if found["version"] >= PLAN_VERSION:
        return found
    for method in _methods(found):
        method.pop("version", None)
    before = found.pop("data")
    if before is not None:
        same = before == all_data()
        for one in found["scenarios"]:
            one["data"] = data.get(one["name"], before) if same else before
    found["version"] = PLAN_VERSION
    return found


def versions(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of distributions that a plan of version 1 holds; empty for later ones."""
    return {
        method["distribution"]: method["version"]
        for method in _methods(plan)
        if "version" in method
    }


def _methods(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan["scoring"]["fitness"]
    yield from (stage["method"] for stage in plan["stages"])
