"""How a run's report is shown: a page for people, a document for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from attrs import asdict

from leanopt_core.cli.output import plain, print_table
from leanopt_core.search.report import Report
from leanopt_core.store.records import RankedTrial, StoredTrial

#: Statistics shown beside the fitness, where the strategy gives them.
_SHOWN = ("Compounding Annual Return", "Drawdown", "Sharpe Ratio", "Total Orders")


def print_report(report: Report) -> None:
    """Print a page: how the run ended, what became of its trials, and the best of them."""
    run, tally = report.run, report.tally
    click.echo(
        f"run {plain(run.name)}: {run.state}; began {run.started_at}, plan {run.plan_hash[:12]}"
    )
    click.echo(
        f"{tally.told} trials told: {tally.feasible} feasible, {tally.infeasible} infeasible, "
        f"{tally.unscored} without a fitness, {sum(tally.failures.values())} failed"
        + _failures(report)
        + (f"; {tally.withdrawn} more withdrawn" if tally.withdrawn else "")
    )
    click.echo(f"{tally.fresh} backtests run, {tally.cached} answered from the store")
    if json.loads(run.execution).get("curves") == "none":
        click.echo("no daily returns are kept (curves = none): statistics on them are not possible")
    click.echo()
    _print_stages(report)
    click.echo()
    _print_best(report)


def _failures(report: Report) -> str:
    failures = report.tally.failures
    listed = ", ".join(f"{count} {category}" for category, count in failures.items())
    return f" ({listed})" if listed else ""


def _print_stages(report: Report) -> None:
    several = len(report.run.searches) > 1
    print_table(
        (
            *(("search",) if several else ()),
            "stage",
            "method",
            "budget",
            "told",
            "withdrawn",
            "ended by",
        ),
        [
            (
                *((s.search,) if several else ()),
                s.name,
                s.method,
                s.trials,
                s.told,
                s.withdrawn,
                s.ended,
            )
            for s in report.tally.stages
        ],
    )


def _print_best(report: Report) -> None:
    if not report.best:
        click.echo("No trial has been told yet.")
        return
    if not report.tally.feasible:
        click.echo("No trial is feasible; these come nearest:")
    names = list(json.loads(report.best[0].trial.parameters))
    rows = [(*_place(ranked), *_values(ranked.trial, names)) for ranked in report.best]
    print_table(("rank", "trial", "stage", "fitness", "violation", *names), rows)
    click.echo()
    print_table(
        ("trial", *_SHOWN),
        [(ranked.trial.number, *_statistics(ranked.trial)) for ranked in report.best],
    )
    best = report.best[0].trial
    if reasons := detail(best).get("reasons"):
        click.echo(f"\ntrial {best.number} has no fitness: {'; '.join(map(plain, reasons))}")


def _place(ranked: RankedTrial) -> Sequence[object]:
    trial = ranked.trial
    return (ranked.rank, trial.number, trial.stage, trial.fitness, trial.violation)


def _values(trial: StoredTrial, names: Sequence[str]) -> list[object]:
    values = json.loads(trial.parameters)
    return [values.get(name) for name in names]


def _statistics(trial: StoredTrial) -> list[object]:
    """Return the shown statistics of the trial's first scenario, unknown ones as None."""
    first = trial.backtests.get(0)
    values = json.loads(first.statistics) if first and first.statistics else {}
    return [values.get(name) for name in _SHOWN]


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
