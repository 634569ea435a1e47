"""`leanopt init`: a first pipeline for a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.output import print_table
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from leanopt_core.scaffold.source import Source


@click.command("init")
@click.argument("strategy", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="The file to write; by default pipeline.toml beside the strategy.",
)
def command(strategy: Path, output: Path | None) -> None:
    """Write a pipeline for STRATEGY, a Python file with a function marked @backtest.

    Its source is read, not run: every parameter that it reads is proposed with a range around its
    default. Nothing is overwritten.

    Example: leanopt init strategy.py -o first.toml
    """
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import Kind, discover
    from leanopt_core.scaffold.pipeline import Installed, pipeline_text
    from leanopt_core.scaffold.ranges import propose
    from leanopt_core.scaffold.source import read_source

    file = _only(strategy) if strategy.is_dir() else strategy
    source = read_source(file)
    if not source.parameters:
        raise UsageError(
            f'{file} reads no parameter; write parameters["fast"] or parameters.get("fast", 10) '
            "where a number is to be searched"
        )
    if all(propose(read).levels == 1 for read in source.parameters):
        raise UsageError(f"{file} reads only texts of one value: there is nothing to search")
    path = output or file.parent / "pipeline.toml"
    registry = discover()
    installed = Installed(registry.names(Kind.STAGE), registry.names(Kind.FITNESS))
    _write(path, pipeline_text(source, path.parent, installed))
    _print(source, path)
    load_pipeline(path, registry)


def _only(folder: Path) -> Path:
    """Return the one strategy of a folder."""
    from leanopt_core.scaffold.source import read_source

    found = []
    for file in sorted(folder.glob("*.py")):
        try:
            read_source(file)
        except UsageError:
            continue
        found.append(file)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise UsageError(f"name one file in {folder}; with a function marked @backtest: {names}")
    return found[0]


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already; --output names another file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _print(source: Source, path: Path) -> None:
    from leanopt_core.scaffold.ranges import propose

    proposals = [(read.name, propose(read)) for read in source.parameters]
    print_table(("parameter", "proposed", ""), [(n, p.value, p.comment) for n, p in proposals])
    click.echo(f"\nwritten: {path}; look through it, then")
    click.echo(f"  leanopt plan {path}\n  leanopt run {path}")
