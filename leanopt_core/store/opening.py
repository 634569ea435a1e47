"""Open a store: check the file, set its durability, and migrate it if needed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal

from leanopt_core.errors import StoreError
from leanopt_core.project_files import make_folder
from leanopt_core.store.database import DAMAGED, FAILURES, PATIENCE, Database, recovery
from leanopt_core.store.schema import APPLICATION_ID, TABLES, migrate
from leanopt_core.store.unwritable import (
    can_write,
    open_copy,
    open_unwritable,
    require_writable,
)
from leanopt_core.store.updating import missing_migrations, update

Durability = Literal["process", "power"]

_SYNCHRONOUS: Final = {"process": "NORMAL", "power": "FULL"}
# Content keys are random, so each commit changes many pages of their index. With a log of 40 MB
# such pages are written once for many commits; a cache of 16 MB holds the index's upper levels.
_PAGES_OF_LOG: Final = 10_000
_CACHE_KIB: Final = 16_000


class OlderStoreError(StoreError):
    """A store that is only read needs migrating."""


def open_database(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
    patience: float = PATIENCE,
    tell: Callable[[str], object] | None = None,
) -> Database:
    """Return a connection to the store at `path`; create or migrate it if needed.

    A missing store is an error if `create` is false. A store that needs migrating is an error if
    `read_only` is true, unless it cannot be written: then a copy is migrated. `patience` is how
    many seconds to wait for another process's lock; `tell` gets a sentence about an update. Raises
    StoreError for a file that is not a leanopt store, is damaged, was made by a newer leanopt, or
    cannot be read or written.
    """
    _find(path, create=create and not read_only)
    if read_only and not can_write(path):
        return _checked(open_unwritable(path), _update_copy)
    if read_only:
        return _checked(Database.connect(path, "mode=ro", patience=patience), _check_current)
    require_writable(path)
    database = Database.connect(path, "mode=rwc", patience=patience)
    return _checked(database, partial(_prepare, durability=durability, tell=tell))


def _checked(database: Database, check: Callable[[Database], Database | None]) -> Database:
    """Return the connection that `check` returns, else this one; close this one if it raises."""
    try:
        return check(database) or database
    except BaseException:
        database.close()
        raise


def _find(path: Path, *, create: bool) -> None:
    if not create and not path.exists():
        raise StoreError(f"{path}: there is no store yet; `leanopt run` creates one")
    try:
        make_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be created ({error.strerror}); check the permissions"
        ) from error


def _check_current(database: Database) -> None:
    """Raise StoreError if the file needs migrating, or lacks tables."""
    _check_owner(database)
    if missing_migrations(database):
        raise OlderStoreError(
            f"{database.path}: the store was made by an older leanopt; "
            f"update it: leanopt runs -C {shlex.quote(str(database.path.parent.parent))}"
        )
    _check_tables(database)


def _update_copy(database: Database) -> Database | None:
    """Return an updated copy if the file needs migrating, which cannot be written."""
    _check_owner(database)
    copy = None
    if missing_migrations(database):
        database.close()
        copy = _checked(open_copy(database.path), _migrate_copy)
    _check_tables(copy or database)
    return copy


def _migrate_copy(database: Database) -> None:
    database.run("BEGIN IMMEDIATE")
    migrate(database)
    database.run("COMMIT")


def _check_tables(database: Database) -> None:
    """Raise StoreError if a table of an up-to-date store is missing."""
    found = {name for (name,) in database.rows("SELECT name FROM sqlite_master")}
    if lost := sorted(TABLES - found):
        raise StoreError(
            f"{database.path}: {DAMAGED}{recovery(database.path)} "
            f"(it has no table {', '.join(lost)})"
        )


def _prepare(
    database: Database, *, durability: Durability, tell: Callable[[str], object] | None
) -> None:
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
    if missing_migrations(database):
        update(database, tell)
    _check_tables(database)


def _write_ahead(database: Database) -> object:
    """Turn the write-ahead log on; return the file's journal mode afterwards."""
    deadline = monotonic() + database.patience
    while True:
        try:
            return database.connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except FAILURES as error:
            # The only lock that SQLite does not wait for: another process creates the store.
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" or monotonic() > deadline:
                raise database.explain(error) from error
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
