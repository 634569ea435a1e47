"""`leanopt watch`: a run at work, seen from another terminal."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.common import chosen_screen, open_project, project_option

if TYPE_CHECKING:
    from leanopt_core.cli.screen import ProgressScreen
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store

#: How often the store is looked at, in seconds.
_EVERY = 0.5


@click.command("watch")
@click.argument("run", required=False)
@project_option
def command(run: str | None, project: Path) -> None:
    """Watch RUN (or a beginning of its name), the newest by default, until it ends.

    All is read from the store, so that any terminal of the machine will do. Ctrl-C ends the
    watching; the run goes on. Of a run that has ended the result is shown.

    Example: leanopt watch
    """
    from leanopt_core.cli.summary import print_report
    from leanopt_core.report.run import report
    from leanopt_core.report.subject import process_of, state_of

    with open_project(project) as store:
        found = store.runs.find(run)
        if process_of(store, found) is not None:
            screen = chosen_screen()
            screen.progress.now = "reading the store"
            try:
                with screen:
                    _follow(store, found, screen)
            except KeyboardInterrupt:
                return
        found = store.runs.get(found.id)
        print_report(report(store, found), state_of(store, found))


def _follow(store: Store, run: StoredRun, screen: ProgressScreen) -> None:
    from leanopt_core.cli.follow import Follower
    from leanopt_core.report.subject import process_of

    progress = screen.progress
    begun = datetime.fromisoformat(run.started_at)
    progress.began -= (datetime.now(UTC) - begun).total_seconds()
    progress.hint = "Ctrl-C ends the watching; the run goes on"
    follower = Follower(store, run, progress)
    follower.update(time.monotonic())
    progress.settle(time.monotonic())
    screen.show(progress.view(time.monotonic()))
    while process_of(store, run) is not None:
        follower.update(time.monotonic())
        screen.tick()
        time.sleep(min(_EVERY, screen.patience() or _EVERY))
