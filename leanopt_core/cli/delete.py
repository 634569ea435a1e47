"""`leanopt delete`: remove a run from the store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.common import open_project, project_option, run_names
from leanopt_core.cli.output import plain
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store


@click.command("delete")
@click.argument("run", shell_complete=run_names)
@project_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(run: str, project: Path, yes: bool) -> None:
    """Delete RUN (name or unique prefix) with its trials and result files, after asking.

    Backtests that other runs use are kept.

    Example: leanopt delete quickstart-1 --yes
    """
    from leanopt_core.project_files import LOCKS, RESULTS
    from leanopt_core.report.figures import counted
    from leanopt_core.search.lock import turn

    with open_project(project, write=True) as store:
        found = store.runs.find(run)
        _refuse_at_work(store, found)
        told = sum(search.told for search in found.searches)
        what = f"{plain(found.name)} ({counted(told, 'trial')}, started {found.started_at})"
        if not yes:
            click.confirm(f"Delete {what}?", abort=True)
        with turn(store.path.parent.parent / LOCKS):
            # Another process may have resumed it while the user was asked.
            _refuse_at_work(store, found)
            store.runs.delete(found.id)
            shutil.rmtree(store.path.parent.parent / RESULTS / found.name, ignore_errors=True)
        click.echo(f"deleted {what}")


def _refuse_at_work(store: Store, run: StoredRun) -> None:
    from leanopt_core.report.subject import process_of

    if process_of(store, run) is not None:
        raise UsageError(f"run {run.name} is running; stop it first: leanopt stop {run.name}")
