"""`leanopt run`: search, and store every trial."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.common import load, pipeline_options
from leanopt_core.cli.output import print_json


@click.command("run")
@pipeline_options
@click.option("--resume", is_flag=True, help="Continue the newest unfinished run of this plan.")
@click.option(
    "--allow-unread", is_flag=True, help="Go on though the strategy reads not every parameter."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    resume: bool,
    allow_unread: bool,
    as_json: bool,
) -> None:
    """Run PIPELINE to its end.

    Every trial is stored in `.leanopt/leanopt.db` beside the pipeline. Ctrl-C ends the run and
    keeps what has finished (exit code 130); `--resume` goes on from there.

    Example: leanopt run pipeline.toml --workers 8 --set stage.0.trials=200
    """
    from leanopt_core.cli.screen import PlainScreen
    from leanopt_core.cli.summary import document, print_report
    from leanopt_core.search.run import run_pipeline

    loaded, registry = load(pipeline, sets, workers, symbol, seed)
    report = run_pipeline(loaded, registry, PlainScreen(), resume=resume, allow_unread=allow_unread)
    if as_json:
        print_json(document(report))
    else:
        print_report(report)
    if report.run.state == "interrupted":
        raise click.exceptions.Exit(130)
