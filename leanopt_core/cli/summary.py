"""How a run's report is shown: a page for people, a document for programs."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import click
from attrs import asdict

from leanopt_core.cli.best import print_best
from leanopt_core.cli.output import plain, print_table, wrapped
from leanopt_core.search.report import Report
from leanopt_core.store.records import StoredTrial

_STEP = 24


def print_report(report: Report, state: str | None = None) -> None:
    """Print a page: how the run ended, what became of its trials, and the best of them.

    `state` is what is known better than the store does.
    """
    run, tally, state = report.run, report.tally, state or report.run.state
    click.echo(f"run {plain(run.name)}: {state}; began {run.started_at}, plan {run.plan_hash[:12]}")
    told = (
        f"{tally.told} trials told: {tally.feasible} feasible, {tally.infeasible} infeasible, "
        f"{tally.unscored} without a fitness, {sum(tally.failures.values())} failed"
        + _failures(report)
        + (f"; {tally.withdrawn} more withdrawn" if tally.withdrawn else "")
    )
    click.echo(wrapped(told))
    click.echo(f"{tally.fresh} backtests run, {tally.cached} answered from the store")
    execution = json.loads(run.execution)
    if harness := execution.get("strategy", {}).get("harness"):
        named = harness if isinstance(harness, str) else shlex.join(harness)
        click.echo(f"harness: {plain(named)}")
    if execution.get("curves") == "none":
        click.echo("no daily returns are kept (curves = none): statistics on them are not possible")
    click.echo()
    _print_stages(report)
    click.echo()
    print_best(report)
    for warning in report.warnings:
        click.echo("\n" + wrapped(f"Beware: {plain(warning)}"))
    click.echo(f"\nEverything is stored in {_near(report.store)}")
    for step, command in next_steps(report, state):
        click.echo(f"  {step.ljust(_STEP)}{command}")


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


def _near(path: Path) -> Path:
    """Return a path from here where it is below, else as it is."""
    absolute, here = path.absolute(), Path.cwd()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else path


def next_steps(report: Report, state: str) -> list[tuple[str, str]]:
    """Return what may be done with a run now: in words, and the command."""
    run, where = report.run, at_project(report.store)
    if state == "running":
        watch = ("see how far it is:", f"leanopt watch {run.name}{where}")
        return [watch, ("end it:", f"leanopt stop {run.name}{where}")]
    steps = []
    if state != "finished":
        steps.append(("go on with it:", "leanopt run PIPELINE --resume"))
    if report.best:
        best = report.best[0]
        search = f" --search {best.search}" if len(run.searches) > 1 else ""
        trial = f"{best.trial.number}{search}{where}"
        steps.append(("all of the best trial:", f"leanopt show {run.name} {trial}"))
        steps.append(("every trial as a table:", f"leanopt export {run.name} --to csv{where}"))
    return steps


def at_project(store: Path) -> str:
    """Return the option that says whose store is meant, with a space before it, where needed."""
    folder = store.parent.parent
    if folder.resolve() == Path.cwd():
        return ""
    return f" -C {shlex.quote(os.path.relpath(folder))}"
