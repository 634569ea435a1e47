"""`leanopt holdout`: look at what the search has not seen, in and out of sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import asdict

from leanopt_core.cli.common import (
    WholeNumber,
    load,
    open_project,
    project_option,
    run_names,
    search_option,
)
from leanopt_core.cli.output import plain, print_json, print_table, wrapped
from leanopt_core.cli.session import plugin_calls, show_progress, tell, warn
from leanopt_core.errors import StrategyError

if TYPE_CHECKING:
    from leanopt_core.search.holdout import HoldoutLook


@click.command("holdout")
@click.argument("run", shell_complete=run_names)
@click.option(
    "--best",
    type=WholeNumber(min=1),
    metavar="N",
    default=1,
    help="Look at the N best trials (default: 1).",
)
@search_option
@click.option(
    "--workers",
    type=WholeNumber(min=1),
    metavar="N",
    help="Number of workers (default: as in the pipeline).",
)
@click.option(
    "--accept-changes", is_flag=True, help="Look even if the strategy has changed since the run."
)
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str,
    best: int,
    search: str | None,
    workers: int | None,
    accept_changes: bool,
    project: Path,
    as_json: bool,
) -> None:
    """Backtest the best trials of RUN, or one as RUN:TRIAL, on the holdout of its pipeline.

    `[holdout]` has the days or symbols that the search does not see. The table shows each trial in
    sample and out of sample. Each point that is looked at counts, also if its run is deleted. The
    same point again is shown with the date of its look, and counts no more.

    Example: leanopt holdout quickstart-1 --best 5
    """
    with plugin_calls(as_json=as_json) as calls, open_project(project, write=True) as store:
        from leanopt_core.report.holdout import candidates, document
        from leanopt_core.report.subject import find_subject, refuse_running
        from leanopt_core.search.holdout import HoldoutRunner
        from leanopt_core.search.options import RunOptions

        subject = find_subject(store, run, search)
        refuse_running(store, [subject.run])
        chosen = candidates(store, subject, best, search)
        folder = store.path.parent.parent
        options = RunOptions.of_run(subject.run, folder)
        pipeline, registry = load(
            folder / options.pipeline, **asdict(options.overrides), calls=calls
        )
        look = HoldoutRunner(
            store,
            subject.run,
            pipeline,
            registry,
            options,
            tell,
            warn,
            show_progress,
            calls,
            accept_changes,
            workers,
        ).look(chosen)
    if as_json:
        print_json(document(look))
    else:
        _print(look)
    _check_completed(look)


def _check_completed(look: HoldoutLook) -> None:
    """Raise StrategyError if no backtest on the holdout completed."""
    outcomes = [one.outcome for held in look.trials for one in held.backtests]
    if all(one.statistics is None for one in outcomes):
        first = next((one.failure for one in outcomes if one.failure), None)
        why = f": {first.category}: {first.message}" if first else ""
        raise StrategyError(f"no backtest on the holdout ({look.holdout}) completed{why}")


def _print(look: HoldoutLook) -> None:
    from leanopt_core.report.figures import counted
    from leanopt_core.report.holdout import look_table, looks_counted, shortfalls

    trials = counted(len(look.trials), "trial")
    click.echo(plain(f"run {look.run.name} on the holdout, {look.holdout}: {trials}\n"))
    head, rows = look_table(look)
    print_table(head, rows, keep=head.index("sample") + 1)
    for text in shortfalls(look):
        click.echo(plain(text))
    click.echo()
    for text in looks_counted(look):
        click.echo(wrapped(plain(text)))
