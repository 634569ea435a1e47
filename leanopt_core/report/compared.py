"""Compare runs or trials fact by fact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from leanopt_core.report.chosen import chosen_document
from leanopt_core.report.run import Report, report
from leanopt_core.report.searches import SearchReport
from leanopt_core.report.subject import Selection, state_of
from leanopt_core.report.windows import PathReport
from leanopt_core.shown import shortened
from leanopt_core.store.records import StoredSearch, StoredTrial
from leanopt_core.store.store import Store


@frozen
class Fact:
    """One row of a comparison: a name and its value for each subject."""

    what: str
    values: tuple[Any, ...]

    @property
    def differ(self) -> bool:
        """Return whether the values differ."""
        return any(value != self.values[0] for value in self.values)


def compared(store: Store, subjects: Sequence[Selection]) -> Iterator[Fact]:
    """Yield the facts of runs or trials; plans are long, so only their differences."""
    found = [_facts(store, one) for one in subjects]
    for name in dict.fromkeys(name for one in found for name in one):
        fact = Fact(name, tuple(one.get(name) for one in found))
        if fact.differ or not name.startswith("plan."):
            yield fact


def _facts(store: Store, subject: Selection) -> dict[str, Any]:
    return (
        _of_run(store, subject)
        if subject.trial is None
        else _of_trial(subject.run.searches[subject.search - 1], subject.trial)
    )


def _of_trial(search: StoredSearch, trial: StoredTrial) -> dict[str, Any]:
    more = trial.details
    facts: dict[str, Any] = {"stage": trial.stage, **json.loads(trial.parameters, parse_float=str)}
    facts |= {"fitness": trial.fitness, "violation": trial.violation, "failure": trial.failure}
    facts |= more.get("values", {})
    judged = search.judged(trial)
    for ordinal, one in sorted(judged.items()):
        before = f"scenario {ordinal + 1}: " if len(judged) > 1 else ""
        statistics = json.loads(one.statistics) if one.statistics else {}
        facts |= {f"{before}{name}": value for name, value in statistics.items()}
    return facts


def _of_run(store: Store, subject: Selection) -> dict[str, Any]:
    said = report(store, subject.run, top=1)
    tally, best = said.tally, said.best[0].trial if said.best else None
    facts: dict[str, Any] = {
        "state": state_of(store, subject.run),
        "started": subject.run.started_at,
        "trials": tally.told,
        "feasible": tally.feasible,
        "infeasible": tally.infeasible,
        "without fitness": tally.unscored,
        "failed": tally.failed,
        "backtests run": tally.fresh,
        "from the cache": tally.cached,
    }
    if len(said.searches) == 1:
        facts["best trial"] = None if best is None else best.number
    facts |= dict(_chosen(said))
    if said.paths:
        facts |= {name: value for one in said.paths for name, value in _of_path(one)}
    elif len(said.searches) > 1:
        facts |= {name: value for one in said.searches for name, value in _of_search(one)}
    elif best is not None:
        named = {"fitness", "violation", *json.loads(best.parameters)}
        own = _of_trial(subject.run.searches[0], best)
        facts |= {f"best: {name}": v for name, v in own.items() if name in named}
    return facts | dict(_flat("plan", json.loads(subject.run.plan)))


def _chosen(said: Report) -> Iterator[tuple[str, Any]]:
    """Yield the chosen trial of each search, if the plan chooses another one than the best."""
    best = {one.search.number: one.best for one in said.searches}
    for one in chosen_document(best, said.plateaus, said.fronts):
        if one["rule"] != "best":
            name = shortened(said.searches[one["search"] - 1].search.name)
            before = f"{name}: " if len(best) > 1 else ""
            yield f"{before}chosen trial", one["trial"]


def _of_search(one: SearchReport) -> Iterator[tuple[str, Any]]:
    """Yield the facts of one search of several, found by its name."""
    best, name = one.best, shortened(one.search.name)
    yield f"{name}: trials", one.told
    yield f"{name}: failed", one.failed
    yield f"{name}: best trial", None if best is None else best.number
    yield f"{name}: fitness", None if best is None else best.fitness


def _of_path(one: PathReport) -> Iterator[tuple[str, Any]]:
    """Yield the facts of one path, found by its name."""
    curve, name = one.curve, shortened(one.name)
    yield f"{name}: windows", len(one.windows)
    yield f"{name}: gaps", len(one.gaps)
    yield f"{name}: efficiency", one.efficiency.value
    yield f"{name}: Net Profit", curve.total_return.value
    yield f"{name}: Compounding Annual Return", curve.annual_return.value
    yield f"{name}: Drawdown", curve.drawdown.value
    yield f"{name}: Sharpe Ratio", curve.sharpe.value


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return the scalars inside a JSON value with their paths."""
    inner: Sequence[tuple[Any, Any]]
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return [(path, value)]
    return [pair for key, one in inner for pair in _flat(f"{path}.{key}", one)]
