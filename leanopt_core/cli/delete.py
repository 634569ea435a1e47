"""`leanopt delete`: remove a run from the store."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import plain
from leanopt_core.errors import UsageError


@click.command("delete")
@click.argument("run")
@project_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(run: str, project: Path, yes: bool) -> None:
    """Delete RUN (or a beginning of its name) with its trials, after asking.

    Backtests that answer trials of other runs stay.

    Example: leanopt delete quickstart-1 --yes
    """
    from leanopt_core.cli.subject import process_of

    with open_project(project) as store:
        found = store.runs.find(run)
        if process_of(store, found) is not None:
            raise UsageError(f"run {found.name} is at work; `leanopt stop {found.name}` ends it")
        told = sum(search.told for search in found.searches)
        what = f"{plain(found.name)} of {found.started_at} with {told:,} trials"
        if not yes:
            click.confirm(f"Delete {what}?", abort=True)
        store.runs.delete(found.id)
        click.echo(f"deleted {what}")
