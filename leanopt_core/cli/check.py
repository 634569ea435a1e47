"""`leanopt check`: report all errors in a pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.common import load, pipeline_options
from leanopt_core.cli.output import print_json
from leanopt_core.cli.session import plugin_calls, warn
from leanopt_core.errors import PipelineError
from leanopt_core.search.look import look_at


@click.command("check")
@pipeline_options
@click.option("--no-import", is_flag=True, help="Do not import or compile the strategy.")
@click.option("--allow-unread", is_flag=True, help="Allow parameters the strategy never reads.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    no_import: bool,
    allow_unread: bool,
    as_json: bool,
) -> None:
    """Report all errors in PIPELINE (default: pipeline.toml); the exit code is 3 if there are any.

    Runs no backtest and downloads nothing. Every plugin that the pipeline names is built (exit code
    4 if one cannot be). Strategy and data must be there, and the strategy is imported once where
    workers run, or compiled (exit code 5); with --no-import nothing of yours runs. Some executors
    check their options (exit code 6). An image that is not on this machine is a warning.

    Example: leanopt check pipeline.toml
    """
    try:
        with plugin_calls(as_json=as_json) as calls:
            loaded, _ = load(pipeline, sets, workers, symbol, seed, calls)
            notes = look_at(loaded, calls, allow_unread=allow_unread, imports=not no_import)
    except PipelineError as error:
        if not as_json:
            raise
        from attrs import asdict

        mistakes = [asdict(mistake) for mistake in error.mistakes]
        print_json({"mistakes": mistakes, "warnings": []})
        raise click.exceptions.Exit(error.exit_code) from None
    if as_json:
        print_json({"mistakes": [], "warnings": [*loaded.notes, *notes]})
    else:
        for note in (*loaded.notes, *notes):
            warn(note)
        click.echo(f"{pipeline}: ok")
