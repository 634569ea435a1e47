"""Deleting a run, and of its backtests those that no other run relies on."""

# ruff: noqa: S608 - the statements are made of this module's constants
from __future__ import annotations

from typing import Final

from leanopt_core.store.database import Database

_SEARCHES: Final = "(SELECT id FROM searches WHERE run_id = :run)"
# After the run's own evaluations are gone, those left belong to other runs.
_UNUSED: Final = (
    "(SELECT id FROM backtests WHERE run_id = :run EXCEPT SELECT backtest_id FROM evaluations)"
)
_STEPS: Final = (
    f"DELETE FROM evaluations WHERE search_id IN {_SEARCHES}",
    f"DELETE FROM returns WHERE backtest_id IN {_UNUSED}",
    f"DELETE FROM backtests WHERE id IN {_UNUSED}",
    "UPDATE backtests SET run_id = NULL, scenario_id = NULL WHERE run_id = :run",
    "DELETE FROM calendars WHERE id NOT IN (SELECT calendar_id FROM returns)",
    "DELETE FROM events WHERE run_id = :run",
    f"DELETE FROM trials WHERE search_id IN {_SEARCHES}",
    f"DELETE FROM stages WHERE search_id IN {_SEARCHES}",
    f"DELETE FROM scenarios WHERE search_id IN {_SEARCHES}",
    "DELETE FROM searches WHERE run_id = :run",
    "DELETE FROM runs WHERE id = :run",
)


def delete_run(database: Database, run_id: int) -> None:
    """Delete the run in one transaction; raises StoreError where SQLite fails."""
    # The steps keep every reference whole by their order. Enforced, each deleted backtest would be
    # looked for among all evaluations.
    database.run("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction():
            for step in _STEPS:
                database.run(step, {"run": run_id})
    finally:
        database.run("PRAGMA foreign_keys = ON")
