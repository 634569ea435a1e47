"""Recover the readable rows of a damaged store into a new file."""

from __future__ import annotations

import mmap
import shutil
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import define, field, frozen

from leanopt_core.errors import StoreError
from leanopt_core.store.database import Database, explain
from leanopt_core.store.new_table import NewTable
from leanopt_core.store.pages import HEADER, Losses, Pages, Row
from leanopt_core.store.repair import repair
from leanopt_core.store.schema import MIGRATION_SET, MIGRATIONS, TABLES, created_by, migrate

#: What only concerns processes that are gone, and hashes that are found again.
_NOT_KEPT: Final = frozenset({"processes", "leases", "file_hashes"})
_KEPT: Final = sorted(TABLES - _NOT_KEPT)
_MIGRATED: Final = "_sqlite_migrations"
# ruff: noqa: S608 - names of tables and columns come from the schema


@define
class Recovered:
    """What became of a table: rows in the new file, and rows and pages that are lost."""

    rows: int = 0
    lost: int = 0
    pages: int = 0


@frozen
class Recovery:
    """A new file, and what became of each table."""

    file: Path
    tables: Mapping[str, Recovered]

    @property
    def complete(self) -> bool:
        """Return whether nothing is known to be lost."""
        return not any(one.lost or one.pages for one in self.tables.values())


def recover(path: Path, output: Path) -> Recovery:
    """Write what is readable of the store at `path` to a new file; the store is not changed.

    Rows that refer to lost ones are left out. Raises StoreError if nothing is readable, or if the
    new file exists or cannot be written.
    """
    if output.exists():
        raise StoreError(f"{output} already exists; choose another with --output")
    try:
        with TemporaryDirectory(prefix=".recover-", dir=output.parent) as folder:
            template = Path(folder) / "template.db"
            with closing(_new(template)):
                pass
            part = Path(folder) / "new.db"
            tables = _recovered(_copied(path, Path(folder), template), part)
            part.replace(output)
    except OSError as error:
        raise StoreError(f"{output} cannot be written: {error.strerror}") from error
    return Recovery(output, tables)


def _copied(path: Path, folder: Path, template: Path) -> bytes | mmap.mmap:
    """Return the bytes of a copy of the store, with its log and a header that can be read."""
    copy = folder / "copy.db"
    shutil.copyfile(path, copy)
    if (log := path.with_name(f"{path.name}-wal")).exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
    _mend_header(copy, template)
    # Of a log that cannot be read, the file has all that SQLite could use.
    with suppress(sqlite3.Error), closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _mend_header(copy, template)
    with copy.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _mend_header(file: Path, template: Path) -> None:
    """Replace a damaged header by that of a new store."""
    fresh = template.read_bytes()[:HEADER]
    page = struct.unpack_from(">H", fresh, 16)[0]
    with file.open("r+b") as opened:
        header = opened.read(HEADER)
        # The magic, the size of pages, and numbers that are the same in every file.
        if header[:18] == fresh[:18] and header[20:24] == fresh[20:24]:
            return
        count = struct.pack(">I", file.stat().st_size // page)
        opened.seek(0)
        opened.write(fresh[:28] + count + bytes(8) + fresh[40:])


def _new(path: Path, stop_before: str | None = None) -> sqlite3.Connection:
    """Return a connection to a new store with the migrations before one of them."""
    connection = sqlite3.connect(path, isolation_level=None)
    database = Database(path, connection)
    with database.transaction():
        migrate(database, stop_before=stop_before)
    return connection


@define
class _Source:
    """The rows of a damaged file, by table."""

    pages: Pages
    roots: dict[str, int] = field(factory=dict)
    lost: dict[str, Losses] = field(factory=dict)

    def read_schema(self) -> None:
        """Find the root pages of the tables."""
        for row in self.pages.tree(1, self.lost.setdefault("", Losses())):
            with suppress(ValueError):
                kind, name, _, root, _ = row.values
                if kind in ("table", "index") and isinstance(root, int):
                    self.roots[str(name)] = root

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the readable rows of a table's tree."""
        losses = self.lost.setdefault(table, Losses())
        if table in self.roots:
            yield from self.pages.tree(self.roots[table], losses)
        else:
            losses.pages += 1

    def visit_others(self) -> None:
        """Visit the indexes, so that their pages are no orphans."""
        for name, root in self.roots.items():
            if name not in self.lost:
                for _ in self.pages.tree(root, Losses()):
                    pass

    @property
    def damaged(self) -> bool:
        """Return whether pages are lost."""
        return any(losses.pages for losses in self.lost.values())


def _recovered(data: bytes | mmap.mmap, part: Path) -> dict[str, Recovered]:
    """Write a new store with the readable rows; return what became of each table."""
    source = _Source(Pages(data))
    source.read_schema()
    missing = _first_missing(source)
    try:
        with closing(_new(part, missing)) as connection:
            database = Database(part, connection)
            connection.execute("PRAGMA foreign_keys = OFF")
            with database.transaction():
                found = _filled(database, source)
                migrate(database)
                incomplete = {name for name, one in found.items() if one.lost or one.pages}
                for table, count in repair(database, incomplete).items():
                    if table in found:
                        found[table].lost += count
            for table, one in found.items():
                ((one.rows,),) = database.rows(f"SELECT count(*) FROM {table}")
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise explain(part, error) from error
    if not found["runs"].rows and not found["backtests"].rows:
        raise StoreError("no run and no backtest can be read; there is nothing to recover")
    return found


def _first_missing(source: _Source) -> str | None:
    """Return the first migration that the store lacks, None if it lacks none or all are lost.

    Rows about migrations may be lost, too; migrations are applied in order.
    """
    rows = source.rows(_MIGRATED)
    names = {str(row.values[2]) for row in rows if row.values[1:2] == (MIGRATION_SET,)}
    known = [name for name, _ in MIGRATIONS]
    if names > set(known):
        raise StoreError(
            f"the store was made by a newer leanopt (it has the migrations "
            f"{', '.join(sorted(names.difference(known)))}); recover it with that one"
        )
    applied = [
        index
        for index, (name, statements) in enumerate(MIGRATIONS)
        if name in names or created_by(statements) & source.roots.keys()
    ]
    return next(iter(known[max(applied) + 1 :]), None) if applied else None


def _filled(database: Database, source: _Source) -> dict[str, Recovered]:
    """Insert the readable rows of every table; return what became of each."""
    there = {name for (name,) in database.rows("SELECT name FROM sqlite_master")}
    tables = [NewTable.of(database, name) for name in _KEPT if name in there]
    found = {name: Recovered() for name in _KEPT}
    for table in tables:
        losses = source.lost.setdefault(table.name, Losses())
        refused = table.insert(source.rows(table.name))
        found[table.name].lost = losses.rows + refused + table.delete_broken()
        found[table.name].pages = losses.pages
    source.visit_others()
    if source.damaged:
        for page in source.pages.orphans():
            rows = list(source.pages.rows(page, Losses()))
            fits = next((table for table in tables if table.fits(rows)), None)
            if fits is not None:
                fits.insert(rows)
                fits.delete_broken()
    return found
