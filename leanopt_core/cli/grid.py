"""The grid of a screen: a row for each path of tests, a column for each window."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from attrs import frozen

from leanopt_core.cli.rows import SearchView
from leanopt_core.report.pieces import paths_of
from leanopt_core.store.records import StoredRun, StoredSearch

#: Phases of a search that is over.
_OVER = ("ended", "failed")


@frozen
class GridRow:
    """A path of tests: the search and the index of the test in each window.

    `starts` are the first days of the tests, as text.
    """

    name: str
    cells: tuple[tuple[int, int], ...]
    starts: tuple[str, ...]


def grid_of(run: StoredRun) -> tuple[GridRow, ...]:
    """Return the rows of a run's paths; paths of symbols that are searched together are one."""
    rows: dict[tuple[tuple[int, int], ...], GridRow] = {}
    for name, pieces in paths_of(run).items():
        found = [_first(run.searches[number - 1], test) for number, test in pieces]
        cells = tuple((number, at) for (number, _), (at, _) in zip(pieces, found, strict=True))
        label = name
        if cells in rows:
            # What they have in common are the lengths of their windows.
            label = name.rpartition(" ")[2]
        rows[cells] = GridRow(label, cells, tuple(start for _, start in found))
    return tuple(rows.values())


def _first(search: StoredSearch, name: str) -> tuple[int, str]:
    """Return the index of the first test of the same days as this one, and their first day."""
    days = {one.name: _days(one.definition) for one in search.tests}
    at = next(one.ordinal for one in search.tests if days[one.name] == days[name])
    return at, days[name][0]


def _days(definition: str) -> tuple[str, str]:
    known = json.loads(definition)
    return known.get("start", ""), known.get("end", "")


def cell(view: SearchView, test: int) -> str:
    """Return a window in a few characters: `1.42 > 0.71` in and out of sample, `62%`, `failed`."""
    match view.phase:
        case "waiting":
            return "."
        case "running":
            return f"{view.told / view.budget:.0%}" if view.budget else f"{view.told:,}"
        case "failed":
            return "failed"
    if test not in view.tests:
        return "none"
    return f"{_short(view.chosen)} > {_short(view.tests[test])}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def headings(rows: Sequence[GridRow]) -> tuple[str, ...]:
    """Return what names each window: its first test day if all rows have the same, else a number.

    Of the day, year and month, or all of it if windows of one month differ.
    """
    count = max(len(row.starts) for row in rows)
    if len({row.starts for row in rows}) > 1 or not all(rows[0].starts):
        return tuple(str(at) for at in range(1, count + 1))
    months = [start[:7] for start in rows[0].starts]
    return tuple(months) if len(set(months)) == count else rows[0].starts


def over(row: GridRow, searches: Mapping[int, SearchView]) -> int:
    """Return how many windows of a row are over, up to the first that is not."""
    cells = enumerate(row.cells)
    going = (at for at, (number, _) in cells if searches[number].phase not in _OVER)
    return next(going, len(row.cells))
