"""A run's report as a page for people."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from leanopt_core.cli.output import plain, print_table, wrapped
from leanopt_core.report.run import Report, detail
from leanopt_core.report.tables import best_table

_STEP = 24


def print_report(report: Report, state: str | None = None) -> None:
    """Print a page: how the run ended, what became of its trials, and the best of them.

    `state` is what is known better than the store does.
    """
    run, tally, state = report.run, report.tally, state or report.run.state
    click.echo(f"run {plain(run.name)}: {state}; began {run.started_at}, plan {run.plan_hash[:12]}")
    counts = (
        f"{tally.completed} trials completed: {tally.feasible} feasible, "
        f"{tally.infeasible} infeasible, {tally.unscored} without a fitness; {tally.failed} failed"
        + _failures(report)
        + (f"; {tally.withdrawn} more withdrawn" if tally.withdrawn else "")
    )
    click.echo(wrapped(counts))
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
    _print_best(report)
    for warning in report.warnings:
        click.echo("\n" + wrapped(f"Warning: {plain(warning)}"))
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
            "completed",
            "failed",
            "withdrawn",
            "ended by",
        ),
        [
            (
                *((s.search,) if several else ()),
                s.name,
                s.method,
                s.trials,
                s.completed,
                s.failed,
                s.withdrawn,
                s.ended,
            )
            for s in report.tally.stages
        ],
    )


def _print_best(report: Report) -> None:
    """Print the best trials; the parameters that are the same in all by plan stand below."""
    if not report.best:
        click.echo("No trial has finished yet.")
        return
    if not report.tally.feasible:
        click.echo("No feasible trials. Closest:")
    table = best_table(report)
    print_table(table.head, table.rows, keep=2, part=table.searched)
    if table.fixed:
        listed = (f"{name} = {value}" for name, value in table.fixed.items())
        click.echo(plain(f"fixed: {', '.join(listed)}"))
    best = report.best[0].trial
    if reasons := detail(best).get("reasons"):
        click.echo(plain(f"\ntrial {best.number} has no fitness: {'; '.join(reasons)}"))


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
