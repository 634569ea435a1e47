"""`leanopt runs`: list the runs of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
from attrs import asdict

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import first_line, print_json, print_table

#: The most characters of a note in the list.
_NOTE: Final = 40


@click.command("runs")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(project: Path, as_json: bool) -> None:
    """List the runs of a project, the newest first.

    Example: leanopt runs --project examples/quickstart
    """
    from leanopt_core.report.subject import state_of

    with open_project(project) as store:
        runs = store.runs.summaries()
        states = [state_of(store, run) for run in runs]
    if as_json:
        both = zip(runs, states, strict=True)
        print_json({"runs": [{**asdict(run), "state": state} for run, state in both]})
        return
    noted, several = any(run.note for run in runs), any(run.searches > 1 for run in runs)
    searches, note = ("searches",) if several else (), ("note",) if noted else ()
    print_table(
        (
            "run",
            "state",
            "started",
            "ended",
            *searches,
            "completed",
            "failed",
            "best fitness",
            *note,
        ),
        [
            (
                *(run.name, state, run.started_at, run.finished_at),
                *((run.searches,) if several else ()),
                *(run.completed, run.failed, run.best_fitness),
                *((first_line(run.note or "", _NOTE),) if noted else ()),
            )
            for run, state in zip(runs, states, strict=True)
        ],
    )
