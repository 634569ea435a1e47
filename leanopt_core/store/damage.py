"""Look for damage: quickly in the rows of a plan, or everywhere in a store."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import combinations
from typing import Any, Final

from leanopt_core.errors import StoreError
from leanopt_core.store.columns import OUTPUT_WORDS, TOLD, outputs_column
from leanopt_core.store.database import DAMAGED, Database, recovery
from leanopt_core.store.schema import TABLES
from leanopt_core.work import Category

#: What code raises that reads a value which damage has changed.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    zlib.error,
)

# Lines of SQLite's report that are shown.
_MOST: Final = 20
# Types that SQLite stores for each declared type.
_TYPES: Final[Mapping[str, Sequence[str]]] = {
    "INTEGER": ("integer",),
    "REAL": ("real", "integer"),
    "TEXT": ("text",),
    "BLOB": ("blob",),
}
#: Columns of JSON, by table, and the JSON type of each.
JSON_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "runs": {"plan": "object", "execution": "object"},
    "scenarios": {"definition": "object"},
    "trials": {"parameters": "object", "detail": "object"},
    "backtests": {"statistics": "object"},
    "events": {"detail": "object"},
    "opened": {"files": "object"},
    "single_backtests": {"scenario": "object", "parameters": "object"},
    "holdouts": {"definition": "object"},
    "looks": {"scenario": "object", "parameters": "object"},
}
_LISTED: Final = ", ".join(
    repr(outputs_column(frozenset(some)))
    for size in range(1, len(OUTPUT_WORDS) + 1)
    for some in combinations(OUTPUT_WORDS, size)
)
_WORDS: Final[Mapping[str, str]] = {
    "backtests": f"failure NOT IN ({', '.join(repr(one.value) for one in Category)}) "
    f"OR outputs NOT IN ({_LISTED})",
}
# ruff: noqa: S608 - the queries are made of constants and names from the schema
_COUNTS: Final = f"""
SELECT name, told, (SELECT count(*) FROM trials WHERE search_id = searches.id AND {TOLD})
FROM searches WHERE run_id = ?"""


def check_plan(database: Database, plan_hash: str) -> None:
    """Raise StoreError if a row of a run of this plan is damaged.

    Looks at runs, scenarios and the number of told trials; not at backtests.
    """
    runs = database.rows(
        "SELECT id, name, plan, execution FROM runs WHERE plan_hash = ?", (plan_hash,)
    )
    for run_id, name, plan, execution in runs:
        texts = database.rows(
            "SELECT definition FROM scenarios WHERE search_id IN "
            "(SELECT id FROM searches WHERE run_id = ?)",
            (run_id,),
        )
        try:
            sound = sha256(plan.encode()).hexdigest() == plan_hash
            for text in (execution, *(text for (text,) in texts)):
                json.loads(text)
        except (ValueError, TypeError):
            sound = False
        counts = database.rows(_COUNTS, (run_id,))
        if not sound or any(told != found for _, told, found in counts):
            raise _damaged(database, [f"the rows of run {name} do not agree"])


def damage(database: Database) -> list[str]:
    """Return what is wrong anywhere in a store, nothing if it is sound; raises StoreError."""
    try:
        found = [line for (line,) in database.rows(f"PRAGMA quick_check({_MOST})") if line != "ok"]
        return found or [*_broken_references(database), *_broken_values(database)]
    except StoreError as error:
        return [str(error)]


def raise_if_damaged(database: Database, error: BaseException) -> None:
    """Raise StoreError from an error in reading a store if the store is damaged."""
    if isinstance(error, zlib.error):
        raise _damaged(database, [f"a compressed value cannot be read: {error}"]) from error
    if found := damage(database):
        raise _damaged(database, found) from error


def _damaged(database: Database, found: Sequence[str]) -> StoreError:
    return StoreError(f"{database.path}: {DAMAGED}{recovery(database.path)} ({found[0]})")


def _broken_references(database: Database) -> Iterator[str]:
    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in database.rows("PRAGMA foreign_key_check"):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    for (table, parent), count in counts.items():
        yield f"rows of {table} that refer to rows of {parent} that do not exist: {count:,}"


def _broken_values(database: Database) -> Iterator[str]:
    for table in sorted(TABLES):
        condition = broken(table, columns(database, table))
        row = database.row(f"SELECT count(*) FROM {table} WHERE {condition}")
        if row is not None and row[0]:
            yield f"rows of {table} with a value that no leanopt has written: {row[0]:,}"


def columns(database: Database, table: str) -> dict[str, str]:
    """Return the declared type of each column of a table."""
    rows: Sequence[Sequence[Any]] = database.rows(f"PRAGMA table_info({table})")
    return {name: declared for _, name, declared, *_ in rows}


def broken(table: str, columns: Mapping[str, str]) -> str:
    """Return the SQL condition for rows of a table that leanopt cannot have written.

    `columns` has the declared type of each of its columns.
    """
    terms = [
        f"typeof({name}) NOT IN ({', '.join(map(repr, ('null', *_TYPES[declared])))})"
        for name, declared in columns.items()
        if declared in _TYPES
    ]
    # `json_type` fails for what is no JSON.
    terms += [
        f"{name} IS NOT NULL AND CASE WHEN json_valid({name}) THEN json_type({name}) <> '{kind}' "
        "ELSE 1 END"
        for name, kind in JSON_COLUMNS.get(table, {}).items()
        if name in columns
    ]
    terms += [_WORDS[table]] if table in _WORDS else []
    return " OR ".join(f"({term})" for term in terms)
