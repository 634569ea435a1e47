"""Print a run's report for people."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import click

from leanopt_core.cli.output import near, one_line, plain, print_table, wrapped
from leanopt_core.cli.paths_page import print_paths
from leanopt_core.cli.trials_table import print_below, print_scenarios, print_trials
from leanopt_core.pipeline.plan import objective_names
from leanopt_core.report.best import search_table
from leanopt_core.report.chosen import chosen_lines
from leanopt_core.report.figures import counted
from leanopt_core.report.run import Report
from leanopt_core.report.subject import search_argument
from leanopt_core.store.tally import Tally

_STEP = 27


def print_report(report: Report, state: str | None = None, *, scenarios: bool = False) -> None:
    """Print how the run ended, its counts, stages, best trials and warnings, and what to do next.

    `state` replaces the state in the store. With `scenarios` the main statistics of the best trials
    are printed for each scenario, too.
    """
    run, tally, state = report.run, report.tally, state or report.run.state
    started = f"started {run.started_at}, plan {run.plan_hash[:12]}"
    click.echo(f"run {plain(run.name)}: {state}; {started}")
    if run.note is not None:
        click.echo(wrapped(f"note: {plain(run.note)}"))
    if report.only is not None:
        click.echo(f"search {report.only}: {one_line(run.searches[report.only - 1].name)}")
    click.echo(wrapped(_counts(report)))
    saved = f", {tally.saved:,} saved by pruning" if tally.saved else ""
    click.echo(f"{counted(tally.fresh, 'backtest')} run, {tally.cached:,} from the cache{saved}")
    execution = json.loads(run.execution)
    if harness := execution.get("strategy", {}).get("harness"):
        named = harness if isinstance(harness, str) else shlex.join(harness)
        click.echo(f"harness: {plain(named)}")
    if execution.get("curves") == "none":
        click.echo(
            "daily returns are not stored (curves = none), so statistics that need them are "
            "unavailable"
        )
    click.echo()
    if report.by is None and report.paths and report.only is None:
        print_paths(report.paths)
    elif report.by is None and len(run.searches) > 1 and report.only is None:
        _print_searches(report)
    else:
        _print_stages(report)
        click.echo()
        _print_best(report, state)
    if scenarios and report.best:
        print_scenarios(report.run, report.merged)
    for warning in report.warnings:
        click.echo("\n" + wrapped(f"Warning: {plain(warning)}"))
    click.echo(f"\nStored in {near(report.store)}")
    steps = next_steps(report, state)
    width = max([_STEP, *(len(step) + 1 for step, _ in steps)])
    for step, command in steps:
        click.echo(f"  {step.ljust(width)}{command}")


def _counts(report: Report) -> str:
    """Return the trials by result; what is zero is left out, except feasible and infeasible."""
    tally = report.tally
    trials = counted(tally.told, "trial")
    parts = [f"{tally.feasible:,} feasible", f"{tally.infeasible:,} infeasible"]
    if tally.pruned:
        parts.append(f"{tally.pruned:,} pruned")
    if tally.unscored:
        parts.append(f"{tally.unscored:,} without a fitness")
    if tally.failed:
        parts.append(f"{tally.failed:,} failed{_failures(report)}")
    withdrawn = f"; {tally.withdrawn:,} more withdrawn" if tally.withdrawn else ""
    return f"{trials}: {', '.join(parts)}{withdrawn}"


def _failures(report: Report) -> str:
    failures = report.tally.failures
    listed = ", ".join(f"{count:,} {category}" for category, count in failures.items())
    return f" ({listed})" if listed else ""


def _print_stages(report: Report) -> None:
    print_table(
        ("stage", "method", "budget", "completed", "failed", "withdrawn", "ended by"),
        [
            (s.name, s.method, s.trials, s.completed, s.failed, s.withdrawn, s.ended)
            for s in report.tally.stages
            if report.only in (None, s.search)
        ],
    )


def _print_searches(report: Report) -> None:
    """Print a row for each search, with its best trial, then the fixed parameters."""
    table = search_table(report)
    print_table(table.head, table.rows, keep=2, part=table.searched)
    print_below(report.run, table)


def _print_best(report: Report, state: str) -> None:
    """Print the best trials."""
    if not report.best:
        click.echo("No trial has finished yet." if state == "running" else "No trial finished.")
        return
    if heading := _heading(report.tally):
        click.echo(heading)
    print_trials(report.run, report.merged, report.plateaus)
    for line in chosen_lines(report.plateaus):
        click.echo(wrapped(line))


def _heading(tally: Tally) -> str:
    """Return what the table of the best trials shows if none is feasible, else nothing."""
    if tally.feasible or tally.pruned:
        return ""
    if tally.infeasible:
        return "No feasible trials. Closest:"
    if tally.unscored:
        return "No trial has a fitness. First:"
    return (
        f"All {tally.failed:,} trials failed. First:" if tally.failed > 1 else "The trial failed:"
    )


def next_steps(report: Report, state: str) -> list[tuple[str, str]]:
    """Return what the user can do with the run next: a description and a command each."""
    run, where = report.run, at_project(report.store)
    name = quote(run.name)
    if state == "running":
        watch = ("watch it:", f"leanopt watch {name}{where}")
        return [watch, ("stop it:", f"leanopt stop {name}{where}")]
    steps = []
    if state != "finished":
        steps.append(("continue it:", f"leanopt resume {name}{where}"))
    if report.best:
        best = report.best[0]
        search = search_argument(run, best.search)
        trial = f"{best.trial.number}{search}{where}"
        ranked = report.by != "plateau" and (report.tally.feasible or report.tally.infeasible)
        which = "best" if ranked else "first"
        steps.append((f"details of the {which} trial:", f"leanopt show {name} {trial}"))
        steps += _details_of_chosen(report, f"leanopt show {name}", where)
        if report.tally.feasible and objective_names(json.loads(run.plan)):
            steps.append(("the Pareto front:", f"leanopt show {name} --front{where}"))
        if report.tally.failed:
            steps.append(("why trials failed:", f"leanopt show {name} --failed{where}"))
        if report.tally.infeasible and not report.tally.feasible:
            steps.append(("what cost trials:", f"leanopt show {name} --constraints{where}"))
        if len(report.paths) > 1:
            path = quote(report.paths[0].name)
            steps.append(("one path:", f"leanopt show {name} --path {path}{where}"))
        if len(run.searches) > 1:
            steps.append(("one search:", f"leanopt show {name}{search}{where}"))
        if len(report.paths) == 1 and report.paths[0].curve.days:
            steps.append(("the joined curve:", f"leanopt export {name} --to path{where}"))
        steps.append(("all trials as a table:", f"leanopt export {name} --to csv{where}"))
    return steps


def _details_of_chosen(report: Report, show: str, where: str) -> Iterator[tuple[str, str]]:
    """Yield how to see the chosen trial of the only search, if it is another one than the best."""
    if report.plateaus is None or len(report.plateaus.by_search) > 1:
        return
    for search in report.plateaus.by_search:
        chosen = report.plateaus.chosen(search)
        if chosen is not None and chosen.told.number != report.best[0].trial.number:
            trial = f"{chosen.told.number}{search_argument(report.run, search)}{where}"
            yield "details of the chosen one:", f"{show} {trial}"


def at_project(store: Path) -> str:
    """Return ` -C FOLDER` for the project of this store, empty if that is the current folder."""
    folder = store.parent.parent
    if folder.resolve() == Path.cwd():
        return ""
    return f" -C {shlex.quote(os.path.relpath(folder))}"
