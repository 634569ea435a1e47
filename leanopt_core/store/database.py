"""A SQLite connection with explicit transactions, and errors that say what to do."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from leanopt_core.errors import StoreError

#: Seconds to wait for another process's transaction.
PATIENCE: Final = 60.0

RIGHTS: Final = (
    "the store cannot be opened or written; check the permissions of the file and of its folder, "
    "where SQLite keeps two more files"
)
#: What a message says of a damaged store, before the command that recovers it.
DAMAGED: Final = "the store is damaged; recover what is readable into a new file: "
#: What fails in a query. The message of an error may name what is in a damaged file.
FAILURES: Final = (sqlite3.Error, UnicodeDecodeError)
# By prefix of SQLite's error name; the first match counts.
_ADVICE: Final = {
    "SQLITE_FULL": (
        "the disk is full; everything committed is kept. Free some space, then continue with "
        "`leanopt resume`"
    ),
    "SQLITE_READONLY": RIGHTS,
    "SQLITE_CANTOPEN": RIGHTS,
    "SQLITE_PERM": RIGHTS,
    "SQLITE_NOTADB": (
        "this is not a SQLite file. If it was a store, its beginning is damaged; recover what is "
        "readable into a new file: {recover}. Otherwise move it away, and leanopt creates a store"
    ),
    "SQLITE_CORRUPT": f"{DAMAGED}{{recover}}",
    "SQLITE_BUSY": (
        "another process has locked the store for {patience:g} seconds; stop it, or try again"
    ),
    "SQLITE_CONSTRAINT_PRIMARYKEY": (
        "this was written before; is another process running the same run?"
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": (
        "data that this run needs was deleted; continue with `leanopt resume`"
    ),
    "SQLITE_IOERR": "the disk cannot be read or written; check the disk and its free space",
}
#: By a word in the message of Python's sqlite3 module.
_MISUSE: Final = {
    "closed database": "the store was closed; open it again",
    "thread": "an open store belongs to one thread; open it again in this thread",
    "decode to UTF-8": f"{DAMAGED}{{recover}}",
}


def recovery(path: Path) -> str:
    """Return the command that recovers the store at `path`."""
    return f"leanopt store recover -C {shlex.quote(str(path.absolute().parent.parent))}"


def explain(
    path: Path, error: sqlite3.Error | UnicodeDecodeError, patience: float = PATIENCE
) -> StoreError:
    """Return a StoreError that explains `error` for the store at `path`.

    `patience` is how many seconds the connection waits for a lock. An error that SQLite did not
    raise, such as a value of a wrong type, is a bug and is raised unchanged.
    """
    if isinstance(error, UnicodeDecodeError):
        return StoreError(f"{path}: {DAMAGED}{recovery(path)} (a text in it is no UTF-8)")
    name = getattr(error, "sqlite_errorname", None)
    if name is None:
        misuse = next((advice for word, advice in _MISUSE.items() if word in str(error)), None)
        if misuse is None:
            raise error
        return StoreError(f"{path}: {misuse.format(recover=recovery(path))}")
    known = (advice for prefix, advice in _ADVICE.items() if name.startswith(prefix))
    advice = next(known, "SQLite reported an error; the store may come from another program")
    text = advice.format(recover=recovery(path), patience=patience)
    return StoreError(f"{path}: {text} ({error})")


Row = tuple[Any, ...]
Values = Sequence[object] | Mapping[str, object]


class Database:
    """A connection to the store's file; every method raises StoreError if SQLite fails."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        patience: float = PATIENCE,
        closed: Callable[[], object] | None = None,
    ) -> None:
        """Use a connection that waits `patience` seconds for a lock; `closed` is called at last."""
        self.path = path
        self.connection = connection
        self.patience = patience
        self._closed = closed
        self._file = _file(path)

    @classmethod
    def connect(
        cls,
        path: Path,
        options: str,
        *,
        file: Path | None = None,
        patience: float = PATIENCE,
        closed: Callable[[], object] | None = None,
    ) -> Self:
        """Connect to the store at `path`, or to its copy `file`, with `options` of SQLite's URIs.

        The other arguments are those of the class. Raises StoreError if SQLite fails.
        """
        try:
            connection = sqlite3.connect(
                f"{(file or path).absolute().as_uri()}?{options}",
                timeout=patience,
                isolation_level=None,
                cached_statements=256,
                uri=True,
            )
        except sqlite3.Error as error:
            raise explain(path, error) from error
        return cls(path, connection, patience=patience, closed=closed)

    def explain(self, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
        """Return a StoreError that explains `error`."""
        return explain(self.path, error, self.patience)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Return all rows of a query."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except FAILURES as error:
            raise self.explain(error) from error

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """Yield the rows of a query, for more than fit into memory."""
        try:
            yield from self.connection.execute(sql, values)
        except FAILURES as error:
            raise self.explain(error) from error

    def row(self, sql: str, values: Values = ()) -> Row | None:
        """Return the first row of a query, None if there is none."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def run(self, sql: str, values: Values = ()) -> int:
        """Execute one statement; return the id of the inserted row."""
        try:
            return self.connection.execute(sql, values).lastrowid or 0
        except FAILURES as error:
            raise self.explain(error) from error

    def many(self, sql: str, rows: Iterable[Values]) -> int:
        """Execute one statement for each row of values; return the number of changed rows."""
        try:
            return self.connection.executemany(sql, rows).rowcount
        except FAILURES as error:
            raise self.explain(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, or nothing if the block or the commit fails.

        Inside another transaction, the block is a part of that one. The write lock is taken at the
        start: a transaction that begins as a reader and then writes cannot wait for another
        process. Raises StoreError if the file was removed or replaced: SQLite would keep writing to
        a file without a name.
        """
        if self.connection.in_transaction:
            yield
        else:
            with self._committed():
                yield

    @contextmanager
    def unenforced(self) -> Iterator[None]:
        """Do not check references in the block, outside a transaction.

        With checks SQLite would search all evaluations for each deleted backtest.
        """
        self.run("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.run("PRAGMA foreign_keys = ON")

    @contextmanager
    def _committed(self) -> Iterator[None]:
        if _file(self.path) != self._file:
            raise StoreError(
                f"{self.path}: the store was removed or replaced while it was in use; "
                "further results would be lost"
            )
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # After some errors, such as a full disk, SQLite has already rolled back.
            if self.connection.in_transaction:
                self.run("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the connection; drop what is not committed."""
        self.connection.close()
        if self._closed is not None:
            self._closed()


def _file(path: Path) -> tuple[int, int] | None:
    """Return the identity of the file at the path, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
