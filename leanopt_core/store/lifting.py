"""Let checked backtests answer other runs, unless another one of their key already does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leanopt_core.store.answering import LASTS, SEEN, Held
from leanopt_core.store.columns import outputs_of
from leanopt_core.store.database import Database

# ruff: noqa: S608 - the statements are made of constants

_LIFTED: Final = f"run_id = :run AND held = '{Held.UNCHECKED}' AND id <= :newest"
# Each with another one of its key that answers, or that answers once it is lifted with it.
_RIVALS: Final = f"""
SELECT own.id, own.outputs, b.outputs, b.opened
FROM (SELECT id, key, outputs FROM backtests WHERE {_LIFTED}) AS own
JOIN backtests AS b ON substr(b.key, 1, 8) = substr(own.key, 1, 8) AND b.key = own.key
WHERE b.id <> own.id AND {LASTS} AND (
  b.held IS NULL
  OR b.held = '{Held.UNCHECKED}' AND CASE WHEN b.run_id = :run THEN b.id < own.id ELSE {SEEN} END
)"""
_REPEATED: Final = f"UPDATE backtests SET held = '{Held.REPEATED}' WHERE id = ?"
_LIFT: Final = f"UPDATE backtests SET held = NULL WHERE {_LIFTED}"


def lift(
    database: Database, run_id: int, newest: int, known_at: int, holds: Callable[[int], bool]
) -> None:
    """Let the unchecked backtests of a run with ids up to `newest` answer others.

    The run's last clean check began at `known_at`. `holds` says whether the files of a set of
    opened ones are the same. One whose key and outputs another stored backtest answers becomes
    `repeated`. Inside the caller's transaction; raises StoreError if SQLite fails.
    """
    which = {"run": run_id, "newest": newest, "known_at": known_at}
    repeated = {
        found
        for found, outputs, others, opened in database.rows(_RIVALS, which)
        if outputs_of(outputs) <= outputs_of(others) and (opened is None or holds(opened))
    }
    database.many(_REPEATED, [(found,) for found in repeated])
    database.run(_LIFT, which)
