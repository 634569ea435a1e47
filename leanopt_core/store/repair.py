"""Make a store with missing rows agree with itself: references, counts and counters."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from leanopt_core.store.columns import OUTPUT_TABLES, outputs_column
from leanopt_core.store.database import Database
from leanopt_core.store.schema import TABLES
from leanopt_core.store.taking_back import RECOUNT

# ruff: noqa: S608 - names of tables and columns come from the schema
#: A backtest answers other runs without these, as when its run was deleted.
_NOT_NEEDED: Final = frozenset({("backtests", "run_id"), ("backtests", "scenario_id")})
_COUNTER: Final = """
INSERT INTO counters (name, next) SELECT 'backtests', 1 + max(id) FROM backtests WHERE true
ON CONFLICT DO UPDATE SET next = max(next, excluded.next)"""


def repair(database: Database, incomplete: Container[str]) -> dict[str, int]:
    """Delete rows that refer to missing ones, and count again, inside the caller's transaction.

    `incomplete` are the tables that have lost rows. Return how many were deleted, by table.
    """
    deleted = dict.fromkeys(sorted(TABLES), 0)
    while sum((found := {name: _delete_dangling(database, name) for name in deleted}).values()):
        deleted = {name: deleted[name] + count for name, count in found.items()}
    for output, table in OUTPUT_TABLES.items():
        if table in incomplete:
            # Whether a backtest had this output is not known any more: it must not answer with it.
            database.run(
                "UPDATE backtests SET outputs = NULL "
                "WHERE failure IS NULL AND instr(outputs, ?) > 0 "
                f"AND id NOT IN (SELECT backtest_id FROM {table})",
                (outputs_column(frozenset({output})),),
            )
    for (search,) in database.rows("SELECT id FROM searches"):
        database.run(RECOUNT, {"search": search})
    if database.row("SELECT 1 FROM backtests"):
        database.run(_COUNTER)
    return deleted


def _delete_dangling(database: Database, table: str) -> int:
    """Delete a table's rows that refer to missing ones; return how many."""
    keys: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    for number, _, parent, column, target, *_ in database.rows(f"PRAGMA foreign_key_list({table})"):
        keys.setdefault(number, (parent, []))[1].append((column, target))
    changed = 0
    for parent, pairs in keys.values():
        same = " AND ".join(f"parent.{target} = {table}.{column}" for column, target in pairs)
        gone = " AND ".join(f"{column} IS NOT NULL" for column, _ in pairs)
        where = f"WHERE {gone} AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE {same})"
        if (table, pairs[0][0]) in _NOT_NEEDED:
            database.run(f"UPDATE {table} SET {pairs[0][0]} = NULL {where}")
        else:
            changed += database.many(f"DELETE FROM {table} {where}", [()])
    return changed
