"""`leanopt report`: one file that says what is thought of a run, and why."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.api import (
    RESULTS,
    UsageError,
    discover,
    make_folder,
    occupied,
    open_results,
    print_json,
    project_option,
    run_names,
    whole_file,
)

if TYPE_CHECKING:
    from leanopt_report._model import Document

_FORMS = ("html", "md", "json")


@click.command("report")
@click.argument("run", required=False, shell_complete=run_names)
@project_option
@click.option(
    "--to",
    "form",
    type=click.Choice(_FORMS),
    default="html",
    metavar="FORM",
    help="What to write: html (default), md or json.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File (default: .leanopt/results/RUN/report.html in the project).",
)
@click.option("--open", "opened", is_flag=True, help="Open the file in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the path of the file as JSON.")
def command(
    run: str | None,
    project: Path,
    form: str,
    output: Path | None,
    opened: bool,
    as_json: bool,
) -> None:
    """Write a report of RUN (name or unique prefix; default: the newest) as one HTML file.

    Example: leanopt report quickstart-1 -o report.html
    """
    folder = project if project.is_dir() else project.parent
    with open_results(project) as store:
        if output is not None and (reason := occupied(output, folder)):
            raise UsageError(f"--output {output}: {reason}")
        found = store.run(run)
        path = _default(folder, found.name, form) if output is None else output
        from leanopt_report._document import report_of

        document = report_of(store, found, discover().sections)
    text = _written(form)(document)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    if as_json:
        print_json({"run": found.name, "file": str(path)})
    else:
        click.echo(document.verdict.sentence)
        click.echo(f"wrote {path}")
    if opened and not webbrowser.open(path.resolve().as_uri()):
        raise UsageError(f"no browser could be opened; open {path} yourself")


def _default(folder: Path, run: str, form: str) -> Path:
    """Return where a report is written that is given no place; it goes when the run is deleted."""
    path = folder / RESULTS / run / f"report.{form}"
    try:
        make_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be written: {error.strerror}") from None
    return path


def _written(form: str) -> Callable[[Document], str]:
    if form == "html":
        from leanopt_report._html import html_text

        return html_text
    if form == "md":
        from leanopt_report._markdown import markdown_text

        return markdown_text
    from leanopt_report._json import json_text

    return json_text
