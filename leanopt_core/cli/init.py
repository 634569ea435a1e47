"""`leanopt init`: a first pipeline for a strategy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.output import print_table
from leanopt_core.cli.writing import write_new

if TYPE_CHECKING:
    from leanopt_core.scaffold.draft import Draft

#: Where pipelines find LEAN's data.
_DATA = "LEAN_DATA"


@click.command("init")
@click.argument("strategy", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="The file to write; by default pipeline.toml beside the strategy.",
)
@click.option(
    "--algorithm", metavar="CLASS", help="The algorithm, where a LEAN project has several."
)
def command(strategy: Path, output: Path | None, algorithm: str | None) -> None:
    """Write a pipeline for STRATEGY, a LEAN project or a Python file with an @backtest function.

    Its source is read, not run: every parameter that it reads is proposed with a range around its
    default. Nothing is overwritten.

    Example: leanopt init strategy.py -o first.toml
    """
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import Kind, discover
    from leanopt_core.scaffold.find import draft_of, find
    from leanopt_core.scaffold.pipeline import Installed, pipeline_text

    found = find(strategy)
    path = output or found.folder / "pipeline.toml"
    draft = draft_of(found, path.parent, algorithm)
    registry = discover()
    installed = Installed(registry.names(Kind.STAGE), registry.names(Kind.FITNESS))
    write_new(path, pipeline_text(draft, installed))
    _print(draft, path)
    load_pipeline(path, registry, environment={_DATA: str(path.parent), **os.environ})


def _print(draft: Draft, path: Path) -> None:
    from leanopt_core.pipeline.toml import toml_value
    from leanopt_core.scaffold.ranges import propose

    proposals = [(read.name, propose(read)) for read in draft.parameters]
    rows = [(name, toml_value(one.value), one.comment) for name, one in proposals]
    print_table(("parameter", "proposed", ""), rows)
    for text in draft.said:
        click.echo(f"\n{text}")
    click.echo(f"\nwritten: {path}; look through it, then")
    if draft.lean and draft.executor and _DATA not in os.environ:
        click.echo(f"  export {_DATA}=...    # LEAN's data folder; or in .env beside the pipeline")
    click.echo(f"  leanopt plan {path}\n  leanopt run {path}")
