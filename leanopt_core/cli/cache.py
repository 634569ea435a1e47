"""`leanopt cache`: what the stored backtests take, and removing unused ones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from leanopt_core.cli.common import open_project, project_option
from leanopt_core.cli.output import plain, print_json, print_table
from leanopt_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leanopt_core.store.cache import CacheUse, Removal
    from leanopt_core.store.store import Store


@click.command("cache")
@project_option
@click.option("--prune", is_flag=True, help="Remove backtests that no run uses, after asking.")
@click.option("--older", metavar="AGE", help="Prune only backtests older than this, as 90d.")
@click.option("--build", metavar="ID", help="Prune only backtests of this build.")
@click.option("--size", metavar="SIZE", help="Prune until the data take this much, as 1GB.")
@click.option("--vacuum", is_flag=True, help="Give free space back to the disk.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    project: Path,
    *,
    prune: bool,
    older: str | None,
    build: str | None,
    size: str | None,
    vacuum: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show the size of a project's store and how often its backtests answered later runs.

    Backtests of kept runs are never pruned; `leanopt delete` removes a run with its backtests.

    Example: leanopt cache --project examples/quickstart
    """
    from leanopt_core.report.subject import refuse_running

    removal = _removal(older, build, size)
    limits = {"--older": older, "--build": build, "--size": size}
    for option, given in limits.items():
        if given is not None and not prune:
            raise UsageError(f"{option} {given}: it limits --prune, which is not given")
    with open_project(project) as store:
        if prune or vacuum:
            refuse_running(store, store.runs.summaries())
        if prune:
            _prune(store, removal, yes=yes)
        if vacuum:
            store.vacuum()
        found = store.cache_use()
    if as_json:
        print_json(_document(found))
    else:
        _show(found)


def _removal(older: str | None, build: str | None, size: str | None) -> Removal:
    from leanopt_core.pipeline.units import parse_bytes, parse_seconds
    from leanopt_core.store.cache import Removal

    if build == "":
        raise UsageError("--build: found '', expected the beginning of a build's id")
    before = None if older is None else time.time() - _parsed("--older", older, parse_seconds)
    limit = None if size is None else int(_parsed("--size", size, parse_bytes))
    return Removal(before, build, limit)


def _parsed(option: str, text: str, parse: Any) -> float:
    try:
        return float(parse(text))
    except ValueError as error:
        raise UsageError(f"{option}: found {text!r}: {error}") from None


def _prune(store: Store, removal: Removal, *, yes: bool) -> None:
    from leanopt_core.project_files import LOCKS
    from leanopt_core.report.figures import counted
    from leanopt_core.report.subject import refuse_running
    from leanopt_core.report.unused import remove_unused_results, remove_unused_snapshots
    from leanopt_core.search.lock import turn

    count = store.removable(removal)
    if not count and removal.build is not None:
        _refuse_unknown_build(store, removal.build)
    if count and not yes:
        limit = "" if removal.size is None else "up to "
        click.confirm(f"Remove {limit}{counted(count, 'unused backtest')}?", abort=True)
    with turn(store.path.parent.parent / LOCKS):
        # Another process may have begun a run while the user was asked.
        refuse_running(store, store.runs.summaries())
        removed = store.remove_backtests(removal)
        copies = remove_unused_snapshots(store)
        remove_unused_results(store)
    click.echo(f"removed {counted(removed, 'unused backtest')}", err=True)
    if copies:
        what = counted(copies, "snapshot")
        click.echo(f"removed {what} of sources that no run refers to", err=True)


def _refuse_unknown_build(store: Store, build: str) -> None:
    from leanopt_core.store.cache import Removal

    builds = sorted({one.build for one in store.cache_use().runs if one.build})
    if any(one.startswith(build) for one in builds) or store.removable(Removal(build=build)):
        return
    known = ", ".join(one[:12] for one in builds)
    choice = f"choose from: {known}" if known else "there are none"
    raise UsageError(f"--build {build}: no stored backtest has this build ({choice})")


def _show(found: CacheUse) -> None:
    from leanopt_core.report.figures import size

    click.echo(
        f"{plain(str(found.path))}: {size(found.used)} of data, {size(found.free)} free, "
        f"{size(found.log)} of log"
    )
    click.echo("; ".join(_backtests(found)))
    if found.free > found.used:
        click.echo("leanopt cache --vacuum gives the free space back")
    click.echo()
    head = ("run", "state", "backtests", "from the cache", "for other runs", "build")
    rows = [
        (one.name, one.state, one.backtests, one.hits, one.served, (one.build or "-")[:12])
        for one in found.runs
    ]
    print_table(head, rows)


def _backtests(found: CacheUse) -> Iterator[str]:
    from leanopt_core.report.figures import counted

    yield counted(found.backtests, "backtest")
    if found.unused:
        yield f"no run uses {found.unused:,} of them"
    if found.held:
        yield f"{found.held:,} answer no other run"


def _document(found: CacheUse) -> dict[str, Any]:
    return asdict(found) | {"path": str(found.path)}
