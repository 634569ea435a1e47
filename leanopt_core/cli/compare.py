"""`leanopt compare`: show runs or trials side by side and mark the differences."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option, search_option
from leanopt_core.cli.output import print_json, print_table
from leanopt_core.errors import UsageError

_FEWEST = 2


@click.command("compare")
@click.argument("subjects", nargs=-1, required=True, metavar="SUBJECT...")
@project_option
@search_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(subjects: tuple[str, ...], project: Path, search: str | None, as_json: bool) -> None:
    """Compare SUBJECT... side by side: runs, or trials as RUN:TRIAL (:TRIAL of the newest run).

    A `*` marks each row whose values differ.

    Example: leanopt compare quickstart-1:3 quickstart-1:7
    """
    from leanopt_core.report.compared import compared
    from leanopt_core.report.statistics import DETAILED
    from leanopt_core.report.subject import find_subject

    if len(subjects) < _FEWEST:
        raise UsageError("give at least two runs, or two trials as RUN:TRIAL")
    with open_project(project) as store:
        found = [find_subject(store, text, search) for text in subjects]
        if len({one.trial is None for one in found}) > 1:
            raise UsageError("give only runs or only trials; a run cannot be compared with a trial")
        facts = list(compared(store, found))
    names = [one.name for one in found]
    if as_json:
        documents = [
            {"what": one.what, "values": one.values, "differ": one.differ} for one in facts
        ]
        print_json({"compared": names, "rows": documents})
        return
    shown = [one for one in facts if not one.what.startswith(DETAILED)]
    rows = [
        ("*" if one.differ else "", one.what, *(_text(one.what, value) for value in one.values))
        for one in shown
    ]
    print_table(("", "what", *names), rows, keep=2)


def _text(what: str, value: object) -> object:
    """Return a value of a row as it is shown: statistics in their units."""
    from leanopt_core.report.statistics import statistic_text

    return statistic_text(what.rpartition(": ")[2], value) if isinstance(value, float) else value
