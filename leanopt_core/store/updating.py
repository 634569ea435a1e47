"""Bring an older store up to date: copy the file, then apply the missing migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from leanopt_core.errors import StoreError
from leanopt_core.store.database import Database, explain
from leanopt_core.store.schema import MIGRATION_SET, MIGRATIONS, migrate


def missing_migrations(database: Database) -> list[str]:
    """Return the names of the migrations that a store lacks, in order.

    Raises StoreError for unknown ones.
    """
    known = [name for name, _ in MIGRATIONS]
    if not database.row("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"):
        return known
    applied = {
        name
        for (name,) in database.rows(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,)
        )
    }
    if unknown := sorted(applied.difference(known)):
        raise StoreError(
            f"{database.path}: the store was made by a newer leanopt (it has the migrations "
            f"{', '.join(unknown)}); update leanopt, or use another project folder"
        )
    return [name for name in known if name not in applied]


def update(database: Database, tell: Callable[[str], object] | None = None) -> None:
    """Apply missing migrations in one transaction; a second process waits and finds them done.

    The file is copied first, unless it is empty; `tell` gets a sentence that names the copy. Copies
    of earlier updates are removed. Raises StoreError, and changes nothing, if SQLite fails.
    """
    copy = None
    with database.transaction():
        missing = missing_migrations(database)
        if missing and database.row("SELECT 1 FROM sqlite_master"):
            copy = _copied(database.path, missing[0])
        migrate(database)
    if copy is None:
        return
    for older in _copies(database.path):
        if older != copy:
            older.unlink(missing_ok=True)
    if tell is not None:
        tell(
            f"{database.path}: updated from an older leanopt; the store as it was is {copy.name} "
            "beside it, and can be deleted"
        )


def _copies(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.before-*"))


def _copied(path: Path, name: str) -> Path:
    """Copy the store as it is without the transaction that has begun; return the copy."""
    copy = path.with_name(f"{path.name}.before-{name}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(uri, uri=True)) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            source.backup(target)
        part.replace(copy)
    except sqlite3.Error as error:
        raise StoreError(
            f"{explain(part, error)}. It is the copy that is made before an older store is "
            "updated; the store was not changed"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return copy
