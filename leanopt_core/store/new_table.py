"""A table of a new store that is filled with recovered rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from leanopt_core.store.damage import broken, columns
from leanopt_core.store.database import Database
from leanopt_core.store.pages import Row

# Integers of this table could be those of an index.
_SHAPELESS: Final = "evaluations"
# Types of Python's values, by a column's declared type.
_PYTHON: Final[Mapping[str, Any]] = {
    "INTEGER": int,
    "REAL": (int, float),
    "TEXT": str,
    "BLOB": bytes,
}
# ruff: noqa: S608 - names of tables and columns come from the schema


@frozen
class NewTable:
    """A table of the new store, with the declared types of its columns."""

    database: Database
    name: str
    columns: Mapping[str, str]
    row_ids: bool
    #: The values of columns in rows that were written before the columns were added.
    defaults: Sequence[Any]

    @classmethod
    def of(cls, database: Database, name: str) -> NewTable:
        """Return a table of the new store."""
        ((sql,),) = database.rows("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
        added = [row[4] for row in database.rows(f"PRAGMA table_info({name})")]
        (defaults,) = database.rows(f"SELECT {', '.join(text or 'NULL' for text in added)}")
        row_ids = "WITHOUT ROWID" not in sql
        return cls(database, name, columns(database, name), row_ids, defaults)

    def insert(self, rows: Iterable[Row]) -> int:
        """Insert rows, in the order of columns; return how many the schema refuses."""
        marks = ", ".join("?" * len(self.columns))
        statement = f"INSERT OR IGNORE INTO {self.name} VALUES ({marks})"
        refused = 0
        for row in rows:
            values = self._padded(row)
            try:
                done = values and self.database.connection.execute(statement, values).rowcount
            except sqlite3.IntegrityError:
                done = 0
            refused += not done
        return refused

    def delete_broken(self) -> int:
        """Delete rows that leanopt cannot have written; return how many."""
        condition = broken(self.name, self.columns)
        return self.database.many(f"DELETE FROM {self.name} WHERE {condition}", [()])

    def fits(self, rows: Sequence[Row]) -> bool:
        """Return whether the rows of a page can be of this table, by the types of values."""
        return self.name != _SHAPELESS and bool(rows) and all(map(self._fits, rows))

    def _fits(self, row: Row) -> bool:
        if (row.id is not None) != self.row_ids or len(row.values) != len(self.columns):
            return False
        return all(
            isinstance(value, _PYTHON.get(declared, object))
            for value, declared in zip(row.values, self.columns.values(), strict=True)
            if value is not None
        )

    def _padded(self, row: Row) -> Sequence[Any] | None:
        """Return a row's values for all columns; those added later have their default."""
        if len(row.values) > len(self.columns):
            return None
        values = (*row.values, *self.defaults[len(row.values) :])
        # SQLite stores no value for a column that is the row's id.
        return (row.id, *values[1:]) if self.row_ids else values
