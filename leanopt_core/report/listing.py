"""List trials of a run: those that a filter keeps, sorted by a column."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from leanopt_core.report.columns import Column, columns_of
from leanopt_core.report.rows import Rows, TrialRow, Where, found_column
from leanopt_core.report.run import trial_document
from leanopt_core.report.subject import searches_of
from leanopt_core.store.records import RankedTrial, StoredRun
from leanopt_core.store.store import Store


@frozen
class ListOptions:
    """Which trials are listed: of one search or all, that `where` keeps, by the column `sort`.

    Without `sort` they are in the order of their ranks. `columns` are names with commas between.
    """

    search: int | None = None
    where: str | None = None
    sort: str | None = None
    reverse: bool = False
    columns: str | None = None
    top: int = 10


@frozen
class ListedTrial:
    """A trial of the list, with the values of the columns that were asked for."""

    ranked: RankedTrial
    values: tuple[Any, ...]


@frozen
class Listing:
    """The first trials of a list, of `kept` ones among `told`.

    `unknown` ones were left out: one of the filter's values is unknown. `sort` is None for the
    order of ranks; the list begins with its lowest values if `lower`. `columns` were asked for.
    """

    run: StoredRun
    trials: tuple[ListedTrial, ...]
    told: int
    kept: int
    unknown: int
    where: str
    sort: Column | None
    lower: bool
    columns: tuple[Column, ...]


def listing(store: Store, run: StoredRun, options: ListOptions) -> Listing:
    """Return a list of a run's trials; raises UsageError for a name or a filter that is wrong."""
    searches = searches_of(run, options.search)
    columns = columns_of(store, run, [one.number for one in searches])
    where = Where.parse(options.where, columns)
    sort = None if options.sort is None else found_column(columns, "--sort", options.sort)
    names = [] if options.columns is None else options.columns.split(",")
    shown = tuple(found_column(columns, "--columns", name) for name in names)
    lower = sort is None or sort.lower is not options.reverse
    needs, sorts = len(where.columns), len(where.columns) + (sort is not None)
    rows = Rows(store, run, searches, (*where.columns, *([sort] if sort else []), *shown))
    ranks, kept, unknown = [], [], 0
    for row in rows:
        ranks.append(row.rank)
        held = where.keeps(row.values[:needs])
        unknown += held is None
        if held:
            kept.append(row)
    ranks.sort()
    first = _first(kept, needs if sort else None, lower=lower, reverse=options.reverse)
    trials = [_listed(store, run, row, ranks, sorts) for row in first[: options.top]]
    return Listing(
        *(run, tuple(trials), len(ranks), len(kept), unknown, where.text, sort, lower, shown)
    )


def _first(
    rows: list[TrialRow], place: int | None, *, lower: bool, reverse: bool
) -> list[TrialRow]:
    """Return rows in the order of a value, those without one last; equal ones by rank."""
    rows.sort(key=lambda row: row.rank, reverse=reverse and place is None)
    if place is None:
        return rows
    known = [row for row in rows if row.values[place] is not None]
    known.sort(key=lambda row: _sortable(row.values[place]), reverse=not lower)
    return [*known, *(row for row in rows if row.values[place] is None)]


def _sortable(value: Any) -> tuple[int, Any]:
    """Return a sort key: an axis may have numbers and texts."""
    return (1, value) if isinstance(value, str) else (0, value)


def _listed(
    store: Store, run: StoredRun, row: TrialRow, ranks: Sequence[Any], before: int
) -> ListedTrial:
    trial = store.reader.trial(run, row.search, row.number)
    if trial is None:
        raise AssertionError(row)
    ranked = RankedTrial(bisect_left(ranks, row.rank) + 1, row.search, trial)
    return ListedTrial(ranked, row.values[before:])


def document(found: Listing) -> dict[str, Any]:
    """Return the list as JSON values."""
    names = [column.label for column in found.columns]
    return {
        "run": found.run.name,
        "told": found.told,
        "kept": found.kept,
        "unknown": found.unknown,
        "where": found.where or None,
        "sort": found.sort and found.sort.label,
        "trials": [
            {"rank": one.ranked.rank, "search": one.ranked.search}
            | trial_document(found.run, one.ranked.search, one.ranked.trial)
            | ({"columns": dict(zip(names, one.values, strict=True))} if names else {})
            for one in found.trials
        ],
    }
