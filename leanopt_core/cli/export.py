"""`leanopt export`: a run's trials as JSON lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.errors import UsageError


@click.command("export")
@click.argument("run", required=False)
@project_option
@click.option(
    "--to", type=click.Choice(["jsonl"]), default="jsonl", expose_value=False, help="The form."
)
@click.option(
    "--canonical", is_flag=True, help="Only what the promise covers, the same on any machine."
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="A file; standard output by default."
)
def command(run: str | None, project: Path, canonical: bool, output: Path | None) -> None:
    """Write the trials of RUN (or a beginning of its name), the newest by default.

    Example: leanopt export quickstart-1 --to jsonl --canonical -o trials.jsonl
    """
    with open_project(project) as store:
        found = store.runs.find(run)
        lines = store.reader.canonical(found) if canonical else store.reader.export(found)
        if output is None:
            sys.stdout.writelines(f"{line}\n" for line in lines)
        else:
            _write(output, lines)


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
