"""Ids given out before their rows are written, from blocks that no other process gets."""

from __future__ import annotations

from typing import Final

from leanopt_core.store.database import Database

_RESERVE: Final = (
    "INSERT INTO counters (name, next) VALUES (:name, 1 + :block) "
    "ON CONFLICT (name) DO UPDATE SET next = next + :block"
)
_NEXT: Final = "SELECT next FROM counters WHERE name = ?"
# A block costs one commit of its own; what is left of it at the end is never used.
_BLOCK: Final = 256


class Ids:
    """Gives out ids of the counter `name`."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._block = iter(range(0))

    def next(self) -> int:
        """Return an id that was never given out; raises StoreError where SQLite fails."""
        found = next(self._block, None)
        if found is not None:
            return found
        with self._database.transaction():
            self._database.run(_RESERVE, {"name": self._name, "block": _BLOCK})
            row = self._database.row(_NEXT, (self._name,))
        stop = row[0] if row else 0
        self._block = iter(range(stop - _BLOCK, stop))
        return next(self._block)
