"""`leanopt plugins new`: begin a plugin."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new")
@click.argument("kind")
@click.argument("name")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder to make it in; by default here.",
)
def command(kind: str, name: str, output: Path) -> None:
    """Begin a plugin of KIND called NAME, the distribution leanopt-NAME in a folder of that name.

    KIND is stage, fitness, executor, sink or engine. The plugin works as it is, and its tests hold
    it to all that leanopt expects of its kind: change it step by step. Nothing is overwritten.

    Example: leanopt plugins new stage hill-climb
    """
    from leanopt_core.scaffold.plugin import create

    written = create(kind, name, output)
    for file in written:
        click.echo(file)
    root = written[0].parent
    click.echo(f"\nnext:\n  pip install -e '{root}[test]'\n  pytest {root}")
