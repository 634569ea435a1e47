"""Backtests that no check has confirmed are disowned, and what was told since is taken back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.store.answering import Held
from leanopt_core.store.records import Taken
from leanopt_core.store.store import open_store
from leanopt_core.store.writer import Mark
from leanopt_core.trial import Score

NOTHING: frozenset[str] = frozenset()
# Other tests of a shared store have no backtests of these.
OLD, NEW = "0d7a" * 16, "5ab1" * 16


def tell(recorder, number: int, found: int, fitness: float) -> None:
    """Tell a trial of one backtest."""
    recorder.writer.evaluate(recorder.search_id, number, 0, found)
    recorder.writer.tell(recorder.search_id, number, Score(fitness, fitness))


@given(
    early=st.lists(st.integers(-5, 5), max_size=6),
    late=st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=6),
    pending=st.integers(0, 3),
)
def test_what_is_left_is_what_was_told_before(lasting_store, begin, early, late, pending):
    """The same as if the search had got no further than the first trial of a disowned backtest."""
    store = lasting_store
    one, truth = begin(store, "one"), begin(store, "one")
    old = one.backtest(OLD)
    one.writer.confirm(one.writer.mark, 0)
    kept = len(early)
    if any(fresh for _, fresh in late):
        kept += next(at for at, (_, fresh) in enumerate(late) if fresh)
    else:
        kept += len(late)
    fitnesses = [*((one, False) for one in early), *late]
    for number, (fitness, fresh) in enumerate(fitnesses, 1):
        one.propose(number)
        tell(one, number, one.backtest(NEW) if fresh else old, fitness)
    for number in range(len(fitnesses) + 1, len(fitnesses) + pending + 1):
        one.propose(number)
        one.writer.evaluate(one.search_id, number, 0, one.backtest(NEW))
    shared = truth.backtest(OLD)
    for number, (fitness, _) in enumerate(fitnesses[:kept], 1):
        truth.propose(number)
        tell(truth, number, shared, fitness)
    truth.writer.commit()
    taken_back = one.writer.disown()
    fresh = sum(fresh for _, fresh in late)
    assert taken_back.backtests == fresh + pending
    assert taken_back.trials == len(fitnesses) - kept
    ours, theirs = (store.runs.get(each.run.id) for each in (one, truth))
    assert list(store.reader.canonical(ours)) == list(store.reader.canonical(theirs))
    [search], [expected] = ours.searches, theirs.searches
    assert (search.told, search.best) == (expected.told, expected.best)
    # Trials that were only proposed stay if nothing before them was taken back.
    left = list(store.reader.trials(search.id))
    assert [trial.number for trial in left if trial.told] == list(range(1, kept + 1))
    assert [trial for trial in left if not trial.told and trial.backtests] == []
    # The run itself makes the disowned backtests again.
    assert store.writer(ours).known(NEW, NOTHING) is None


def test_ends_stops_and_sinks_are_taken_back(store, begin, key, look):
    """Each that came with the trials; what a sink had taken before stays."""
    one = begin(store)
    for number in (1, 2):
        one.told(number)
    one.writer.confirm(one.writer.mark, 0)
    stage = one.run.searches[0].stages[0].id
    for number in (3, 4):
        one.told(number)
    one.writer.event("stop", {"reason": "enough"}, search_id=one.search_id, number=4)
    one.writer.event("stop", {"reason": "not yet"}, search_id=one.search_id, number=2)
    one.propose(5)
    one.writer.withdraw(one.search_id, [5])
    one.writer.stage_ended(stage, "stop")
    one.writer.search_ended(one.search_id, "stop")
    one.writer.taken(one.search_id, "a", "jsonl", number=4, stages=1)
    one.writer.taken(one.search_id, "b", "jsonl", number=1, stages=0)
    taken_back = one.writer.disown()
    assert taken_back.left == {one.search_id: Taken(2, 0)}
    assert look("SELECT sink, number, stages FROM sinks ORDER BY sink") == [
        ("a", 2, 0),
        ("b", 1, 0),
    ]
    [search] = store.runs.get(one.run.id).searches
    assert (search.told, search.withdrawn, search.best, search.ended) == (2, 0, 2, None)
    assert search.stages[0].ended is None
    assert [json.loads(detail) for (detail,) in look("SELECT detail FROM events")] == [
        {"reason": "not yet"}
    ]


def test_a_score_of_tests_goes_with_one_of_them(store, begin, key, look):
    """The trial that was tested stays, and its other tests."""
    one = begin(store)
    one.told(1)
    one.writer.evaluate(one.search_id, 1, 1, one.backtest(key("one")))
    one.writer.confirm(one.writer.mark, 0)
    one.writer.evaluate(one.search_id, 1, 2, one.backtest(key("two")))
    one.writer.chosen(one.search_id, 1)
    one.writer.test_scored(one.search_id, 1, (1, 2), Score(0.5, 0.5))
    one.writer.commit()
    [search] = store.runs.get(one.run.id).searches
    assert [(each.ordinal, each.fitness) for each in search.scores] == [(1, 0.5), (2, 0.5)]
    assert one.writer.disown().trials == 0
    assert store.runs.get(one.run.id).searches[0].scores == ()
    assert look("SELECT ordinal FROM evaluations ORDER BY ordinal") == [(0,), (1,)]


def test_other_runs_keep_what_is_theirs(store, begin, key):
    """A run disowns its own backtests only, and only those since the last check."""
    mine, other = begin(store), begin(store)
    first = mine.backtest(key("first"))
    mine.writer.confirm(mine.writer.mark, 0)
    theirs = other.told(1)
    mine.backtest(key("second"))
    other.writer.commit()
    assert mine.writer.disown().backtests == 1
    later = begin(store).writer
    assert later.known(key("first"), NOTHING)[0] == first
    assert later.known(key(f"{other.search_id}-1"), NOTHING)[0] == theirs
    assert later.known(key("second"), NOTHING) is None


def test_a_check_before_the_clock_was_set_back_proves_nothing(path, begin, key):
    """Until the next check: what finished before it cannot be told from the clock."""
    now = [2000.0]
    with open_store(path, clock=lambda: now[0]) as store:
        one, other = begin(store), begin(store)
        other.writer.confirm(other.writer.mark, 2000.0)
        now[0] = 1000.0
        found = one.backtest(key("a"), held=Held.UNCHECKED)
        one.writer.commit()
        assert other.writer.known(key("a"), NOTHING) is None
        now[0] = 1002.0
        other.writer.confirm(other.writer.mark, 1002.0)
        assert other.writer.known(key("a"), NOTHING)[0] == found


@pytest.mark.parametrize("made", [999, 1000, 1001])
def test_an_unchecked_backtest_answers_who_has_checked_since(path, begin, key, made):
    """Whole seconds are stored, so that one of the same second does not answer yet."""
    now = [float(made)]
    with open_store(path, clock=lambda: now[0]) as store:
        one, other = begin(store), begin(store)
        found = one.backtest(key("a"), held=Held.UNCHECKED)
        one.writer.commit()
        assert other.writer.known(key("a"), NOTHING) is None
        now[0] = 1001.0
        other.writer.confirm(other.writer.mark, 1000.9)
        known = other.writer.known(key("a"), NOTHING)
        assert (known and known[0]) == (found if made < 1000 else None)
        one.writer.confirm(Mark(found), 1000.9)
        one.writer.commit()
        assert other.writer.known(key("a"), NOTHING)[0] == found
