"""Complete the names of a run's columns in shells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from leanopt_core.cli.common import open_project
from leanopt_core.errors import LeanoptError
from leanopt_core.report.columns import columns_of
from leanopt_core.report.statistics import DETAILED


def column_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the columns of the run whose names begin so; none in case of errors.

    For `--map` these are searched parameters; of a list only its last name is completed.
    """
    before, comma, typed = incomplete.rpartition(",")
    try:
        names = list(_names(ctx, searched=param.name == "map"))
    except LeanoptError:
        return []
    start = typed.strip().casefold()
    return [f"{before}{comma}{name}" for name in names if name.casefold().startswith(start)]


def _names(ctx: click.Context, *, searched: bool) -> Iterator[str]:
    with open_project(ctx.params.get("project") or Path()) as store:
        run = store.runs.find(ctx.params.get("run"))
        if searched:
            yield from run.space.names
            return
        columns = columns_of(store, run, [search.number for search in run.searches])
    names = [*(one.label for one in columns.every), *columns.figures]
    # `drawdown` and `Drawdown` are one.
    each = {name.casefold(): name for name in names if not name.startswith(DETAILED)}
    yield from each.values()
