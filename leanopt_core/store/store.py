"""The store's interface: runs, a writer per run, a reader, cached file hashes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from leanopt_core.closing import Closing
from leanopt_core.content import TICK, appearance, hash_file
from leanopt_core.store.cache import (
    CacheUse,
    Removal,
    cache_use,
    removable,
    remove_backtests,
    stored_keys,
    vacuum,
)
from leanopt_core.store.damage import UNREADABLE, check_plan, damage, raise_if_damaged
from leanopt_core.store.database import Database
from leanopt_core.store.looks import Looks
from leanopt_core.store.opened import OpenedSets, State, mixed
from leanopt_core.store.opening import Durability, open_database
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import Runs
from leanopt_core.store.single import SingleBacktest, SingleWriter, single_backtests
from leanopt_core.store.survey import Survey
from leanopt_core.store.tried import Tried, tried
from leanopt_core.store.unwritable import can_write
from leanopt_core.store.writer import Writer

_FIND: Final = (
    "SELECT sha256 FROM file_hashes "
    "WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ?"
)
_KEEP: Final = (
    "INSERT OR REPLACE INTO file_hashes (path, size, mtime_ns, ctime_ns, inode, sha256) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)


def open_store(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
    tell: Callable[[str], object] | None = None,
) -> Store:
    """Return the store at `path`; create or migrate it if needed.

    Commits survive the death of any process, with the durability `power` also power failures. A
    missing store is an error if `create` is false. With `read_only` nothing is created or changed,
    and a store of an older leanopt is an error, unless the file cannot be written: then a copy is
    read. `clock` returns the seconds since 1970. `tell` gets a sentence if an older store was
    updated. Raises StoreError for a file that is not a leanopt store, is damaged, was made by a
    newer leanopt, or cannot be read or written.
    """
    database = open_database(
        path, durability=durability, create=create, read_only=read_only, tell=tell
    )
    return Store(database, clock)


def open_to_look(path: Path, tell: Callable[[str], object] | None = None) -> Store:
    """Return the existing store at `path`: migrated if needed, only read if it cannot be written.

    `tell` and errors are those of `open_store`.
    """
    return open_store(path, create=False, read_only=not can_write(path), tell=tell)


class Store(Closing):
    """An open store. Use it in one thread; other threads and processes open their own."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._hashes = FileHashes(database, clock)
        self.path = database.path
        self.runs = Runs(database, clock)
        self.reader = Reader(database)
        self.survey = Survey(database)
        self.looks = Looks(database, clock)

    def opened(self, same: Callable[[str, State], bool]) -> OpenedSets:
        """Return the sets of files that stored backtests had opened.

        `same` says whether a file of this name has this state.
        """
        return OpenedSets(self._database, same)

    def mixed_files(self, run: StoredRun) -> list[str]:
        """Return the names of files that changed while the strategy opened them in a run."""
        return mixed(self._database, run.id)

    def writer(
        self,
        run: StoredRun,
        *,
        needs: frozenset[str] = frozenset(),
        opened: OpenedSets | None = None,
    ) -> Writer:
        """Return the writer of `run`; `needs` are what its outcomes have besides statistics.

        Without `opened`, no backtest that had opened files answers.
        """
        sets = self.opened(lambda _name, _state: False) if opened is None else opened
        return Writer(self._database, run, self._clock, needs=needs, holds=sets.hold)

    def single_writer(
        self, strategy: str, opened: OpenedSets, *, needs: frozenset[str] = frozenset()
    ) -> SingleWriter:
        """Return the writer of single backtests of a strategy; `needs` as in `writer`."""
        return SingleWriter(self._database, strategy, self._clock, needs=needs, holds=opened.hold)

    def single_backtests(self, strategy: str | None = None) -> list[SingleBacktest]:
        """Return the single backtests of one strategy or of all, in the order they first ran."""
        return single_backtests(self._database, strategy)

    def tried(self, strategy: str) -> Tried:
        """Return how many trials a strategy has had, by where they were made."""
        return tried(self._database, strategy)

    def hash_file(self, path: Path) -> str:
        """Return a file's SHA-256 in hexadecimal, cached if the file has not changed."""
        return self._hashes.get(path)

    def hash_again(self, path: Path, differs: Callable[[Path], object]) -> str:
        """Return a file's SHA-256 in hexadecimal as it is read now.

        `differs` is called with a file whose cached hash is another, though it looks unchanged.
        """
        return self._hashes.again(path, differs)

    def cache_use(self) -> CacheUse:
        """Measure the store and count its backtests."""
        return cache_use(self._database)

    def removable(self, removal: Removal) -> int:
        """Return how many unused backtests have this age and build."""
        return len(removable(self._database, removal))

    def remove_backtests(self, removal: Removal) -> int:
        """Remove unused backtests; return how many. The file keeps its size until `vacuum`."""
        return remove_backtests(self._database, removal)

    def stored_keys(self) -> set[str]:
        """Return the first half of each stored backtest's content key, in hexadecimal."""
        return stored_keys(self._database)

    def vacuum(self) -> None:
        """Give free space back to the file system. No other process may use the store."""
        vacuum(self._database)

    def check_plan(self, plan_hash: str) -> None:
        """Raise StoreError if a row of a run of this plan is damaged; a quick look."""
        check_plan(self._database, plan_hash)

    def damage(self) -> list[str]:
        """Return what is wrong anywhere in the store, nothing if it is sound."""
        return damage(self._database)

    def close(self) -> None:
        """Close the store; drop what is not committed."""
        self._database.close()

    def __exit__(self, *raised: object) -> None:
        """Close the store; raises StoreError if damage to it explains the block's error."""
        error = raised[1]
        try:
            if isinstance(error, UNREADABLE):
                raise_if_damaged(self._database, error)
        finally:
            self.close()


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
        row = self._database.row(_FIND, (str(path), *appearance(path)))
        if row is not None:
            return str(row[0])
        before, found = appearance(path), hash_file(path)
        settled = (self._clock() - TICK) * 1e9
        if (after := appearance(path)) == before and after.changed < settled:
            with self._database.transaction():
                self._database.run(_KEEP, (str(path), *before, found))
        return found

    def again(self, path: Path, differs: Callable[[Path], object]) -> str:
        """Return the SHA-256 of a file as it is read now; a cached one that is another is dropped.

        `differs` is called with a file for which that is so. Raises as `get` does.
        """
        path = path.resolve()
        row = self._database.row(_FIND, (str(path), *appearance(path)))
        found = hash_file(path)
        if row is not None and row[0] != found:
            with self._database.transaction():
                self._database.run("DELETE FROM file_hashes WHERE path = ?", (str(path),))
            differs(path)
        return found
