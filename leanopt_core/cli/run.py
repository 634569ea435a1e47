"""`leanopt run`: search, and store every trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from leanopt_core.cli.common import chosen_screen, load, pipeline_options
from leanopt_core.cli.output import print_json
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.search.audience import Screen


@click.command("run")
@pipeline_options
@click.option("--resume", is_flag=True, help="Continue the newest unfinished run of this plan.")
@click.option(
    "--allow-unread", is_flag=True, help="Go on though the strategy reads not every parameter."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--verbose", "-v", is_flag=True, help="Print a line for all that happens.")
@click.option(
    "--log",
    type=click.Path(path_type=Path),
    help="Write a line for all that happens to this file, after what it holds.",
)
def command(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    resume: bool,
    allow_unread: bool,
    as_json: bool,
    verbose: bool,
    log: Path | None,
) -> None:
    """Run PIPELINE to its end.

    Every trial is stored in `.leanopt/leanopt.db` beside the pipeline. A terminal shows how far the
    run is. Ctrl-C ends it and keeps what has finished (exit code 130); `--resume` goes on from
    there.

    Example: leanopt run pipeline.toml --workers 8 --set stage.0.trials=200
    """
    from leanopt_core.cli.summary import document, print_report
    from leanopt_core.search.run import run_pipeline

    loaded, registry = load(pipeline, sets, workers, symbol, seed)
    with _screen(log, verbose=verbose) as screen:
        report = run_pipeline(loaded, registry, screen, resume=resume, allow_unread=allow_unread)
    if as_json:
        print_json(document(report))
    else:
        print_report(report)
    if report.run.state == "interrupted":
        raise click.exceptions.Exit(130)


@contextmanager
def _screen(log: Path | None, *, verbose: bool) -> Iterator[Screen]:
    """Yield what shows the run: live on a terminal, plain elsewhere, with logs where asked for."""
    from leanopt_core.cli.log import LogScreen
    from leanopt_core.cli.screen import Screens

    with ExitStack() as stack:
        shown: list[Screen] = []
        if log is not None:
            file = stack.enter_context(_opened(log))
            shown.append(LogScreen(lambda line: print(line, file=file)))
        if verbose:
            shown.append(LogScreen(lambda line: click.echo(line, err=True)))
        else:
            shown.append(stack.enter_context(chosen_screen()))
        yield Screens(shown) if len(shown) > 1 else shown[0]


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
