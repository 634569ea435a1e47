"""`leanopt runs`: list the runs of a project."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import asdict

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import print_json, print_table


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
        print_json({"runs": [asdict(run) for run in runs]})
        return
    print_table(
        ("run", "state", "started", "ended", "completed", "failed", "best fitness"),
        [
            (r.name, state, r.started_at, r.finished_at, r.completed, r.failed, r.best_fitness)
            for r, state in zip(runs, states, strict=True)
        ],
    )
