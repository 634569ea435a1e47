"""`leanopt export`: a run's trials as JSON lines, CSV, or a plugin's format."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leanopt_core.cli.common import open_project, project_option, run_names
from leanopt_core.cli.session import plugin_calls
from leanopt_core.errors import UsageError
from leanopt_core.project_files import occupied
from leanopt_core.shown import shown

if TYPE_CHECKING:
    from leanopt_core.search.calls import Calls
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store

#: Entry points of this group write a format: `(run, trials) -> lines`. `trials(search)` yields the
#: trials of a `StoredSearch`.
FORMS: Final = "leanopt.exports"


@click.command("export")
@click.argument("run", required=False, shell_complete=run_names)
@project_option
@click.option(
    "--to",
    "form",
    type=click.Choice(["jsonl", "csv", "optuna"]),
    default="jsonl",
    metavar="FORM",
    help="jsonl (default): one JSON object per line; csv: a table; optuna: Optuna's journal.",
)
@click.option("--canonical", is_flag=True, help="Write only what is the same on every machine.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="File (default: standard output)."
)
def command(
    run: str | None, project: Path, form: str, canonical: bool, output: Path | None
) -> None:
    """Export the trials of RUN (name or unique prefix; default: the newest).

    Example: leanopt export quickstart-1 --to jsonl --canonical -o trials.jsonl
    """
    if canonical and form != "jsonl":
        raise UsageError(f"--canonical works only with --to jsonl; leave out --to {form}")
    with open_project(project) as store:
        if output is not None and (reason := occupied(output, store.path.parent.parent)):
            raise UsageError(f"--output {output}: {reason}")
        found = store.runs.find(run)
        out = sys.stdout
        # What a plugin prints is no line of the export.
        with plugin_calls(as_json=True) as calls:
            lines = _lines(store, found, form, calls, canonical=canonical)
            if output is None:
                out.writelines(f"{line}\n" for line in lines)
            else:
                _write(output, lines)


def _lines(
    store: Store, run: StoredRun, form: str, calls: Calls, *, canonical: bool
) -> Iterable[str]:
    if form == "csv":
        from leanopt_core.report.tables import csv_lines

        return csv_lines(store.reader, run)
    if form != "jsonl":
        return _plugins_lines(form, store, run, calls)
    return store.reader.canonical(run) if canonical else store.reader.export(run)


def _plugins_lines(form: str, store: Store, run: StoredRun, calls: Calls) -> Iterator[str]:
    """Yield a run's lines from the plugin that registers this format as an entry point."""
    from leanopt_core.search.guard import Guard

    found = next(iter(entry_points(group=FORMS, name=form)), None)
    if found is None:
        raise UsageError(f"--to {form} needs a plugin: pip install leanopt-{form}")
    whose = f" ({found.dist.name} {found.dist.version})" if found.dist else ""
    guard, doing = Guard(f"--to {form}{whose}", calls=calls), "exporting a run"
    write = guard.call(f"loading {found.value!r}", found.load)
    made = guard.call(doing, write, run, lambda search: store.reader.trials(search.id))
    lines = guard.call(doing, iter, made)
    while (line := guard.call(doing, next, lines, None)) is not None:
        if not isinstance(line, str):
            raise guard.fault(doing, f"it made the line {shown(line)}, expected a text")
        yield line


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a file completely or not at all; write directly to a pipe or a device."""
    real = path.resolve()
    plain = path.is_file() or not path.exists()
    part = real.with_name(f".{real.name}.{os.getpid()}") if plain else path
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        if plain:
            part.replace(real)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        if plain:
            part.unlink(missing_ok=True)
