"""Print a list of trials: filtered, sorted, with chosen columns."""

from __future__ import annotations

import click

from leanopt_core.cli.output import plain, print_json, print_table, wrapped
from leanopt_core.cli.trials_table import print_how, print_scenarios, print_trials
from leanopt_core.report.best import own_cells
from leanopt_core.report.equal import unmerged
from leanopt_core.report.figures import counted
from leanopt_core.report.listing import Listing, ListOptions, document, listing
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store


def show_list(
    store: Store, run: StoredRun, options: ListOptions, *, scenarios: bool, as_json: bool
) -> None:
    """Print a list of a run's trials."""
    found = listing(store, run, options)
    if as_json:
        print_json(document(found))
        return
    click.echo(wrapped(plain(_heading(found))))
    if not found.trials:
        return
    trials = unmerged(one.ranked for one in found.trials)
    click.echo()
    if not found.columns:
        print_trials(run, trials)
        if scenarios:
            print_scenarios(run, trials)
        return
    own = [own_cells(run, trials, one) for one in trials]
    values = [
        [None if value is None else column.show(value) for column, value in both]
        for both in (zip(found.columns, one.values, strict=True) for one in found.trials)
    ]
    print_table(
        (*own[0], *(column.label for column in found.columns)),
        [(*row.values(), *more) for row, more in zip(own, values, strict=True)],
        keep=2,
    )
    if any(column.group == "statistics" and column.scenario is None for column in found.columns):
        print_how(run)


def _heading(found: Listing) -> str:
    """Return how many trials are listed, in which order, and what was left out."""
    parts = [f"{found.kept:,} of {counted(found.told, 'trial')}"]
    if found.where:
        parts[0] += f" with {found.where}"
    if found.sort is not None:
        parts.append(f"by {found.sort.label}, {'lowest' if found.lower else 'highest'} first")
    if found.unknown:
        parts.append(f"{found.unknown:,} left out: a value of the filter is unknown")
    return "; ".join(parts)
