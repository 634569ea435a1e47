"""Read chosen parameters, values and statistics of every trial of a search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from leanopt_core.store.columns import JUDGES
from leanopt_core.store.database import Database, Row

# The queries are made of constants; what is asked for is bound.
_OWN: Final = """
t.number, t.grid_index, g.name, t.origin, t.state, t.failure, t.fitness, t.violation, t.pruned_at"""
_PAGE: Final = """
SELECT {columns} FROM (
  SELECT * FROM trials WHERE search_id = ? AND number > ? AND state IN ('completed', 'failed')
  ORDER BY number LIMIT ?
) AS t JOIN stages AS g ON g.id = t.stage_id {joined} ORDER BY t.number{order}"""
# ruff: noqa: S608 - the queries are made of constants
_BACKTESTS: Final = f"""
LEFT JOIN evaluations AS e ON e.search_id = t.search_id AND e.number = t.number
  AND {JUDGES}
LEFT JOIN backtests AS b ON b.id = e.backtest_id"""
_STATISTIC_NAMES: Final = f"""
SELECT DISTINCT j.key FROM evaluations AS e
JOIN backtests AS b ON b.id = e.backtest_id, json_each(b.statistics) AS j
WHERE e.search_id = ? AND e.number IN (SELECT value FROM json_each(?)) AND {JUDGES}"""
_VALUE_NAMES: Final = """
SELECT DISTINCT key FROM trials, json_each(detail, '$.values')
WHERE search_id = ? AND number IN (SELECT value FROM json_each(?))"""
_FIRST: Final = 20
_SPREAD: Final = 50
_PAGE_SIZE: Final = 5_000
_OWN_COLUMNS: Final = 9


class Asked(NamedTuple):
    """Names of parameters, of values of the fitness function, and of statistics."""

    parameters: Sequence[str] = ()
    values: Sequence[str] = ()
    statistics: Sequence[str] = ()


class TrialColumns(NamedTuple):
    """A told trial; what was asked for is in the order of the names, None if unknown.

    `statistics` are by the scenario's index: only those of completed backtests.
    """

    number: int
    grid_index: int
    stage: str
    origin: str
    state: str
    failure: str | None
    fitness: float | None
    violation: float
    pruned_at: int | None
    parameters: Row
    values: Row
    statistics: dict[int, Row]

    @property
    def pruned(self) -> bool:
        """Return whether not all scenarios judged the trial."""
        return self.pruned_at is not None


def columns_of_trials(database: Database, search_id: int, asked: Asked) -> Iterator[TrialColumns]:
    """Yield the told trials of a search by number, in pages: no transaction stays open."""
    sources = [("t.parameters", name, "$") for name in asked.parameters]
    sources += [("t.detail", name, "$.values") for name in asked.values]
    inner = [("b.statistics", name, "$") for name in asked.statistics]
    every = [*sources, *inner]
    joined = bool(inner)
    columns = [_OWN, *(f"json_extract({column}, ?)" for column, _, _ in every)]
    columns += ["e.ordinal", "b.statistics IS NOT NULL"] if joined else []
    query = _PAGE.format(
        columns=", ".join(columns),
        joined=_BACKTESTS if joined else "",
        order=", e.ordinal" if joined else "",
    )
    paths = [_path(within, name) for _, name, within in every]
    whole = frozenset(name for _, name, _ in every if not _plain(name))
    after = 0
    while page := database.rows(query, (*paths, search_id, after, _PAGE_SIZE)):
        for _, rows in groupby(page, key=lambda row: row[0]):
            yield _trial(list(rows), asked, whole)
        after = page[-1][0]


def _path(within: str, name: str) -> str:
    """Return SQLite's path of a member; if it can have none, that of the whole object."""
    return f'{within}."{name}"' if _plain(name) else within


def _plain(name: str) -> bool:
    r"""Return whether a path can have this name: not if JSON escapes a part of it, as `"`."""
    return json.dumps(name, ensure_ascii=False) == f'"{name}"'


def _trial(rows: Sequence[Row], asked: Asked, whole: frozenset[str]) -> TrialColumns:
    """Return a trial of its rows, one for each backtest; JSON objects stand for `whole` names."""
    number, grid_index, *own = rows[0][:_OWN_COLUMNS]
    values = _OWN_COLUMNS + len(asked.parameters)
    statistics = values + len(asked.values)
    return TrialColumns._make(
        (
            *(number, int(grid_index), *own),
            _found(asked.parameters, rows[0][_OWN_COLUMNS:values], whole),
            _found(asked.values, rows[0][values:statistics], whole),
            {
                row[-2]: _found(asked.statistics, row[statistics:-2], whole)
                for row in rows
                if asked.statistics and row[-1]
            },
        )
    )


def _found(names: Sequence[str], found: Row, whole: frozenset[str]) -> Row:
    if not whole:
        return found
    return tuple(
        json.loads(one or "{}").get(name) if name in whole else one
        for name, one in zip(names, found, strict=True)
    )


def names_of_columns(database: Database, search_id: int, told: int) -> tuple[list[str], list[str]]:
    """Return the names of statistics and of further values that some of a search's trials have.

    These are its first 20 trials, and 50 spread over the `told` ones.
    """
    spread = range(1, told + 1, max(1, told // _SPREAD))
    numbers = json.dumps(sorted({*range(1, _FIRST + 1), *spread}))
    return (
        [row[0] for row in database.rows(_STATISTIC_NAMES, (search_id, numbers))],
        [row[0] for row in database.rows(_VALUE_NAMES, (search_id, numbers))],
    )
