"""SHA-256 of files, remembered until a file changes."""

from __future__ import annotations

from collections.abc import Callable
from os import stat_result
from pathlib import Path
from typing import Final

from leanopt_core.content import hash_file
from leanopt_core.store.database import Database

_FIND: Final = (
    "SELECT sha256 FROM file_hashes "
    "WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ?"
)
_KEEP: Final = (
    "INSERT OR REPLACE INTO file_hashes (path, size, mtime_ns, ctime_ns, inode, sha256) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
# A file may change again within its file system's tick and look as before.
_TICK: Final = 2.0


class FileHashes:
    """Remembers hashes by path, size, times and inode. `clock` tells the seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def get(self, path: Path) -> str:
        """Return the SHA-256 of a file in hexadecimal, as remembered where it has not changed.

        Raises OSError where it cannot be read, StoreError where SQLite fails.
        """
        path = path.resolve()
        before = _look(path.stat())
        row = self._database.row(_FIND, (str(path), *before))
        if row is not None:
            return str(row[0])
        found = hash_file(path)
        settled = self._clock() - _TICK
        if _look(after := path.stat()) == before and after.st_ctime < settled:
            with self._database.transaction():
                self._database.run(_KEEP, (str(path), *before, found))
        return found


def _look(stat: stat_result) -> tuple[int, int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
