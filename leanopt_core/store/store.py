"""The store's interface: runs, a writer per run, a reader, cached file hashes."""

from __future__ import annotations

import time
from collections.abc import Callable
from os import stat_result
from pathlib import Path
from typing import Final

from leanopt_core.closing import Closing
from leanopt_core.content import hash_file
from leanopt_core.store.database import Database
from leanopt_core.store.opening import Durability, open_database
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import Runs
from leanopt_core.store.writer import Writer

_FIND: Final = (
    "SELECT sha256 FROM file_hashes "
    "WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ?"
)
_KEEP: Final = (
    "INSERT OR REPLACE INTO file_hashes (path, size, mtime_ns, ctime_ns, inode, sha256) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
# A file may change twice within one tick of its file system's clock and look unchanged.
_TICK: Final = 2.0


def open_store(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Store:
    """Return the store at `path`; create or migrate it if needed.

    Commits survive the death of any process, with the durability `power` also power failures. A
    missing store is an error if `create` is false. With `read_only` nothing is created or changed,
    and a store of an older leanopt is an error. `clock` returns the seconds since 1970. Raises
    StoreError for a file that is not a leanopt store, is damaged, was made by a newer leanopt, or
    cannot be read or written.
    """
    database = open_database(path, durability=durability, create=create, read_only=read_only)
    return Store(database, clock)


class Store(Closing):
    """An open store. Use it in one thread; other threads and processes open their own."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._hashes = FileHashes(database, clock)
        self.path = database.path
        self.runs = Runs(database, clock)
        self.reader = Reader(database)

    def writer(self, run: StoredRun, *, needs: frozenset[str] = frozenset()) -> Writer:
        """Return the writer of `run`; `needs` are what its outcomes have besides statistics."""
        return Writer(self._database, run, self._clock, needs=needs)

    def hash_file(self, path: Path) -> str:
        """Return a file's SHA-256 in hexadecimal, cached if the file has not changed."""
        return self._hashes.get(path)

    def close(self) -> None:
        """Close the store; drop what is not committed."""
        self._database.close()


class FileHashes:
    """Caches hashes by path, size, times and inode. `clock` returns the seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def get(self, path: Path) -> str:
        """Return the SHA-256 of a file in hexadecimal, cached if the file has not changed.

        Raises OSError if it cannot be read, StoreError if SQLite fails.
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
