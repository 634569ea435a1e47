"""Where what holds a backtest falls away, no second one of its key begins to answer."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.statistics import Statistics
from leanopt_core.store.answering import Held
from leanopt_core.store.store import open_store
from leanopt_core.store.writer import Mark
from leanopt_core.work import Category, Failure, Outcome

NOTHING: frozenset[str] = frozenset()
WORKS = Outcome(Statistics({"Sharpe Ratio": 1.5}))
FAILS = Outcome(failure=Failure(Category.STRATEGY, "no trading"))
SLOW = Outcome(failure=Failure(Category.TIMEOUT, "too slow"))

#: Three runs look up a key and make its backtest if nothing answers; what holds theirs falls.
STEPS = st.permutations([(kind, run) for kind in ("makes", "checks", "frees") for run in range(3)])
OUTCOMES = st.tuples(*[st.sampled_from([WORKS, FAILS, SLOW])] * 3)


@given(STEPS, OUTCOMES, st.integers(0, 8))
def test_one_backtest_of_a_key_answers(lasting_store, begin, steps, outcomes, restart):
    """In any order of events; and one is repeated only if another answers."""
    store = lasting_store
    runs = [begin(store) for _ in outcomes]
    key = f"{runs[0].run.id:032x}{0:032x}"
    failures: list[list[int]] = [[] for _ in outcomes]
    for one in runs:
        one.propose(1)
        one.writer.commit()
    for at, (kind, which) in enumerate(steps):
        one, outcome = runs[which], outcomes[which]
        if at == restart:
            run = store.runs.resume(one.run.id)
            one = runs[which] = evolve(one, run=run, writer=store.writer(run))
        if kind == "checks":
            one.writer.confirm(one.writer.mark, 0)
        elif kind == "frees":
            one.writer.reproduced(failures[which], Held.UNCHECKED)
        elif one.writer.known(key, NOTHING) is None:
            held = Held.UNCONFIRMED if outcome is FAILS else Held.UNCHECKED
            found = one.backtest(key, outcome, held=held)
            failures[which] += [found] if outcome is FAILS else []
        one.writer.commit()
        with closing(sqlite3.connect(store.path)) as connection:
            asked = "SELECT held, failure FROM backtests WHERE key = ?"
            rows = connection.execute(asked, (bytes.fromhex(key[:32]),)).fetchall()
        answering = [row for row in rows if row[0] is None and row[1] != "timeout"]
        assert len(answering) <= 1
        assert answering or all(held != "repeated" for held, _ in rows)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["returns"], ["returns"], "repeated"),
        (["returns"], [], "repeated"),
        ([], ["returns"], None),
        (["equity"], ["returns"], None),
    ],
)
def test_what_has_more_outputs_answers_too(store, begin, key, look, first, second, expected):
    """A backtest is repeated if another one has all that is stored of it."""
    dead, other = begin(store, outputs=first), begin(store, outputs=second)
    dead.backtest(key("a"))
    found = other.backtest(key("a"), held=Held.UNCHECKED)
    dead.writer.commit()
    other.writer.confirm(Mark(found), 0)
    other.writer.commit()
    assert look("SELECT held FROM backtests WHERE id = ?", found) == [(expected,)]


def test_what_a_check_has_proven_of_a_dead_run_answers_instead(path, begin, key):
    """A clean check says as much of what another run had made before it."""
    now = [1000.0]
    with open_store(path, clock=lambda: now[0]) as store:
        dead, other = begin(store), begin(store)
        theirs = dead.backtest(key("a"), held=Held.UNCHECKED)
        dead.writer.commit()
        mine = other.backtest(key("a"), held=Held.UNCHECKED)
        now[0] = 1001.0
        other.writer.confirm(Mark(mine), 1001.0)
        other.writer.commit()
        later = begin(store)
        later.writer.confirm(later.writer.mark, 1001.0)
        assert later.writer.known(key("a"), NOTHING)[0] == theirs
        # The run itself keeps what it had told.
        assert store.writer(other.run).known(key("a"), NOTHING)[0] == mine


def test_a_disowned_backtest_answers_for_nobody(store, begin, key, look):
    """What is checked after it is not repeated."""
    dead, other = begin(store), begin(store)
    dead.backtest(key("a"), held=Held.CHANGED)
    dead.writer.commit()
    found = other.backtest(key("a"), held=Held.UNCHECKED)
    other.writer.confirm(Mark(found), 0)
    other.writer.commit()
    assert look("SELECT held FROM backtests WHERE id = ?", found) == [(None,)]
