"""Search plans that earlier versions of leanopt stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, Final

from leanopt_core.pipeline.plan import PLAN_VERSION

#: The first version that holds the data that each scenario reads, in place of all data.
_BY_SCENARIO: Final = 3


def reworded(
    plan: Mapping[str, Any],
    data: Mapping[str, str] = MappingProxyType({}),
    all_data: Callable[[], str | None] = lambda: None,
    stop_when_failing: int = 0,
) -> dict[str, Any]:
    """Return a stored plan as `SearchPlan.to_dict` words it today.

    So a run stored under an older plan version is found by the hash of the result. Version 1 held
    the versions of plugins, and versions 1 and 2 one hash of all data: if `all_data` returns the
    same hash today, each scenario reads what it read, which has today the identity in `data`.
    Before version 4 no search ended because its trials failed, so `stop_when_failing` is today's.
    """
    found = deepcopy(dict(plan))
    if found["version"] >= PLAN_VERSION:
        return found
    for method in _methods(found):
        method.pop("version", None)
    if found["version"] < _BY_SCENARIO:
        _by_scenario(found, data, all_data)
    return {**found, "stop_when_failing": stop_when_failing, "version": PLAN_VERSION}


def _by_scenario(
    plan: dict[str, Any], data: Mapping[str, str], all_data: Callable[[], str | None]
) -> None:
    before = plan.pop("data")
    if before is not None:
        same = before == all_data()
        for one in plan["scenarios"]:
            one["data"] = data.get(one["name"], before) if same else before


def stop_when_failing(plan: Mapping[str, Any]) -> int:
    """Return after how many failing trials a run of a stored plan stops, 0 for never."""
    return int(plan.get("stop_when_failing", 0))


def versions(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of distributions that a plan of version 1 holds; empty for later ones."""
    return {
        method["distribution"]: method["version"]
        for method in _methods(plan)
        if "version" in method
    }


def _methods(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    scoring = plan["scoring"]
    yield from [scoring["fitness"]] if "fitness" in scoring else []
    yield from (one["fitness"] for one in scoring.get("objectives", ()))
    yield from (stage["method"] for stage in plan["stages"])
