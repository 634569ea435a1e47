"""Read a store that cannot be written: on a read-only file system, or another user's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from leanopt_core.errors import StoreError
from leanopt_core.store.database import RIGHTS, Database

_READ_ONLY = "its file system is read-only; the store can be read there, but not written"


def can_write(path: Path) -> bool:
    """Return whether the file can be written, and files beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def require_writable(path: Path) -> None:
    """Raise StoreError if the store, or its folder if there is no store yet, cannot be written."""
    there = path if path.exists() else path.parent
    if not os.access(there, os.W_OK):
        read_only = os.statvfs(there).f_flag & os.ST_RDONLY
        raise StoreError(f"{path}: {_READ_ONLY if read_only else RIGHTS}")


def open_unwritable(path: Path) -> Database:
    """Return a connection that reads a store which cannot be written; raises StoreError.

    SQLite reads the file itself where it can, else a copy that is removed with the connection.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        # With the log of a process that is running, or was killed.
        return _readable(Database.connect(path, "mode=ro")) or open_copy(path)
    return Database.connect(path, "mode=ro&immutable=1")


def open_copy(path: Path) -> Database:
    """Return a connection to a temporary copy of a store with its log, which can be written."""
    folder = TemporaryDirectory(prefix="leanopt-store-")
    copy = Path(folder.name) / path.name
    try:
        for one in (path, path.with_name(f"{path.name}-wal")):
            if one.exists():
                shutil.copyfile(one, copy.with_name(one.name))
    except OSError as error:
        folder.cleanup()
        raise StoreError(
            f"{path}: the store must be copied to {folder.name} to read it, which failed "
            f"({error.strerror}); set TMPDIR to a folder with more space"
        ) from error
    return Database.connect(path, "mode=rw", file=copy, closed=folder.cleanup)


def _readable(database: Database) -> Database | None:
    """Return a connection if SQLite can read the file, else close it."""
    try:
        database.rows("SELECT 1 FROM sqlite_master")
    except StoreError:
        database.close()
        return None
    return database
