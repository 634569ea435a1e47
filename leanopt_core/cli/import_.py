"""`leanopt import`: convert another optimizer's configuration to a pipeline."""

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
    help="LEAN project (folder with main.py or a .csproj), if SOURCE does not name it.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write (default: pipeline.toml here, or in the imported folder).",
)
@click.option("--force", is_flag=True, help="Overwrite the file, once the import has succeeded.")
def command(
    source: tuple[str, ...], project: Path | None, output: Path | None, *, force: bool
) -> None:
    """Convert SOURCE, another optimizer's configuration, to a pipeline.

    SOURCE is one of: LEAN's optimizer-config.json; a lean-optimizer folder, or one of its
    optimization, universe or parameter set files; or, after --, a complete `lean optimize`
    command. leanopt lists what it cannot translate, and why.

    Example: leanopt import optimizer-config.json -o imported.toml
    """
    from leanopt_core.cli.common import write_new
    from leanopt_core.cli.session import plugin_calls
    from leanopt_core.plugins import discover
    from leanopt_core.scaffold.find import ImportWish, translated

    wish = ImportWish(source, project, output)
    with plugin_calls() as calls:
        made = translated(wish, discover(noted=calls.noted), calls)
        before = wish.path.read_bytes() if force and wish.path.is_file() else None
        write_new(wish.path, made.text, force=force)
        try:
            made.check()
        except LeanoptError:
            if before is None:
                wish.path.unlink()
            else:
                wish.path.write_bytes(before)
            raise
    for line in made.notes:
        click.echo(plain(line), err=True)
    if made.variables:
        absent = plain(", ".join(made.variables))
        click.echo(f"set these variables first, in the environment or in .env: {absent}", err=True)
    click.echo(f"wrote {wish.path}; review it, then run:")
    click.echo(f"  leanopt plan {wish.path}\n  leanopt run {wish.path}")
