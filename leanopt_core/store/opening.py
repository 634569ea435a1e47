"""Opening a store: whose file it is, how durable it writes, and whether it needs migrating."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal

from leanopt_core.errors import StoreError
from leanopt_core.store.database import PATIENCE, Database, explain
from leanopt_core.store.schema import APPLICATION_ID, MIGRATION_SET, MIGRATIONS

Durability = Literal["process", "power"]

_SYNCHRONOUS: Final = {"process": "NORMAL", "power": "FULL"}
# Content keys fall anywhere in their index, so that each commit touches many of its pages. A log
# of 40 MB lets such pages be written once for many commits; 16 MB hold the index's upper part.
_PAGES_OF_LOG: Final = 10_000
_CACHE_KIB: Final = 16_000


def open_database(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
) -> Database:
    """Return a connection to the store at `path`, made and migrated where needed.

    With `create` false a missing store is an error, with `read_only` one that needs migrating is
    one too. Raises StoreError for a file that is no
    leanopt store, is damaged, was made by a newer leanopt, or cannot be read or written.
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
        raise StoreError(f"{path}: there is no store yet; `leanopt run` makes one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be made ({error.strerror}); check the rights above it"
        ) from error


def _check_current(database: Database) -> None:
    """Raise StoreError unless the file can be read as it is."""
    _check_owner(database)
    if _is_behind(database):
        raise StoreError(
            f"{database.path}: the store was made by an older leanopt; `leanopt runs` brings it "
            "up to date"
        )


def _prepare(database: Database, durability: Durability) -> None:
    # Nothing is written, the journal mode neither, before the file is known to be leanopt's.
    _check_owner(database)
    if (mode := _write_ahead(database)) != "wal":
        raise StoreError(
            f"{database.path}: its file system has no write-ahead log (SQLite stays in mode "
            f"'{mode}'); keep the project folder on a local disk"
        )
    _pragma(database, f"synchronous = {_SYNCHRONOUS[durability]}")
    _pragma(database, "foreign_keys = ON")
    _pragma(database, f"cache_size = -{_CACHE_KIB}")
    _pragma(database, f"wal_autocheckpoint = {_PAGES_OF_LOG}")
    if _is_behind(database):
        from leanopt_core.store.schema import migrate

        migrate(database)


def _write_ahead(database: Database) -> object:
    """Turn the write-ahead log on; return the journal mode that the file has then."""
    deadline = monotonic() + PATIENCE
    while True:
        try:
            return database.connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.Error as error:
            # The one lock that SQLite itself does not wait for: another process makes the store.
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" or monotonic() > deadline:
                raise explain(database.path, error) from error
            sleep(0.01)


def _pragma(database: Database, text: str) -> object:
    row = database.row(f"PRAGMA {text}")
    return row[0] if row else None


def _check_owner(database: Database) -> None:
    """Raise StoreError unless the file is leanopt's, or empty."""
    row = database.row(
        "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id"
    )
    owner, contents = row or (0, 0)
    if owner != APPLICATION_ID and (owner, contents) != (0, 0):
        raise StoreError(
            f"{database.path}: this is a SQLite file of another program, not a leanopt store; "
            "move it away, and leanopt makes a new one"
        )


def _is_behind(database: Database) -> bool:
    """Say whether migrations are missing; raises StoreError where there are unknown ones."""
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
            f"{database.path}: the store was made by a newer leanopt (it has the changes "
            f"{', '.join(unknown)}); update leanopt, or use another project folder"
        )
    return applied != known
