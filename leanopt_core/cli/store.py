"""`leanopt store`: maintenance of a project's store; `leanopt store recover`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from leanopt_core.cli.common import project_option, project_store
from leanopt_core.cli.output import print_json, print_table


@click.group("store")
def command() -> None:
    """Maintain the store of a project.

    Example: leanopt store recover
    """


@command.command("recover")
@project_option
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="New file (default: leanopt.recovered.db beside the store).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def recover(project: Path, output: Path | None, as_json: bool) -> None:
    """Write what is readable of a damaged store to a new file, and report what is lost.

    The damaged file is not changed.

    Example: leanopt store recover -o rescued.db
    """
    from leanopt_core.store.recover import recover as recovered

    path = project_store(project)
    done = recovered(path, output or path.with_name("leanopt.recovered.db"))
    rows = [
        (name, one.rows, one.lost, one.pages)
        for name, one in done.tables.items()
        if one.rows or one.lost or one.pages
    ]
    if as_json:
        members = ("table", "rows", "lost", "unreadable_pages")
        tables = [dict(zip(members, row, strict=True)) for row in rows]
        print_json({"file": str(done.file), "complete": done.complete, "tables": tables})
        return
    print_table(("table", "recovered", "lost", "unreadable pages"), rows)
    if not done.complete:
        click.echo(
            "\nA row that refers to a lost one is lost too. How many rows an unreadable page"
        )
        click.echo("had is unknown.")
    old, new, kept = (
        shlex.quote(str(one)) for one in (path, done.file, path.with_name("leanopt.damaged.db"))
    )
    click.echo(f"\nwrote {done.file}; to use it, while no run is active:")
    click.echo(f"  mv {old} {kept} && rm -f {old}-wal {old}-shm && mv {new} {old}")
