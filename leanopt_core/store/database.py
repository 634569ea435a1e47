"""One SQLite connection whose transactions are explicit and whose errors say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from leanopt_core.errors import StoreError

#: How long a process waits for another one's transaction, in seconds.
PATIENCE: Final = 60.0

_RIGHTS = (
    "the store cannot be opened or written; check the rights of the file and of its folder, where "
    "SQLite keeps two more files beside it"
)
# By the beginning of SQLite's name of the error; the first that fits counts.
_ADVICE: Final = {
    "SQLITE_FULL": (
        "the disk is full; everything committed is kept: free some space, then go on with "
        "`leanopt run --resume`"
    ),
    "SQLITE_READONLY": _RIGHTS,
    "SQLITE_CANTOPEN": _RIGHTS,
    "SQLITE_PERM": _RIGHTS,
    "SQLITE_NOTADB": "this is not a leanopt store; move the file away, and leanopt makes a new one",
    "SQLITE_CORRUPT": (
        "the store is damaged; keep a copy, rescue what can be read with `sqlite3 FILE .recover`, "
        "and move the file away"
    ),
    "SQLITE_BUSY": (
        f"another process has held the store for {PATIENCE:.0f} seconds; end it, or try again"
    ),
    "SQLITE_CONSTRAINT_PRIMARYKEY": (
        "this was written before; is another process at work on the same run?"
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": (
        "what this run relies on was deleted meanwhile; go on with `leanopt run --resume`"
    ),
    "SQLITE_IOERR": "the disk cannot be read or written; check it, and that it is not full",
}
#: By a word of what Python's module says.
_MISUSE: Final = {
    "closed database": "the store was closed; open it again",
    "thread": "an open store belongs to one thread; open it in this one too",
}


def explain(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the StoreError that says what `error` means for the store at `path`.

    An error that SQLite did not raise, as a value of a wrong type, is a mistake in the program and
    is raised as it is.
    """
    name = getattr(error, "sqlite_errorname", None)
    if name is None:
        misuse = next((advice for word, advice in _MISUSE.items() if word in str(error)), None)
        if misuse is None:
            raise error
        return StoreError(f"{path}: {misuse}")
    known = (advice for prefix, advice in _ADVICE.items() if name.startswith(prefix))
    advice = next(known, "SQLite refused; the store may come from another program")
    return StoreError(f"{path}: {advice} ({error})")


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
