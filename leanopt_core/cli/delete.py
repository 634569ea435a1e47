"""`leanopt delete`: remove a run from the store."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option, run_names
from leanopt_core.cli.output import plain


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
    from leanopt_core.report.subject import refuse_running
    from leanopt_core.report.unused import remove_unused_snapshots
    from leanopt_core.search.lock import lock_path, turn

    with open_project(project, write=True) as store:
        found = store.runs.find(run)
        refuse_running(store, [found])
        told = sum(search.told for search in found.searches)
        what = f"{plain(found.name)} ({counted(told, 'trial')}, started {found.started_at})"
        if not yes:
            click.confirm(f"Delete {what}?", abort=True)
        folder = store.path.parent.parent
        with turn(folder / LOCKS):
            # Another process may have resumed it while the user was asked.
            refuse_running(store, [found])
            store.runs.delete(found.id)
            shutil.rmtree(folder / RESULTS / found.name, ignore_errors=True)
            # A process that was killed leaves its lock file.
            lock_path(folder / LOCKS, found.name).unlink(missing_ok=True)
            remove_unused_snapshots(store)
        click.echo(f"deleted {what}")
