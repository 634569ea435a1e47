"""`leanopt stop`: stop a run of another process cleanly."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option, run_names
from leanopt_core.cli.output import plain
from leanopt_core.errors import UsageError


@click.command("stop")
@click.argument("run", required=False, shell_complete=run_names)
@project_option
def command(run: str | None, project: Path) -> None:
    """Stop RUN (name or unique prefix; default: the newest), as Ctrl-C in its terminal would.

    What has finished is kept; `leanopt resume` continues the run. The command returns when the run
    has ended.

    Example: leanopt stop quickstart-1
    """
    from leanopt_core.project_files import LOCKS
    from leanopt_core.report.subject import process_of, state_of
    from leanopt_core.search.lock import wait_until_free

    with open_project(project) as store:
        found = store.runs.find(run)
        process = process_of(store, found)
        if process is None:
            died = found.state == "running"
            why = "its process died" if died else f"it is {found.state}"
            raise UsageError(f"run {found.name} is not running ({why})")
        if not process:
            raise UsageError(
                f"run {found.name} is running, but its process is not found here; stop it where "
                "it was started"
            )
        os.kill(process, signal.SIGINT)
        wait_until_free(store.path.parent.parent / LOCKS, found.name)
        click.echo(f"run {plain(found.name)}: {state_of(store, store.runs.get(found.id))}")
