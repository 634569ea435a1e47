"""`leanopt import`: a pipeline of what another optimizer is told."""

from __future__ import annotations

from pathlib import Path

import click

from leanopt_core.cli.output import plain
from leanopt_core.errors import LeanoptError


@click.command("import")
@click.argument("source", nargs=-1, required=True, metavar="SOURCE")
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="The LEAN project, a folder with main.py or a .csproj, where the source names none.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="The file to write; by default pipeline.toml here, or in the folder that is imported.",
)
def command(source: tuple[str, ...], project: Path | None, output: Path | None) -> None:
    """Write a pipeline that searches as SOURCE does: a file, a folder, or a command line.

    SOURCE is LEAN's optimizer-config.json, a folder of lean-optimizer or one of its optimization
    files, or, after --, a `lean optimize` command as it would be typed. What cannot be translated
    is named, with the reason. Nothing is overwritten.

    Example: leanopt import optimizer-config.json -o imported.toml
    """
    from leanopt_core.cli.common import write_new
    from leanopt_core.plugins import discover
    from leanopt_core.scaffold.find import ImportWish, translated

    wish = ImportWish(source, project, output)
    made = translated(wish, discover())
    write_new(wish.path, made.text)
    try:
        made.check()
    except LeanoptError:
        wish.path.unlink()
        raise
    for line in made.notes:
        click.echo(plain(line), err=True)
    if made.variables:
        absent = plain(", ".join(made.variables))
        click.echo(f"to be set first, in the environment or in .env: {absent}", err=True)
    click.echo(f"written: {wish.path}; look through it, then")
    click.echo(f"  leanopt plan {wish.path}\n  leanopt run {wish.path}")
