"""`leanopt export`: a run's trials as JSON lines or CSV."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store


@click.command("export")
@click.argument("run", required=False)
@project_option
@click.option(
    "--to",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    metavar="FORM",
    help="jsonl, one JSON object a line (by default), or csv, a table.",
)
@click.option(
    "--canonical", is_flag=True, help="Only what the promise covers, the same on any machine."
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="A file; standard output by default."
)
def command(
    run: str | None, project: Path, form: str, canonical: bool, output: Path | None
) -> None:
    """Write the trials of RUN (or a beginning of its name), the newest by default.

    Example: leanopt export quickstart-1 --to jsonl --canonical -o trials.jsonl
    """
    if canonical and form != "jsonl":
        raise UsageError("--canonical has one form, JSON lines: leave out --to csv")
    with open_project(project) as store:
        found = store.runs.find(run)
        lines = _lines(store, found, form, canonical=canonical)
        if output is None:
            sys.stdout.writelines(f"{line}\n" for line in lines)
        else:
            _write(output, lines)


def _lines(store: Store, run: StoredRun, form: str, *, canonical: bool) -> Iterable[str]:
    if form == "csv":
        from leanopt_core.cli.table import csv_lines

        return csv_lines(store.reader, run)
    return store.reader.canonical(run) if canonical else store.reader.export(run)


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a whole file or none."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
