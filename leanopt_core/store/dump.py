"""A run as JSON lines: the canonical dump, the same bytes everywhere, or everything stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from operator import itemgetter
from typing import Final

from leanopt_core.canonical import canonical_json
from leanopt_core.store.columns import json_object, storable
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import (
    StoredBacktest,
    StoredEvent,
    StoredRun,
    StoredScenario,
    StoredSearch,
    StoredTrial,
)

#: The kind of event that decides trials; the canonical dump includes it.
STOP: Final = "stop"
#: The kind of event that tells of a backtest that gave something else on a fresh worker.
WARM: Final = "warm"
Trials = Callable[[int], Iterator[StoredTrial]]
Members = list[tuple[str, str]]


def canonical(run: StoredRun, trials: Trials, events: Iterable[StoredEvent]) -> Iterator[str]:
    """Yield told and withdrawn trials by search and number, each stop after its trial, then tests.

    `trials` returns a search's trials by the search's id.
    """
    stops = [event for event in events if event.kind == STOP]
    for search in run.searches:
        tests: list[tuple[int, int, str]] = []
        found = (
            (trial.number, _line(_canonical_trial(search, trial)))
            for trial in _noting(tests, search, trials(search.id))
            if trial.state != "proposed"
        )
        ends = sorted(
            (stop.number or 0, _line(_canonical_stop(search, stop)))
            for stop in stops
            if stop.search_id == search.id
        )
        # For equal numbers, items of the first argument come first.
        yield from (line for _, line in merge(found, ends, key=itemgetter(0)))
        yield from (line for *_, line in sorted(tests))


def export(run: StoredRun, trials: Trials, events: Iterable[StoredEvent]) -> Iterator[str]:
    """Yield every trial by search and number with everything stored, then the events."""
    yield from trial_lines(run, trials)
    for event in events:
        yield _line(_full_event(run, event))


def trial_lines(run: StoredRun, trials: Trials) -> Iterator[str]:
    """Yield trials by search and number with everything stored."""
    inactive = Inactive.of(run)
    for search in run.searches:
        for trial in trials(search.id):
            yield _line(_full_trial(run, search, trial, inactive))


def _noting(
    tests: list[tuple[int, int, str]], search: StoredSearch, trials: Iterable[StoredTrial]
) -> Iterator[StoredTrial]:
    """Yield trials, and note the lines of their tests by test and number."""
    for trial in trials:
        for test in search.tests:
            if (found := trial.backtests.get(test.ordinal)) is not None:
                named = _json(search=search.number, test=test.name, number=trial.number)
                result = ("statistics", found.statistics or "null")
                line = _line([*named, result, *_json(failure=found.failure)])
                tests.append((test.ordinal, trial.number, line))
        yield trial


def _line(members: Members) -> str:
    return storable(json_object(members))


def _json(**members: object) -> Members:
    return [(name, canonical_json(value)) for name, value in members.items()]


def _proposal(search: StoredSearch, trial: StoredTrial) -> Members:
    return [
        *_json(search=search.number, number=trial.number, stage=trial.stage),
        *_json(origin=trial.origin, state=trial.state),
        ("parameters", trial.parameters),
    ]


def _score(trial: StoredTrial, *, messages: bool) -> Members:
    """Return the trial's score; without `messages`, the reasons of failures are left out."""
    score = trial.score
    if score is None:
        return []
    told = _json(
        fitness=score.fitness,
        values=dict(score.values),
        violation=score.violation,
        violations=[{"constraint": one.constraint, "size": one.size} for one in score.violations],
        failure=score.failure,
    )
    if score.penalties:
        soft = [{"constraint": one.constraint, "amount": one.amount} for one in score.penalties]
        told += _json(penalties=soft)
    if messages and len(score.objectives) > 1:
        told += _json(objectives=score.objectives)
    if not score.complete:
        told += _json(pruned_at=score.pruned_at)
    return told + _json(reasons=score.reasons) if messages or score.failure is None else told


def _canonical_trial(search: StoredSearch, trial: StoredTrial) -> Members:
    members = _proposal(search, trial)
    if trial.told:
        members.append(("statistics", json_object(_results(trial, search.scenarios))))
        if search.cuts:
            members.append(("cuts", json_object(_results(trial, search.cuts))))
    return members + _score(trial, messages=False)


def _results(trial: StoredTrial, scenarios: Iterable[StoredScenario]) -> Members:
    """Return the statistics of a trial under the scenarios that it has a backtest of."""
    found = ((one.name, trial.backtests.get(one.ordinal)) for one in scenarios)
    return [(name, one.statistics or "null") for name, one in found if one is not None]


def _canonical_stop(search: StoredSearch, stop: StoredEvent) -> Members:
    stage = next((stage.name for stage in search.stages if stage.id == stop.stage_id), None)
    return _json(search=search.number, number=stop.number, stage=stage, stop=stop.detail)


def _full_trial(
    run: StoredRun, search: StoredSearch, trial: StoredTrial, inactive: Inactive
) -> Members:
    backtests = [
        (scenario.name, json_object(_backtest(run, trial.backtests[scenario.ordinal])))
        for scenario in search.every_scenario
        if scenario.ordinal in trial.backtests
    ]
    return [
        *_json(run=run.name, grid_index=trial.grid_index, attempt=trial.attempt),
        *_json(told_before=trial.told_before, because=trial.details.get("because")),
        *_proposal(search, trial),
        *(_json(inactive=list(inactive.at(trial.grid_index))) if inactive.space else ()),
        *_score(trial, messages=True),
        ("backtests", json_object(backtests)),
    ]


def _backtest(run: StoredRun, backtest: StoredBacktest) -> Members:
    return [
        *_json(id=backtest.id, key=backtest.key, cached=backtest.run_id != run.id),
        *_json(failure=backtest.failure, message=backtest.message),
        *_json(closed_trades=backtest.closed_trades, outputs=sorted(backtest.outputs)),
        *_json(attempts=backtest.attempts, seconds=backtest.seconds, worker=backtest.worker),
        *_json(waited=backtest.waited, fingerprint=backtest.fingerprint),
        *_json(finished_at=backtest.finished_at),
        ("statistics", backtest.statistics or "null"),
    ]


def _full_event(run: StoredRun, event: StoredEvent) -> Members:
    search = next((search for search in run.searches if search.id == event.search_id), None)
    stages = search.stages if search else ()
    stage = next((stage.name for stage in stages if stage.id == event.stage_id), None)
    return [
        *_json(run=run.name, event=event.kind, detail=event.detail, number=event.number),
        *_json(search=search.number if search else None, stage=stage),
        *_json(happened_at=event.happened_at),
    ]
