"""Report a run: its state, counts, warnings and best trials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, Final

from attrs import asdict, frozen

from leanopt_core.report.chosen import (
    Plateaus,
    Rule,
    chosen_document,
    chosen_fronts,
    plateau_document,
    plateaus_of,
)
from leanopt_core.report.distribution import distributions
from leanopt_core.report.equal import MergedTrials, merged, unmerged
from leanopt_core.report.front import Fronts
from leanopt_core.report.hopeless import Failed, hopeless
from leanopt_core.report.scenarios import Combination
from leanopt_core.report.searches import (
    SearchReport,
    search_reports,
    searches_document,
    some_failed,
)
from leanopt_core.report.windows import PathReport, path_reports, paths_document
from leanopt_core.space import Axis, Space, number_text
from leanopt_core.store.dump import WARM
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import (
    RankedTrial,
    StoredEvent,
    StoredRun,
    StoredScenario,
    StoredTrial,
)
from leanopt_core.store.store import Store
from leanopt_core.store.tally import Tally

#: Fewer equal fitnesses may be chance: no warning.
_ENOUGH: Final = 10
#: With fewer levels a best trial at the edge is likely: no warning.
_LEVELS: Final = 3
#: The most files that a warning names.
_MOST: Final = 5


@frozen
class Spread:
    """The number of feasible trials, with their lowest and highest fitness."""

    feasible: int
    low: float | None
    high: float | None


def findings(
    run: StoredRun,
    tally: Tally,
    best: Sequence[RankedTrial],
    spread: Spread,
    failed: Failed | None,
    events: Sequence[StoredEvent] = (),
    mixed: Sequence[str] = (),
    unclean: Sequence[str] = (),
    hopeless: str | None = None,
) -> tuple[str, ...]:
    """Return warnings, the most serious first.

    `mixed` are opened files that have changed, `unclean` runs that gave results and were not clean,
    `hopeless` says why there is no result.
    """
    doubts = (*_mixed(mixed), *_warm(events), *_unclean(unclean))
    if hopeless is not None:
        return (hopeless, *doubts)
    if not best:
        return doubts
    space = run.space
    return (
        *doubts,
        *_failures(tally, failed),
        *_nothing_feasible(tally, best[0]),
        *_constant(spread),
        *(_edges(space, best[0]) if spread.feasible and not _listed(run) else ()),
    )


def _listed(run: StoredRun) -> bool:
    """Return whether all points were given: the grid is then no space to widen."""
    return all(stage.method == "points" for search in run.searches for stage in search.stages)


def _mixed(names: Sequence[str]) -> Iterator[str]:
    if names:
        files = [name.removeprefix("{build}/") for name in names[:_MOST]]
        if len(names) > _MOST:
            files.append(f"{len(names) - _MOST:,} more")
        yield (
            f"files that the strategy opens have changed during the run: {', '.join(files)}; "
            "its trials do not all come from the same content"
        )


def _warm(events: Sequence[StoredEvent]) -> Iterator[str]:
    found = [event for event in events if event.kind == WARM]
    if found:
        first = found[0]
        detail = first.detail
        fresh, warm = (
            "absent" if detail[side] is None else detail[side] for side in ("fresh", "warm")
        )
        yield (
            "results depend on what a worker ran before, or on chance: of the backtests made again "
            f"on a fresh worker, {len(found):,} gave something else, first trial {first.number} "
            f"({detail['what']}: {fresh} there, was {warm})"
        )


def _unclean(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield (
            "results that depend on what a worker ran before, or on chance, came from the cache: "
            f"`leanopt show {quote(names[0])}` shows a difference"
        )


def _failures(tally: Tally, failed: Failed | None) -> Iterator[str]:
    if failed is not None and tally.completed and 2 * tally.failed >= tally.told:
        yield (
            f"{tally.failed:,} of {tally.told:,} trials failed; trial {failed.trial} with "
            f"{failed.why}"
        )


def _nothing_feasible(tally: Tally, nearest: RankedTrial) -> Iterator[str]:
    trial = nearest.trial
    if tally.feasible:
        return
    more = trial.details
    if tally.infeasible:
        missed = ", ".join(text for text, _ in more.get("violations", ()))
        yield f"no feasible trials; the closest, trial {trial.number}, violates {missed}"
    elif tally.unscored:
        reasons = "; ".join(more.get("reasons", ()))
        yield f"no trial has a fitness; reason for trial {trial.number}: {reasons}"


def _constant(spread: Spread) -> Iterator[str]:
    if spread.feasible >= _ENOUGH and spread.low is not None and spread.low == spread.high:
        yield (
            f"all {spread.feasible:,} feasible trials have the same fitness ({spread.low:.6g}). "
            "Check that the strategy trades and that the parameters affect it."
        )


def _edges(space: Space, best: RankedTrial) -> Iterator[str]:
    point = space.point_at(best.trial.grid_index)
    ends = [
        end
        for axis, level, active in zip(space.axes, point, space.active(point), strict=True)
        if active and (end := _end(axis, level)) is not None
    ]
    if ends:
        yield (
            f"the best trial is at the edge of the search space ({', '.join(ends)}). "
            "Consider widening it."
        )


def _end(axis: Axis, level: int) -> str | None:
    if not axis.ordered or len(axis) < _LEVELS or 0 < level < len(axis) - 1:
        return None
    return f"{axis.name} = {number_text(axis.value(level))}"


#: Default number of best trials in a report.
TOP = 10
#: Among so many times as many trials those with equal results are looked for.
_MERGED: Final = 5


@frozen
class Report:
    """A run with its counts, its best trials (best first) and warnings.

    `merged` are the best with different results, at most as many, each with further trials of equal
    results. `store` is the path of the store. `hopeless` is the first warning: why the run ended
    without a completed trial, or because its trials lack a statistic, None if it did not.
    `some_failed` is the first one otherwise: which searches have no completed trial, while others
    have one. `only` is the number of the search that the best trials are of, None for all. `paths`
    are what came of the chosen trials out of sample, if searches have tests. `by` is the rule that
    was asked for, None for the usual order. `plateaus` are there if that or the plan has them:
    `merged` has then the chosen trial of an only search, too. `fronts` are there if the plan
    chooses by them.
    """

    run: StoredRun
    tally: Tally
    best: tuple[RankedTrial, ...]
    warnings: tuple[str, ...]
    store: Path
    searches: tuple[SearchReport, ...] = ()
    hopeless: str | None = None
    merged: tuple[MergedTrials, ...] = ()
    some_failed: str | None = None
    only: int | None = None
    paths: tuple[PathReport, ...] = ()
    by: Rule | None = None
    plateaus: Plateaus | None = None
    fronts: Fronts | None = None


def report(
    store: Store,
    run: StoredRun,
    top: int = TOP,
    search: int | None = None,
    by: Rule | None = None,
) -> Report:
    """Return the report of a run from the store; with the number of a `search`, its best trials.

    The best trials go by plateau if `by` says so, else by fitness.
    """
    tally = store.reader.tally(run)
    ranked = store.reader.ranked(run, _MERGED * top, search=search)
    best = tuple(ranked[:top])
    failure = store.reader.first_failure(run) if tally.failures else None
    failed = Failed(*failure) if failure else None
    searches = search_reports(store, run, tally)
    why, partly = hopeless(run, tally, failed, best), some_failed(run, searches)
    warnings = findings(
        run,
        tally,
        best,
        Spread(*store.reader.spread(run)),
        failed,
        store.reader.events(run),
        store.mixed_files(run),
        store.reader.unclean(run),
        why,
    )
    first = () if partly is None or why is not None else (partly,)
    plateaus = plateaus_of(store, run, by=by, search=search)
    shown = merged(run, ranked)[:top]
    if plateaus is not None and by == "plateau":
        best = tuple(plateaus.first(store, top))
        shown = unmerged(best)
    elif plateaus is not None:
        shown = (*shown, *unmerged(_chosen_besides(store, plateaus, shown)))
    return Report(
        *(run, tally, best, (*first, *warnings), store.path, searches),
        *(why, shown, partly, search, path_reports(store, run)),
        by=by,
        plateaus=plateaus,
        fronts=chosen_fronts(store, run),
    )


def _chosen_besides(
    store: Store, plateaus: Plateaus, shown: Sequence[MergedTrials]
) -> Iterator[RankedTrial]:
    """Yield the chosen trial of the only search, unless it is shown."""
    known = {(one.first.search, one.first.trial.number) for one in shown}
    if len(plateaus.by_search) == 1:
        for search in plateaus.by_search:
            chosen = plateaus.ranked(store, search)
            if chosen is not None and (search, chosen.trial.number) not in known:
                yield chosen


def document(report: Report) -> dict[str, Any]:
    """Return a report as JSON values."""
    run, tally = report.run, report.tally
    prunes, alike = "prune" in json.loads(run.plan), distributions(report.paths)
    return {
        **run_document(run),
        "execution": json.loads(run.execution),
        "trials": {
            "completed": tally.completed,
            "failed": tally.failed,
            "withdrawn": tally.withdrawn,
            "feasible": tally.feasible,
            "infeasible": tally.infeasible,
            "without_fitness": tally.unscored,
            **({"pruned": tally.pruned} if prunes else {}),
            "failures": tally.failures,
        },
        "backtests": {
            "run": tally.fresh,
            "from_cache": tally.cached,
            **({"saved": tally.saved} if prunes else {}),
        },
        "warnings": list(report.warnings),
        "store": str(report.store),
        "stages": [asdict(stage) for stage in tally.stages],
        "searches": searches_document(report.searches),
        **({"paths": paths_document(report.paths)} if report.paths else {}),
        **({"distributions": [one.to_dict() for one in alike]} if alike else {}),
        "best": [
            {"rank": ranked.rank, "search": ranked.search}
            | trial_document(run, ranked.search, ranked.trial)
            | _plateau(report, ranked)
            for ranked in report.best
        ],
        "chosen": chosen_document(
            {one.search.number: one.best for one in report.searches}, report.plateaus, report.fronts
        ),
        "equal": [
            {
                "search": one.first.search,
                "trials": [one.first.trial.number, *(other.trial.number for other in one.others)],
                "parameters": list(one.parameters),
            }
            for one in report.merged
            if one.others
        ],
    }


def _plateau(report: Report, ranked: RankedTrial) -> dict[str, Any]:
    plateaus = report.plateaus
    if plateaus is None:
        return {}
    found = plateaus.of(ranked.search, ranked.trial.number)
    return plateau_document(plateaus, ranked.search, found)


def run_document(run: StoredRun) -> dict[str, Any]:
    """Return what a run is as JSON values: its names, state, times, and the hash of its plan."""
    return {
        "run": run.name,
        "pipeline": run.pipeline,
        "strategy": run.strategy,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "plan_hash": run.plan_hash,
        "note": run.note,
    }


def trial_document(run: StoredRun, search: int, trial: StoredTrial) -> dict[str, Any]:
    """Return a trial of a run's search as JSON values.

    `statistics` are those over all its scenarios, `aggregate` is how they are combined. `tests` are
    like `backtests`, of a trial that was tested, and `cuts` of the scenarios on their last days.
    `inactive` are the parameters that did not count, in runs with conditions.
    """
    inactive = Inactive.of(run)
    one, combination = run.searches[search - 1], Combination.of(run)
    return {
        "trial": trial.number,
        "stage": trial.stage,
        "state": trial.state,
        "origin": trial.origin,
        "parameters": json.loads(trial.parameters),
        **({"inactive": list(inactive.at(trial.grid_index))} if inactive.space else {}),
        "fitness": trial.fitness,
        "violation": trial.violation,
        "failure": trial.failure,
        **({} if trial.pruned_at is None else {"pruned_at": trial.pruned_at}),
        **trial.details,
        "aggregate": combination.name if len(one.scenarios) > 1 else None,
        "statistics": combination.statistics(one, trial),
        "backtests": _backtests(one.scenarios, trial),
        **({"cuts": cuts} if (cuts := _backtests(one.cuts, trial)) else {}),
        **({"tests": tests} if (tests := _backtests(one.tests, trial)) else {}),
    }


def _backtests(scenarios: Sequence[StoredScenario], trial: StoredTrial) -> list[dict[str, Any]]:
    """Return the backtests that a trial has under these scenarios as JSON values."""
    return [
        {
            "scenario": one.ordinal,
            "name": one.name,
            "statistics": json.loads(found.statistics) if found.statistics else None,
            "failure": found.failure,
            "message": found.message,
            "attempts": found.attempts,
            "seconds": found.seconds,
            "waited": found.waited,
            "worker": found.worker,
            "run_id": found.run_id,
        }
        for one in scenarios
        if (found := trial.backtests.get(one.ordinal)) is not None
    ]
