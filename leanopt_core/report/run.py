"""What a run came to, for people and programs: counts, the best trials, how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from leanopt_core.report.findings import Failed, Spread, findings
from leanopt_core.store.records import RankedTrial, StoredRun, StoredTrial
from leanopt_core.store.store import Store
from leanopt_core.store.tally import Tally

#: How many of the best trials a report shows where nobody says.
TOP = 10


@frozen
class Report:
    """A run with its counts, its best trials, best first, and warnings.

    `store` is the file that holds it.
    """

    run: StoredRun
    tally: Tally
    best: tuple[RankedTrial, ...]
    warnings: tuple[str, ...]
    store: Path


def report(store: Store, run: StoredRun, top: int = TOP) -> Report:
    """Return the report of a run as it stands in the store."""
    tally = store.reader.tally(run)
    best = tuple(store.reader.ranked(run, top))
    first = store.reader.first_failure(run) if tally.failures else None
    warnings = findings(
        run, tally, best, Spread(*store.reader.spread(run)), Failed(*first) if first else None
    )
    return Report(run, tally, best, warnings, store.path)


def detail(trial: StoredTrial) -> dict[str, Any]:
    """Return what scoring said beside the fitness: reasons, violations, further values."""
    return dict(json.loads(trial.detail)) if trial.detail else {}


def document(report: Report) -> dict[str, Any]:
    """Return a report as JSON values."""
    run, tally = report.run, report.tally
    return {
        "run": run.name,
        "pipeline": run.pipeline,
        "strategy": run.strategy,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "plan_hash": run.plan_hash,
        "execution": json.loads(run.execution),
        "trials": {
            "told": tally.told,
            "withdrawn": tally.withdrawn,
            "feasible": tally.feasible,
            "infeasible": tally.infeasible,
            "without_fitness": tally.unscored,
            "failures": tally.failures,
        },
        "backtests": {"run": tally.fresh, "from_store": tally.cached},
        "warnings": list(report.warnings),
        "store": str(report.store),
        "stages": [asdict(stage) for stage in tally.stages],
        "best": [
            {"rank": ranked.rank, "search": ranked.search, **trial_document(ranked.trial)}
            for ranked in report.best
        ],
    }


def trial_document(trial: StoredTrial) -> dict[str, Any]:
    """Return a trial as JSON values."""
    return {
        "trial": trial.number,
        "stage": trial.stage,
        "state": trial.state,
        "origin": trial.origin,
        "parameters": json.loads(trial.parameters),
        "fitness": trial.fitness,
        "violation": trial.violation,
        "failure": trial.failure,
        **detail(trial),
        "backtests": [
            {
                "scenario": ordinal,
                "statistics": json.loads(one.statistics) if one.statistics else None,
                "failure": one.failure,
                "message": one.message,
                "attempts": one.attempts,
                "seconds": one.seconds,
                "worker": one.worker,
                "run_id": one.run_id,
            }
            for ordinal, one in sorted(trial.backtests.items())
        ],
    }
