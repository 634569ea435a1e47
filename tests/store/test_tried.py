"""Which trials count as tried, case by case."""

from __future__ import annotations

from leanopt_core.statistics import Statistics
from leanopt_core.store.opened import OpenedSets
from leanopt_core.trial import Score
from leanopt_core.work import Backtest, Category, Failure, Outcome, Scenario


def shared(recorder, number, backtest, *, told=True):
    """Propose a trial with a backtest that is there; tell or withdraw it."""
    recorder.propose(number)
    recorder.writer.evaluate(recorder.search_id, number, 0, backtest)
    if told:
        recorder.writer.tell(recorder.search_id, number, Score(1.0, 1.0))
    else:
        recorder.writer.withdraw(recorder.search_id, [number])


def counts(store, strategy="trend"):
    """Return the numbers of the trials that count, by run and search."""
    found = store.tried(strategy)
    return {(one.run, one.number): sorted(one.trials) for one in found.searches}


def test_a_withdrawn_trial_leaves_its_backtest_to_the_next(store, begin, key):
    """It does not count; the first one that is told with its backtest does, and no other."""
    first = begin(store)
    made = first.backtest(key("one"))
    shared(first, 1, made, told=False)
    first.writer.commit()
    second = begin(store)
    shared(second, 1, made)
    shared(second, 2, made)
    second.writer.commit()
    assert counts(store) == {("trend-1", 1): [], ("trend-2", 1): [1]}
    store.runs.delete(second.run.id)
    assert (counts(store), store.tried("trend").total) == ({("trend-1", 1): []}, 1)


def test_the_search_that_ran_a_backtest_comes_first(store, begin, key):
    """Also if an older one has used it before."""
    older, newer = begin(store), begin(store)
    made = newer.told(1)
    newer.writer.commit()
    shared(older, 1, made)
    older.writer.commit()
    assert counts(store) == {("trend-1", 1): [], ("trend-2", 1): [1]}
    for run in (newer, older):
        store.runs.delete(run.run.id)
        assert store.tried("trend").total == 1


def test_a_failed_trial_counts(store, begin):
    """As one that failed."""
    recorder = begin(store)
    recorder.told(1)
    failed = Outcome(failure=Failure(Category.STRATEGY, "no bars"))
    recorder.told(2, failed, Score(failure="strategy error"))
    recorder.writer.commit()
    (search,) = store.tried("trend").searches
    assert (search.trials, search.failed) == ({1, 2}, 1)


def test_a_backtest_outside_runs_counts_there(store, begin, key):
    """A trial that it answers does not count again, unless it is another strategy's."""
    single = Backtest(key=key("one"), scenario=Scenario("default"), parameters={"fast": 1})
    opened = OpenedSets(store._database, lambda _name, _state: True)
    writer = store.single_writer("trend", opened)
    outcome = Outcome(Statistics({"Sharpe Ratio": 1.0}))
    writer.count(single, outcome)
    how = {"outputs": frozenset(), "attempts": 1, "seconds": 1.0, "worker": 1}
    made, *_ = writer.record(single.key, None, outcome, **how)
    writer.commit()
    recorder = begin(store)
    shared(recorder, 1, made)
    recorder.writer.commit()
    assert counts(store) == {("trend-1", 1): []}
    assert store.tried("trend").single == store.tried("trend").total == 1
    store._database.run("UPDATE runs SET strategy = 'other'")
    assert counts(store, "other") == {("trend-1", 1): [1]}
