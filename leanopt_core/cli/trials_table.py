"""Print a table of trials: ranks, scores, parameters, main statistics."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from leanopt_core.cli.output import plain, print_table, wrapped
from leanopt_core.pipeline.plan import fitness_name, objective_names
from leanopt_core.report.best import BestTable, best_table, scenario_tables
from leanopt_core.report.chosen import Plateaus
from leanopt_core.report.equal import MergedTrials
from leanopt_core.report.scenarios import Combination
from leanopt_core.store.records import StoredRun


def print_trials(
    run: StoredRun, trials: Sequence[MergedTrials], plateaus: Plateaus | None = None
) -> None:
    """Print some of a run's trials, at least one, and what they have in common."""
    table = best_table(run, trials, plateaus)
    print_table(table.head, table.rows, keep=2, part=table.searched)
    print_below(run, table)


def print_scenarios(run: StoredRun, trials: Sequence[MergedTrials]) -> None:
    """Print a table of each main statistic of these trials, with a column for each scenario."""
    for name, table in scenario_tables(run, trials).items():
        click.echo(f"\n{plain(name)}")
        print_table(table.head, table.rows, keep=2)


def print_below(run: StoredRun, table: BestTable) -> None:
    """Print what a table of trials leaves out: fixed parameters, and how scenarios count."""
    if table.fixed:
        listed = (f"{name} = {value}" for name, value in table.fixed.items())
        click.echo(plain(f"fixed: {', '.join(listed)}"))
    if table.equal:
        same = f"equal: further trials with equal results; they differ in {', '.join(table.equal)}"
        click.echo(wrapped(plain(same)))
    plan = json.loads(run.plan)
    if objective_names(plan):
        click.echo(wrapped(plain(f"fitness: {fitness_name(plan)}, by which trials are ranked")))
    print_how(run)


def print_how(run: StoredRun) -> None:
    """Print how statistics of several scenarios are combined, if there are several."""
    most = max(len(search.scenarios) for search in run.searches)
    if most > 1:
        how = Combination.of(run).name
        click.echo(wrapped(f"statistics: {how} of {most} scenarios; --scenarios shows each"))
