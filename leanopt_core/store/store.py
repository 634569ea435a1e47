"""The store as its users see it: runs, a writer a run, a reader, remembered hashes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from leanopt_core.store.database import Database
from leanopt_core.store.hashes import FileHashes
from leanopt_core.store.opening import Durability, open_database
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun
from leanopt_core.store.runs import Runs
from leanopt_core.store.writer import Writer


def open_store(
    path: Path,
    *,
    durability: Durability = "process",
    create: bool = True,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Store:
    """Return the store at `path`, made and brought up to date where needed.

    Commits survive any death of processes, with the durability `power` power cuts too. With
    `create` false a missing store is an error; with `read_only` nothing is made or changed, and
    a store of an older leanopt is an error too. `clock` tells the seconds since 1970. Raises
    StoreError for a file that is no leanopt store, is damaged, was made by a newer leanopt, or
    cannot be read or written.
    """
    database = open_database(path, durability=durability, create=create, read_only=read_only)
    return Store(database, clock)


class Store:
    """An open store. Belongs to one thread; other threads and processes open it for themselves."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._hashes = FileHashes(database, clock)
        self.path = database.path
        self.runs = Runs(database, clock)
        self.reader = Reader(database)

    def writer(self, run: StoredRun, *, curves: bool) -> Writer:
        """Return what writes `run`, with `curves` daily returns too."""
        return Writer(self._database, run, self._clock, curves=curves)

    def hash_file(self, path: Path) -> str:
        """Return a file's SHA-256 in hexadecimal, as remembered where the file has not changed."""
        return self._hashes.get(path)

    def close(self) -> None:
        """Close the store; what was not committed is dropped."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
