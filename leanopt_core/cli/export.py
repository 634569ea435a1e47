"""`leanopt export`: a run's trials as JSON lines, CSV, or a plugin's format; or one trial."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from leanopt_core.cli.common import open_project, project_option, run_names, search_option
from leanopt_core.cli.output import whole_file
from leanopt_core.cli.session import plugin_calls
from leanopt_core.cli.winner import TRIAL_FORMS, export_trial
from leanopt_core.errors import UsageError
from leanopt_core.project_files import occupied
from leanopt_core.shown import shown

if TYPE_CHECKING:
    from leanopt_core.search.calls import Calls
    from leanopt_core.store.dump import Trials
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store

#: Entry points of this group write a format: `(run, trials) -> lines`. `trials(search)` yields the
#: trials of a `StoredSearch`.
FORMS: Final = "leanopt.exports"
_RUN_FORMS: Final = ("jsonl", "csv", "optuna")
#: The joined curve of a run's tests.
_PATH: Final = "path"


@click.command("export")
@click.argument("subject", required=False, metavar="[RUN]", shell_complete=run_names)
@project_option
@click.option(
    "--to",
    "form",
    type=click.Choice([*_RUN_FORMS, *TRIAL_FORMS, _PATH]),
    default="jsonl",
    metavar="FORM",
    help="All trials: jsonl (default), csv, optuna. One: params, toml, lean, equity, trades. "
    "Out of sample: path.",
)
@click.option("--canonical", is_flag=True, help="Write only what is the same on every machine.")
@click.option("--front", is_flag=True, help="Only the Pareto front, where a run has objectives.")
@search_option
@click.option("--path", metavar="NAME", help="The path for --to path, where a run has several.")
@click.option("--scenario", metavar="NAME", help="Scenario of the equity curve or the trades.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="File (default: standard output)."
)
def command(
    subject: str | None,
    project: Path,
    form: str,
    canonical: bool,
    front: bool,
    search: str | None,
    path: str | None,
    scenario: str | None,
    output: Path | None,
) -> None:
    """Export all trials of RUN (name or unique prefix; default: the newest), or one as RUN:TRIAL.

    The forms of one trial are of the run's chosen one if RUN names none: by default the best.

    Example: leanopt export quickstart-1:3 --to lean -o config.json
    """
    if canonical and form != "jsonl":
        raise UsageError(f"--canonical works only with --to jsonl; leave out --to {form}")
    if front and (form not in ("jsonl", "csv") or canonical):
        what = "--canonical" if canonical else f"--to {form}"
        raise UsageError(f"--front works only with --to jsonl and csv; leave out {what}")
    if path is not None and form != _PATH:
        raise UsageError(f"--path is for --to path; leave out --to {form}")
    with open_project(project) as store:
        if output is not None:
            _check_output(output, store.path.parent.parent, form)
        write = partial(_write, output, sys.stdout)
        if form == _PATH:
            from leanopt_core.cli.winner import export_path

            run = _run(store, subject, form, scenario)
            export_path(store, run, path, output, write)
            return
        # What a plugin prints is no line of the export.
        with plugin_calls(as_json=True) as calls:
            if form not in TRIAL_FORMS:
                run = _run(store, subject, form, scenario)
                write(_lines(store, run, form, calls, canonical=canonical, front=front))
                return
            from leanopt_core.report.chosen import find_chosen

            export_trial(
                store, find_chosen(store, subject, search), form, scenario, output, calls, write
            )


def _check_output(output: Path, project: Path, form: str) -> None:
    """Raise UsageError for a file that must not be overwritten."""
    # A table of parameters can become a pipeline: a new file may be called so.
    named = output.with_suffix("") if form == "toml" and not os.path.lexists(output) else output
    if reason := occupied(named, project):
        raise UsageError(f"--output {output}: {reason}")


def _run(store: Store, subject: str | None, form: str, scenario: str | None) -> StoredRun:
    """Return the run; raises UsageError for what only the forms of one trial have."""
    if scenario is not None:
        raise UsageError(f"--scenario is for one trial's forms; leave out --to {form}")
    if subject is not None and subject.rpartition(":")[2].isdigit() and ":" in subject:
        raise UsageError(
            f"--to {form} exports all trials of a run; of one, choose from {', '.join(TRIAL_FORMS)}"
        )
    return store.runs.find(subject)


def _lines(
    store: Store, run: StoredRun, form: str, calls: Calls, *, canonical: bool, front: bool
) -> Iterable[str]:
    trials: Trials = store.reader.trials
    if front:
        from leanopt_core.report.front import fronts_of

        trials = fronts_of(store, run).filtered(store)
    if form == "csv":
        from leanopt_core.report.tables import csv_lines

        return csv_lines(run, trials)
    if front:
        from leanopt_core.store.dump import trial_lines

        return trial_lines(run, trials)
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


def _write(output: Path | None, out: TextIO, lines: Iterable[str]) -> None:
    """Write lines to a file, or to `out`."""
    ended = (f"{line}\n" for line in lines)
    if output is None:
        out.writelines(ended)
        return
    with whole_file(output) as path, path.open("w", encoding="utf-8") as file:
        file.writelines(ended)
