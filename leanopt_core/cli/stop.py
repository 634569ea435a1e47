"""`leanopt stop`: end a run that another process is at work on, in good order."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import plain
from leanopt_core.errors import UsageError


@click.command("stop")
@click.argument("run", required=False)
@project_option
def command(run: str | None, project: Path) -> None:
    """End RUN (or a beginning of its name), the newest by default, as Ctrl-C where it runs would.

    Everything finished is kept; `leanopt run --resume` goes on with it. Returns when it has ended.

    Example: leanopt stop quickstart-1
    """
    from leanopt_core.project_files import LOCKS
    from leanopt_core.report.subject import process_of
    from leanopt_core.search.lock import wait_until_free

    with open_project(project) as store:
        found = store.runs.find(run)
        process = process_of(store, found)
        if not process:
            raise UsageError(f"no process is at work on run {found.name}: it is {found.state}")
        os.kill(process, signal.SIGINT)
        wait_until_free(store.path.parent.parent / LOCKS, found.name)
        click.echo(f"run {plain(found.name)}: {store.runs.get(found.id).state}")
