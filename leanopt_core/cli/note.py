"""`leanopt note`: keep a text with a run."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option, run_names
from leanopt_core.cli.output import one_line, plain, print_json


@click.command("note")
@click.argument("run", shell_complete=run_names)
@click.argument("text")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: str, text: str, project: Path, as_json: bool) -> None:
    """Keep TEXT with RUN (name or unique prefix), in place of an earlier note.

    `leanopt runs` and `leanopt show` print it. An empty TEXT removes it. A note decides nothing: it
    can be changed while the run is running.

    Example: leanopt note quickstart-1 "before the new stop"
    """
    with open_project(project, write=True) as store:
        found = store.runs.find(run)
        store.runs.annotate(found.id, text)
        note = store.runs.get(found.id).note
    if as_json:
        print_json({"run": found.name, "note": note})
    else:
        said = "no note" if note is None else one_line(note)
        click.echo(f"run {plain(found.name)}: {said}")
