"""Reading a file's pages: the rows that SQLite reads, of every type and length."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.store.pages import Losses, Pages

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.binary(max_size=50),
    st.integers(0, 30_000).map(lambda size: bytes(range(256)) * (size // 256)),
)
ROWS = st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.tuples(VALUES, VALUES), max_size=60)


def write(path: Path, rows, page_size: int) -> dict[str, int]:
    """Write a table with row ids and one without; return their root pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("CREATE TABLE ids (id INTEGER PRIMARY KEY, a, b)")
        connection.execute("CREATE TABLE keys (k INTEGER PRIMARY KEY, a, b) WITHOUT ROWID")
        connection.execute("CREATE TABLE other (x)")
        connection.execute("BEGIN")
        for table in ("ids", "keys"):
            connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?)",  # noqa: S608
                [(k, *v) for k, v in rows.items()],
            )
        connection.execute("INSERT INTO other SELECT zeroblob(9000) FROM ids")
        connection.execute("DELETE FROM other")
        connection.execute("COMMIT")
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))


@given(rows=ROWS, page_size=st.sampled_from([512, 4096, 65536]))
def test_every_row_is_read_as_sqlite_reads_it(rows, page_size: int) -> None:
    """In order; with long rows on chains of pages; what was deleted is not found again."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.db"
        roots = write(path, rows, page_size)
        pages, losses = Pages(path.read_bytes()), Losses()
    expected = [(key, *rows[key]) for key in sorted(rows)]
    assert [row.values[0] for row in pages.tree(1, Losses())] == ["table"] * 3
    assert [(row.id, *row.values[1:]) for row in pages.tree(roots["ids"], losses)] == expected
    found = [row.values for row in pages.tree(roots["keys"], losses)]
    assert sorted(found, key=lambda row: row[0]) == expected
    assert list(pages.tree(roots["other"], losses)) == []
    assert losses == Losses()
    assert list(pages.orphans()) == []


@pytest.mark.parametrize("table", ["ids", "keys"])
def test_leaves_below_a_damaged_page_are_found(tmp_path: Path, table: str) -> None:
    """All rows but those of the damaged page."""
    path = tmp_path / "file.db"
    rows = {number: ("x" * 30, number) for number in range(500)}
    roots = write(path, rows, 512)
    data = bytearray(path.read_bytes())
    start = (roots[table] - 1) * 512
    data[start : start + 512] = bytes(512)
    pages, losses = Pages(bytes(data)), Losses()
    for root in (1, *roots.values()):
        list(pages.tree(root, losses))
    assert losses.pages == 1
    found = {
        row.id if table == "ids" else row.values[0]
        for page in pages.orphans()
        for row in pages.rows(page, losses)
    }
    assert 400 <= len(found) <= 500
    assert found <= set(rows)
    assert losses.rows == 0
