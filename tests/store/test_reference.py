"""The store's reference page names every table, view and column there is, and no other."""

from __future__ import annotations

import json
import re
import struct
import zlib
from array import array
from datetime import date
from pathlib import Path

import pytest

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "store.md"


@pytest.fixture(scope="module")
def described() -> dict[str, list[str]]:
    """Return the columns that the page describes, by table."""
    sections = PAGE.read_text().split("\n### ")[1:]
    return {
        section.split("`")[1]: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for section in sections
    }


def test_every_table_and_view_with_every_column_is_described(store, look, described):
    """Every table and view with every column is described."""
    names = look("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    assert described == {
        name: [column for (column,) in look("SELECT name FROM pragma_table_info(?)", name)]
        for (name,) in names
        if not name.startswith("sqlite_")
    }


def test_every_reference_is_a_foreign_key(store, look, described):
    """Every reference is a foreign key."""
    for table, columns in described.items():
        keys = {row[3] for row in look("SELECT * FROM pragma_foreign_key_list(?)", table)}
        if table not in ("trials_ranked", "runs_summary"):
            assert {name for name in columns if name.endswith("_id")} <= keys | {"id"}, table


def test_returns_are_packed_as_described(store, begin, look):
    """Returns are packed as described."""
    recorder = begin(store)
    equity = Equity(array("q", [0, 86400, 4 * 86400]), array("d", [1.0, 1.5, 3.0]))
    recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=equity))
    recorder.writer.commit()
    ((days, daily),) = look("SELECT days, daily FROM returns JOIN calendars ON id = calendar_id")
    first = date(1970, 1, 2).toordinal()
    assert zlib.decompress(days) == b"".join(step.to_bytes(4, "little") for step in (first, 3))
    assert zlib.decompress(daily) == bytes.fromhex("0000003f") + bytes.fromhex("0000803f")


def test_curves_and_trades_are_packed_as_described(store, begin, look):
    """Curves and trades are packed as described."""
    recorder = begin(store, outputs=("equity", "trades"))
    equity = Equity(array("q", [-1, 86400]), array("d", [1.0, -0.0]))
    trades = [ClosedTrade(exit_time=5, profit=-0.5, tag="Ende"), ClosedTrade()]
    recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=equity, trades=trades))
    recorder.writer.commit()
    ((times, points),) = look("SELECT times, points FROM equity_curves")
    assert zlib.decompress(times) == struct.pack("<2q", -1, 86401)
    assert zlib.decompress(points) == struct.pack("<2d", 1.0, -0.0)
    ((packed,),) = look("SELECT trades FROM closed_trades")
    assert json.loads(zlib.decompress(packed)) == [
        [None, None, None, None, 5, None, -0.5, None, None, None, "Ende"],
        [None] * 11,
    ]
    assert look("SELECT outputs FROM backtests") == [("curve,trades",)]
