"""`leanopt init`: write a first pipeline for a strategy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.common import write_new
from leanopt_core.cli.output import print_table

if TYPE_CHECKING:
    from leanopt_core.scaffold.draft import Draft


@click.command("init")
@click.argument("strategy", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write (default: pipeline.toml beside the strategy).",
)
@click.option(
    "--algorithm", metavar="CLASS", help="Algorithm class, if a LEAN project has several."
)
def command(strategy: Path, output: Path | None, algorithm: str | None) -> None:
    """Write a pipeline for STRATEGY, a LEAN project or a Python file with an @backtest function.

    leanopt reads the source and does not run it. It proposes every parameter found there, with a
    range around its default. It overwrites nothing.

    Example: leanopt init strategy.py -o first.toml
    """
    from leanopt_core.cli.session import plugin_calls
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import Kind, discover
    from leanopt_core.scaffold.draft import InitWish
    from leanopt_core.scaffold.find import draft_of
    from leanopt_core.scaffold.pipeline import Installed, pipeline_text

    folder = strategy if strategy.is_dir() else strategy.parent
    path = output or folder / "pipeline.toml"
    with plugin_calls() as calls:
        registry = discover(noted=calls.noted)
        draft = draft_of(InitWish(strategy, path.parent, algorithm), registry, calls)
        installed = Installed(registry.names(Kind.STAGE), registry.names(Kind.FITNESS))
        write_new(path, pipeline_text(draft, installed))
        _print(draft, path)
        if draft.parameters:
            unset = dict.fromkeys(draft.variables, str(path.parent))
            load_pipeline(path, registry, environment={**unset, **os.environ})


def _print(draft: Draft, path: Path) -> None:
    from leanopt_core.pipeline.toml import toml_value
    from leanopt_core.scaffold.ranges import propose

    proposals = [(read.name, propose(read)) for read in draft.parameters]
    rows = [(name, toml_value(one.value), one.comment) for name, one in proposals]
    if rows:
        print_table(("parameter", "proposed", ""), rows)
    for text in draft.said:
        click.echo(f"\n{text}")
    click.echo(f"\nwrote {path}; review it, then run:")
    for name, what in draft.variables.items():
        if name not in os.environ:
            click.echo(f"  export {name}=...    # {what}; or set it in .env beside the pipeline")
    click.echo(f"  leanopt plan {path}\n  leanopt run {path}")
