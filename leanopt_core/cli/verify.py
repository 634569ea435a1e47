"""`leanopt verify`: the best trials of a run again, on another harness."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from leanopt_core.cli.common import WholeNumber, open_project, project_option
from leanopt_core.cli.output import plain, print_json
from leanopt_core.cli.verification import counted, document, print_verification, warnings
from leanopt_core.errors import DifferenceError

_BEST = 10


@click.command("verify")
@click.argument("run")
@click.option("--against", metavar="HARNESS", required=True, help="Harness to compare with.")
@click.option(
    "--best",
    type=WholeNumber(min=1),
    default=_BEST,
    help=f"Number of the best trials to verify; {_BEST} by default.",
)
@click.option("--workers", type=WholeNumber(min=1), help="Number of workers; by default the run's.")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: str, against: str, best: int, workers: int | None, project: Path, as_json: bool
) -> None:
    """Run the best trials of RUN (name or unique prefix) on another harness and compare.

    HARNESS is a value of the engine's option `[strategy] harness`. Every statistic must be equal to
    the stored one. The store stays as it is. The exit code is 9 where a backtest differs.

    Example: leanopt verify spy-1 --best 3 --against launcher
    """
    from leanopt_core.plugins import discover
    from leanopt_core.search.interrupt import Interrupts
    from leanopt_core.search.verify import verify

    with Interrupts(), open_project(project) as store:
        found = store.runs.find(run)
        completed = [one for one in store.reader.ranked(found, best) if one.trial.failure is None]
        said = verify(
            found,
            completed,
            discover(),
            store.path.absolute().parent.parent,
            against=against,
            workers=workers,
            tell=_tell,
            progress=_progress,
        )
    for warning in warnings(said):
        _tell(f"warning: {warning}")
    if as_json:
        print_json(document(said))
    else:
        print_verification(said)
    if said.different:
        what = f"{said.different} of {counted(len(said.compared))}"
        raise DifferenceError(f"run {said.run} differs on harness {against!r}: {what}")


def _tell(text: str) -> None:
    click.echo(plain(text), err=True)


def _progress(harness: str, finished: int, of: int) -> None:
    """Show how far a harness is; only its end where standard error is no terminal."""
    if sys.stderr.isatty() or finished == of:
        start = "\r" if sys.stderr.isatty() else ""
        text = f"{start}{plain(harness)}: {finished} of {counted(of)} finished"
        click.echo(text, nl=finished == of, err=True)
