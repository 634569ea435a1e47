"""The best value for each pair of values of two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, frozen

from leanopt_core.errors import UsageError
from leanopt_core.report.columns import Column, columns_of
from leanopt_core.report.rows import Rows, Where, found_column
from leanopt_core.report.subject import searches_of
from leanopt_core.space import Axis, Space, number_text
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store
from leanopt_core.suggest import did_you_mean


@define
class Cell:
    """The trials at a pair of levels: the best feasible one of them, None if none is feasible."""

    trials: int = 0
    value: float | None = None
    search: int | None = None
    trial: int | None = None

    def add(self, other: Cell, *, lower: bool) -> None:
        """Take the trials of another cell."""
        self.trials += other.trials
        if other.value is not None and self._worse(other.value, lower=lower):
            self.value, self.search, self.trial = other.value, other.search, other.trial

    def _worse(self, value: float, *, lower: bool) -> bool:
        if self.value is None:
            return True
        return value < self.value if lower else value > self.value


@frozen
class HeatMap:
    """The best value of `column` for each pair of levels of `x` and `y` that was tried.

    `lower` tells whether a lower value is better. `kept` is the number of trials that the filter
    keeps and in which both parameters are active.
    """

    run: StoredRun
    x: Axis
    y: Axis
    column: Column
    lower: bool
    where: str
    kept: int
    cells: Mapping[tuple[int, int], Cell]

    @property
    def best(self) -> tuple[tuple[int, int], Cell] | None:
        """Return the best cell with its levels, None if no trial is feasible."""
        at = best_of(self.cells, lower=self.lower)
        return None if at is None else (at, self.cells[at])


def best_of(cells: Mapping[tuple[int, int], Cell], *, lower: bool) -> tuple[int, int] | None:
    """Return where the best value is, the first of several; None if no cell has one."""
    sign = 1 if lower else -1
    known = [(sign * cell.value, at) for at, cell in cells.items() if cell.value is not None]
    return min(known)[1] if known else None


def heat_map(
    store: Store,
    run: StoredRun,
    names: Sequence[str],
    *,
    search: int | None = None,
    where: str | None = None,
    value: str | None = None,
) -> HeatMap:
    """Return the map of two searched parameters; raises UsageError for a wrong name or filter.

    `value` names the column, the fitness by default. Only feasible trials that all scenarios judged
    count.
    """
    space = run.space
    x, y = (_axis(space, name) for name in names)
    if x == y:
        raise UsageError("--map needs two different parameters")
    searches = searches_of(run, search)
    columns = columns_of(store, run, [one.number for one in searches])
    kept = Where.parse(where, columns)
    column = found_column(columns, "--sort", value or "fitness")
    if column.kinds != {"number"}:
        raise UsageError(f"--sort: {column.label!r} is no number, which --map needs")
    places = space.axes.index(x), space.axes.index(y)
    cells: dict[tuple[int, int], Cell] = {}
    count, lower = 0, column.lower
    for row in Rows(store, run, searches, (*kept.columns, column)):
        if not kept.keeps(row.values[:-1]):
            continue
        point = space.point_at(row.grid_index)
        active = space.active(point)
        if not all(active[place] for place in places):
            continue
        count += 1
        found = row.values[-1] if row.feasible else None
        cell = cells.setdefault((point[places[0]], point[places[1]]), Cell())
        cell.add(Cell(1, found, row.search, row.number), lower=lower)
    return HeatMap(run, x, y, column, lower, kept.text, count, cells)


def _axis(space: Space, name: str) -> Axis:
    names = [axis.name for axis in space.axes]
    folded = {one.casefold(): one for one in names}
    if (found := name if name in names else folded.get(name.casefold())) is not None:
        return space.axis(found)
    if name in space.fixed:
        raise UsageError(f"--map: {name!r} is fixed; {did_you_mean('', names)}")
    raise UsageError(f"--map: {name!r} is no searched parameter ({did_you_mean(name, names)})")


def document(found: HeatMap) -> dict[str, Any]:
    """Return the map as JSON values, a cell for each pair of values that was tried."""
    return {
        "run": found.run.name,
        "x": found.x.name,
        "y": found.y.name,
        "value": found.column.label,
        "where": found.where or None,
        "trials": found.kept,
        "cells": [
            {
                "x": number_text(found.x.value(x)),
                "y": number_text(found.y.value(y)),
                "value": cell.value,
                "search": cell.search if cell.value is not None else None,
                "trial": cell.trial if cell.value is not None else None,
                "trials": cell.trials,
            }
            for (x, y), cell in sorted(found.cells.items())
        ],
    }
