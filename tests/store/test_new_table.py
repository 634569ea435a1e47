"""A table that is filled with recovered rows, some written before it had all its columns."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from leanopt_core.store.database import Database
from leanopt_core.store.new_table import NewTable
from leanopt_core.store.pages import Row
from leanopt_core.store.schema import migrate


def test_a_column_that_came_later_has_its_default(tmp_path: Path) -> None:
    """SQLite rewrites no row when a column is added; a row that is too long is refused."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        database = Database(path, connection)
        migrate(database)
        table = NewTable.of(database, "scenarios")
        rows = [(None, 1, at, f"scenario {at}", "{}", "test")[: 5 + at] for at in (0, 1)]
        too_long = (None, 1, 2, "scenario 2", "{}", *["test"] * 9)
        assert table.insert(Row(at, row) for at, row in enumerate([*rows, too_long], 1)) == 1
        found = database.rows("SELECT name, role FROM scenarios ORDER BY id")
        assert found == [("scenario 0", "train"), ("scenario 1", "test")]
