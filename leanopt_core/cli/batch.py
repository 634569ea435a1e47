"""`leanopt batch`: run a list of parameter sets from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from leanopt_core.cli.common import load, pipeline_options
from leanopt_core.cli.run import output_options, perform
from leanopt_core.cli.session import plugin_calls, warn
from leanopt_core.errors import UsageError
from leanopt_core.report.figures import counted
from leanopt_core.search.wanted import Wanted

# So many places that repeat others are named.
_NAMED = 5


@click.command("batch")
@pipeline_options
@click.option(
    "--sets",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Parameter sets: CSV with a header, a JSON list, or JSON lines (.jsonl).",
)
@click.option("--again", is_flag=True, help="Begin a new run, even if the plan has one.")
@click.option("--name", metavar="NAME", help="Name of the run; it is begun if there is none.")
@click.option("--allow-unread", is_flag=True, help="Allow parameters the strategy never reads.")
@click.option(
    "--skip-build", is_flag=True, help="Use the last good build, even if sources have changed."
)
@output_options
def command(
    pipeline: Path,
    file: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    again: bool,
    name: str | None,
    allow_unread: bool,
    skip_build: bool,
    as_json: bool,
    **output: Any,
) -> None:
    """Run the parameter sets in a file with PIPELINE (default: pipeline.toml).

    It is a run like any other, whose only stage tries the sets in their order. The grid is that of
    the values in the file, so a value may be off the pipeline's grid. Each bad row is named with
    its line, before anything runs.

    Example: leanopt batch pipeline.toml --sets sets.csv
    """
    given: dict[str, Any] = {"sets": sets, "workers": workers, "symbol": symbol, "seed": seed}
    with plugin_calls(as_json=as_json) as calls:
        from leanopt_core.pipeline.batch import batch_overrides
        from leanopt_core.pipeline.point_files import read_points
        from leanopt_core.plugins import Kind

        loaded, registry = load(pipeline, **given, calls=calls, searched=False)
        if registry.find(Kind.STAGE, "points") is None:
            raise UsageError("leanopt batch needs the stage 'points': pip install leanopt-points")
        found = read_points(file, loaded.space)
        overrides = batch_overrides(loaded.space, found.points)
    if found.repeats:
        named = ", ".join(found.repeats[:_NAMED])
        more = ", ..." if len(found.repeats) > _NAMED else ""
        said = "repeats another" if len(found.repeats) == 1 else "repeat others"
        warn(f"{file}: {counted(len(found.repeats), 'set')} {said} and run once: {named}{more}")
    perform(
        pipeline,
        {**given, "sets": (*sets, *overrides)},
        Wanted(again=again, name=name),
        allow_unread=allow_unread,
        skip_build=skip_build,
        as_json=as_json,
        **output,
    )
