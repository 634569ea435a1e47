"""`leanopt resume`: continue an unfinished run with the options that it began with."""

from __future__ import annotations

import shlex
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from leanopt_core.cli.common import WholeNumber, open_project, project_option, run_names
from leanopt_core.cli.run import accept_option, output_options, perform
from leanopt_core.errors import ResumeError
from leanopt_core.search.wanted import Wanted

if TYPE_CHECKING:
    from leanopt_core.store.records import StoredRun
    from leanopt_core.store.store import Store


@click.command("resume")
@click.argument("run", required=False, shell_complete=run_names)
@project_option
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key after the run's own overrides; repeatable.",
)
@click.option(
    "--workers",
    type=WholeNumber(min=1),
    metavar="N",
    help="Number of workers (default: as the run began).",
)
@accept_option
@output_options
def command(
    run: str | None,
    project: Path,
    sets: tuple[str, ...],
    workers: int | None,
    accept_changes: bool,
    **output: Any,
) -> None:
    """Continue RUN (name or unique prefix; default: the newest unfinished) until it ends.

    The run continues with its pipeline and the options that it began with. If the pipeline, the
    strategy or the data has changed since, leanopt lists the differences and ends with exit code 8.

    Example: leanopt resume
    """
    from leanopt_core.search.options import RunOptions

    with open_project(project) as store:
        folder = store.path.parent.parent
        found = _unfinished(store, run)
        options = RunOptions.of_run(found, folder)
    given = asdict(options.overrides)
    given["sets"] = (*given["sets"], *sets)
    given["workers"] = workers or given["workers"]
    perform(
        folder / options.pipeline,
        given,
        Wanted(resume=True, accept_changes=accept_changes, run=found.name),
        allow_unread=options.allow_unread,
        skip_build=options.skip_build,
        **output,
    )


def _unfinished(store: Store, name: str | None) -> StoredRun:
    """Return the run to continue; raises ResumeError if it has finished or is running."""
    from leanopt_core.report.subject import process_of

    if name is not None:
        run = store.runs.find(name)
        if run.state == "finished":
            raise ResumeError(
                f"run {run.name} has finished: `leanopt show {quote(run.name)}` shows it, and "
                f"`leanopt run {_pipeline(store, run)} --again` begins another run"
            )
        return run
    unfinished = list(store.runs.unfinished())
    if not unfinished:
        raise ResumeError("there is no unfinished run; start one with `leanopt run`")
    # One that is running needs nobody to continue it.
    left = (run for run in unfinished if process_of(store, run) is None)
    return next(left, unfinished[0])


def _pipeline(store: Store, run: StoredRun) -> str:
    """Return the pipeline of a run as an argument of a command in the project's folder."""
    from leanopt_core.search.options import RunOptions

    try:
        return shlex.quote(RunOptions.of_run(run, store.path.parent.parent).pipeline)
    except ResumeError:
        return "PIPELINE"
