"""Group a run's failures by what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import asdict, define, field, frozen

from leanopt_core.search.failing import alike
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store
from leanopt_core.store.survey import FailedBacktest


@frozen
class FailureGroup:
    """Failures of one category and one message, apart from numbers and quoted text.

    `trials` failed so in `backtests`, first trial `trial` of search `search`, whose `message` it
    is. `scenarios` has the number of backtests by the scenario's name.
    """

    category: str
    message: str
    trials: int
    backtests: int
    search: int
    trial: int
    scenarios: dict[str, int]


@define
class _Group:
    first: FailedBacktest
    trials: set[tuple[int, int]] = field(factory=set)
    scenarios: Counter[str] = field(factory=Counter)


def failure_groups(store: Store, run: StoredRun, search: int | None = None) -> list[FailureGroup]:
    """Return the failures of a run, or of one of its searches, those of most trials first."""
    groups: dict[tuple[str, str], _Group] = {}
    for one in _of(store.survey.failures(run.id), search):
        group = groups.setdefault((one.category, alike(one.message)), _Group(one))
        group.trials.add((one.search, one.trial))
        group.scenarios[run.searches[one.search - 1].every_scenario[one.ordinal].name] += 1
    found = [_grouped(group) for group in groups.values()]
    return sorted(found, key=lambda one: (-one.trials, one.search, one.trial))


def _of(failures: Iterable[FailedBacktest], search: int | None) -> Iterable[FailedBacktest]:
    return (one for one in failures if search in (None, one.search))


def _grouped(group: _Group) -> FailureGroup:
    first, scenarios = group.first, dict(group.scenarios.most_common())
    return FailureGroup(
        *(first.category, first.message, len(group.trials), sum(scenarios.values())),
        *(first.search, first.trial, scenarios),
    )


def document(run: StoredRun, groups: Iterable[FailureGroup]) -> dict[str, Any]:
    """Return the groups as JSON values."""
    return {"run": run.name, "failures": [asdict(group) for group in groups]}
