"""One SQLite connection whose errors are StoreErrors, and whose transactions are explicit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leanopt_core.errors import StoreError
from leanopt_core.store.faults import explain

Row = tuple[Any, ...]
Values = Sequence[object] | Mapping[str, object]


class Database:
    """A connection to the store's file; every method raises StoreError where SQLite fails."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self._file = _file(path)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Return all rows that a query finds."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise explain(self.path, error) from error

    def row(self, sql: str, values: Values = ()) -> Row | None:
        """Return the first row that a query finds, None where it finds none."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def run(self, sql: str, values: Values = ()) -> int:
        """Execute one statement; return the id of the row that it inserted."""
        try:
            return self.connection.execute(sql, values).lastrowid or 0
        except sqlite3.Error as error:
            raise explain(self.path, error) from error

    def many(self, sql: str, rows: Iterable[Values]) -> int:
        """Execute one statement for each row of values; return how many rows it changed."""
        try:
            return self.connection.executemany(sql, rows).rowcount
        except sqlite3.Error as error:
            raise explain(self.path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, or nothing of it where the block or the commit fails.

        The write lock is taken at once: a transaction that begins as a reader and then writes
        cannot wait for another process. Raises StoreError where the file was removed or replaced
        meanwhile: SQLite would go on writing into what nobody can find any more.
        """
        if _file(self.path) != self._file:
            raise StoreError(
                f"{self.path}: the store was removed or replaced while it was in use; "
                "what is written from now on would be lost"
            )
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # SQLite itself has rolled back after some errors, as a full disk.
            if self.connection.in_transaction:
                self.run("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is dropped."""
        self.connection.close()


def _file(path: Path) -> tuple[int, int] | None:
    """Return which file lies at the path, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
