"""Open a store: check the file, set its durability, and migrate it if needed."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal

from leanopt_core.errors import StoreError
from leanopt_core.store.database import PATIENCE, Database, explain
from leanopt_core.store.schema import APPLICATION_ID, MIGRATION_SET, MIGRATIONS, migrate

Durability = Literal["process", "power"]

_SYNCHRONOUS: Final = {"process": "NORMAL", "power": "FULL"}
# Content keys are random, so each commit changes many pages of their index. With a log of 40 MB
# such pages are written once for many commits; a cache of 16 MB holds the index's upper levels.
_PAGES_OF_LOG: Final = 10_000
_CACHE_KIB: Final = 16_000


def open_database(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
) -> Database:
    """Return a connection to the store at `path`; create or migrate it if needed.

    A missing store is an error if `create` is false; a store that needs migrating is an error if
    `read_only` is true. Raises StoreError for a file that is not a leanopt store, is damaged, was
    made by a newer leanopt, or cannot be read or written.
    """
    _find(path, create=create and not read_only)
    mode = "ro" if read_only else "rwc"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            timeout=PATIENCE,
            isolation_level=None,
            cached_statements=256,
            uri=True,
        )
    except sqlite3.Error as error:
        raise explain(path, error) from error
    database = Database(path, connection)
    try:
        if read_only:
            _check_current(database)
        else:
            _prepare(database, durability)
    except BaseException:
        database.close()
        raise
    return database


def _find(path: Path, *, create: bool) -> None:
    if not create and not path.exists():
        raise StoreError(f"{path}: there is no store yet; `leanopt run` creates one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be created ({error.strerror}); check the permissions"
        ) from error


def _check_current(database: Database) -> None:
    """Raise StoreError if the file needs migrating."""
    _check_owner(database)
    if _is_behind(database):
        raise StoreError(
            f"{database.path}: the store was made by an older leanopt; "
            f"update it: leanopt runs -C {shlex.quote(str(database.path.parent.parent))}"
        )


def _prepare(database: Database, durability: Durability) -> None:
    # Check that the file is leanopt's before writing anything, even the journal mode.
    _check_owner(database)
    if (mode := _write_ahead(database)) != "wal":
        raise StoreError(
            f"{database.path}: its file system does not support a write-ahead log (SQLite stays in "
            f"mode '{mode}'); move the project folder to a local disk"
        )
    _pragma(database, f"synchronous = {_SYNCHRONOUS[durability]}")
    _pragma(database, "foreign_keys = ON")
    _pragma(database, f"cache_size = -{_CACHE_KIB}")
    _pragma(database, f"wal_autocheckpoint = {_PAGES_OF_LOG}")
    if _is_behind(database):
        migrate(database)


def _write_ahead(database: Database) -> object:
    """Turn the write-ahead log on; return the file's journal mode afterwards."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            return database.connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.Error as error:
            # The only lock that SQLite does not wait for: another process creates the store.
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" or monotonic() > deadline:
                raise explain(database.path, error) from error
            sleep(0.01)


def _pragma(database: Database, text: str) -> object:
    row = database.row(f"PRAGMA {text}")
    return row[0] if row else None


def _check_owner(database: Database) -> None:
    """Raise StoreError unless the file is a leanopt store or empty."""
    row = database.row(
        "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id"
    )
    owner, contents = row or (0, 0)
    if owner != APPLICATION_ID and (owner, contents) != (0, 0):
        raise StoreError(
            f"{database.path}: this is a SQLite file of another program, not a leanopt store; "
            "move it away, and leanopt creates a new one"
        )


def _is_behind(database: Database) -> bool:
    """Return whether migrations are missing; raises StoreError for unknown ones."""
    if not database.row("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"):
        return True
    applied = {
        name
        for (name,) in database.rows(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,)
        )
    }
    known = {name for name, _ in MIGRATIONS}
    if unknown := sorted(applied - known):
        raise StoreError(
            f"{database.path}: the store was made by a newer leanopt (it has the migrations "
            f"{', '.join(unknown)}); update leanopt, or use another project folder"
        )
    return applied != known
