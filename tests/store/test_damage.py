"""Damage that SQLite does not notice by itself, found in a plan's rows or in the whole store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256

import pytest

from leanopt_core.errors import StoreError
from leanopt_core.store.store import open_store


@pytest.fixture
def told(path, begin):
    """A store with a run of three trials; its plan's hash."""
    plan_hash = sha256(b'{"seed":7}').hexdigest()
    with open_store(path) as store:
        recorder = begin(store, plan_hash=plan_hash)
        for number in (1, 2, 3):
            recorder.told(number)
        recorder.writer.commit()
    return plan_hash


CHANGES = {
    "plan": ("UPDATE runs SET plan = '{\"seed\":8}'", True),
    "execution": ("UPDATE runs SET execution = '{\"wor'", True),
    "scenario": ("UPDATE scenarios SET definition = 'x'", True),
    "a lost trial": ("PRAGMA foreign_keys = OFF; DELETE FROM trials WHERE number = 2", True),
    "statistics": ("UPDATE backtests SET statistics = '[1' WHERE id = 2", False),
    "a category": ("UPDATE backtests SET failure = 'strxtegy error' WHERE id = 2", False),
    "a type": ("UPDATE backtests SET seconds = 'long' WHERE id = 2", False),
    "a reference": ("PRAGMA foreign_keys = OFF; DELETE FROM backtests WHERE id = 2", False),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_agree_is_found(path, told, change: str) -> None:
    """In the plan's own rows when a run begins; anywhere by the full look."""
    statements, quick = CHANGES[change]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
    with open_store(path) as store:
        if quick:
            with pytest.raises(StoreError, match="the rows of run trend-1 do not agree"):
                store.check_plan(told)
        else:
            store.check_plan(told)
        found = store.damage()
    # That a plan is not the one of its hash shows nowhere else.
    assert bool(found) == (change != "plan")


def test_a_sound_store(path, told) -> None:
    """Nothing is found; a plan without a run has no rows."""
    with open_store(path) as store:
        store.check_plan(told)
        store.check_plan("none")
        assert store.damage() == []


def test_an_error_in_reading_is_explained_by_damage(path, told) -> None:
    """What fails because of a damaged value names the store; a mistake of the code stays one."""
    with pytest.raises(KeyError), open_store(path) as store:
        {}["mistake"]
    broken = r"the store is damaged; .*rows of backtests with a value .*: 1"
    for damaged in ("[1", "{}1", ""):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE backtests SET statistics = ? WHERE id = 2", [damaged])
            connection.commit()
        with pytest.raises(StoreError, match=broken), open_store(path) as store:
            [trial.outcomes for trial in store.reader.trials(1)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE backtests SET statistics = CAST(x'7bff7d' AS TEXT) WHERE id = 2")
        connection.commit()
    with pytest.raises(StoreError, match="the store is damaged"), open_store(path) as store:
        json.dumps([one.number for one in store.reader.trials(1)])
