"""What a fitness function needs comes back from the store as it was given, to the last bit."""

from __future__ import annotations

import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome

ALL = ("returns", "equity", "trades")
SECONDS = st.integers(-(2**62), 2**62)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CURVES = st.dictionaries(SECONDS, FINITE, max_size=20).map(
    lambda points: Equity(
        array("q", sorted(points)), array("d", [points[time] for time in sorted(points)])
    )
)
TRADES = st.lists(
    st.builds(
        ClosedTrade,
        *(st.none() | kind for kind in (SECONDS, FINITE, FINITE, st.sampled_from([1, -1]))),
        *(st.none() | kind for kind in (SECONDS, *[FINITE] * 5, st.text())),
    ),
    max_size=5,
).map(tuple)


def bits(outcome):
    """Return all that an outcome has besides statistics, floats as their bytes."""
    returns, equity = outcome.returns, outcome.equity
    return (
        returns and (list(returns.days), packed(returns.values), returns.ended),
        equity and (list(equity.times), packed(equity.values)),
        outcome.trades and repr(tuple(outcome.trades)),
    )


def packed(values):
    """Return floats as bytes, so that -0.0 is not 0.0."""
    return struct.pack(f"<{len(values)}d", *values)


@given(st.none() | CURVES, st.none() | TRADES)
def test_fresh_and_stored_are_the_same(lasting_store, begin, equity, trades):
    """At once, before the commit, after it, and when the trial is replayed."""
    recorder = begin(lasting_store, needs=ALL)
    given = Outcome(Statistics({}), equity=equity, trades=trades)
    key = f"{recorder.run.id:064x}"
    recorder.propose(1)
    found, fresh = recorder.writer.record(
        key, recorder.run.searches[0].scenarios[0].id, given, outputs=frozenset(ALL), attempts=1,
        seconds=1.0, worker=1,
    )  # fmt: skip
    recorder.writer.evaluate(recorder.search_id, 1, 0, found)
    before = recorder.writer.known(key, frozenset(ALL))
    recorder.writer.commit()
    after = recorder.writer.known(key, frozenset(ALL))
    trial = lasting_store.reader.trial(recorder.run, 1, 1)
    replayed = lasting_store.reader.outcomes(trial, frozenset(ALL))[0]
    assert before == (found, fresh)
    assert bits(fresh) == bits(after[1]) == bits(replayed)
    assert bits(fresh)[1:] == bits(given)[1:]


@pytest.mark.parametrize("needs", [(), ("returns",), ("trades", "equity")])
def test_an_outcome_has_only_what_is_needed(store, begin, needs):
    """What others stored of a backtest is not read, and what nobody needs is not stored."""
    everything = begin(store, needs=ALL)
    curve = Equity(array("q", [0, 86400]), array("d", [1.0, 1.5]))
    given = Outcome(Statistics({}), equity=curve, trades=(ClosedTrade(),))
    everything.backtest("ab" * 32, given)
    everything.writer.commit()
    _, known = begin(store, needs=needs).writer.known("ab" * 32, frozenset(needs))
    assert {name for name in ALL if getattr(known, name) is not None} == set(needs)


def test_another_run_answers_only_with_what_is_needed(store, begin, look):
    """Daily returns alone answer no function that needs the curve."""
    recorder = begin(store)
    curve = Equity(array("q", [0, 86400]), array("d", [1.0, 1.5]))
    recorder.backtest("ab" * 32, Outcome(Statistics({}), equity=curve, trades=(ClosedTrade(),)))
    recorder.writer.commit()
    other = begin(store, needs=ALL).writer
    assert other.known("ab" * 32, frozenset({"returns"})) is not None
    assert other.known("ab" * 32, frozenset({"equity"})) is None
    assert other.known("ab" * 32, frozenset({"returns", "trades"})) is None
    assert look("SELECT count(*) FROM equity_curves") == look("SELECT count(*) FROM closed_trades")
    assert look("SELECT count(*) FROM equity_curves") == [(0,)]


def test_a_deleted_run_takes_its_curves_and_trades_along(store, begin, look):
    """Unless another run uses the backtest."""
    recorder = begin(store, needs=ALL)
    curve = Equity(array("q", [0, 86400]), array("d", [1.0, 1.5]))
    outcome = Outcome(Statistics({}), equity=curve, trades=(ClosedTrade(),))
    shared, _ = recorder.told(1, outcome), recorder.told(2, outcome)
    recorder.writer.commit()
    other = begin(store, needs=ALL)
    other.propose(1)
    other.writer.evaluate(other.search_id, 1, 0, shared)
    other.writer.commit()
    store.runs.delete(recorder.run.id)
    for table in ("returns", "equity_curves", "closed_trades"):
        sql = f"SELECT backtest_id FROM {table}"  # noqa: S608 - the names are above
        assert look(sql) == [(shared,)]
