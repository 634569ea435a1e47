"""What stays of a deleted run, and which cached backtests may be removed."""

from __future__ import annotations

import statistics
from array import array

import numpy as np
import pytest

from leanopt_core.outputs import Equity
from leanopt_core.statistics import Statistics
from leanopt_core.store.answering import Held
from leanopt_core.store.cache import Removal
from leanopt_core.trial import Score
from leanopt_core.work import Category, Failure, Outcome

_DAY = 86_400
_DAYS = 30


def outcome(seed):
    """Return a completed backtest with 30 values of equity."""
    steps = np.random.default_rng(seed).normal(0.001, 0.01, _DAYS)
    values = 100.0 * np.cumprod(1 + steps)
    times = array("q", range(0, _DAYS * _DAY, _DAY))
    return Outcome(Statistics({"Sharpe Ratio": 1.0}), equity=Equity(times, array("d", values)))


def daily_sharpe(found):
    """Return the Sharpe ratio of what is stored: returns as 32-bit floats."""
    values = np.array(found.equity.values)
    returns = (values[1:] / values[:-1] - 1).astype(np.float32).astype(float)
    return statistics.fmean(returns) / statistics.stdev(returns)


def test_a_deleted_run_leaves_the_count_and_the_sharpe_ratios_of_its_trials(store, begin):
    """Failed trials count, withdrawn ones and those without a new backtest do not."""
    first = begin(store, "trend")
    outcomes = [outcome(seed) for seed in range(4)]
    for number, one in enumerate(outcomes, 1):
        first.told(number, one)
    failed = Outcome(failure=Failure(Category.STRATEGY, "no bars"))
    first.told(5, failed, Score(failure="strategy error"))
    first.propose(6)
    first.writer.withdraw(first.search_id, [6])
    first.writer.commit()
    second = begin(store, "trend")
    second.told(1, outcome(9))
    second.propose(2)
    second.writer.evaluate(second.search_id, 2, 0, 1)
    second.writer.tell(second.search_id, 2, Score(1.0, 1.0))
    second.writer.commit()

    store.runs.delete(first.run.id)
    store.runs.delete(second.run.id)

    one, two = store.runs.deleted("trend")
    sharpes = [daily_sharpe(one) for one in outcomes]
    assert (one.run, one.search, one.trials, one.failed, one.sharpes) == (
        *("trend-1", "search 1"),
        *(5, 1, 4),
    )
    assert one.mean == pytest.approx(statistics.fmean(sharpes), rel=1e-12)
    assert one.variance == pytest.approx(statistics.variance(sharpes), rel=1e-12)
    assert one.best == pytest.approx(max(sharpes), rel=1e-12)
    assert one.deleted_at == "2023-11-14T22:13:20+00:00"
    assert (two.run, two.trials, two.failed, two.sharpes, two.variance) == (
        "trend-2",
        1,
        0,
        1,
        None,
    )
    assert two.mean == two.best == pytest.approx(daily_sharpe(outcome(9)), rel=1e-12)
    assert store.runs.deleted("another") == []
    assert store.runs.deleted() == [one, two]


def test_flat_and_missing_curves_have_no_sharpe_ratio(store, begin):
    """A flat curve has no deviation; a backtest without a curve has no returns."""
    recorder = begin(store)
    flat = Equity(array("q", [0, _DAY, 2 * _DAY]), array("d", [1.0, 1.0, 1.0]))
    recorder.told(1, Outcome(Statistics({}), equity=flat))
    recorder.told(2)
    recorder.writer.commit()
    store.runs.delete(recorder.run.id)
    (left,) = store.runs.deleted()
    assert (left.trials, left.sharpes, left.mean, left.variance, left.best) == (
        *(2, 0),
        *(None, None, None),
    )


def test_each_search_and_scenario_has_a_row(store, begin):
    """The number of trials is the search's, the ratios are the scenario's."""
    recorder = begin(store, scenarios=("SPY", "QQQ"), directions=("max", "min"))
    recorder.told(1, outcome(1))
    recorder.writer.commit()
    store.runs.delete(recorder.run.id)
    rows = store.runs.deleted()
    assert [(one.search, one.scenario, one.trials, one.sharpes) for one in rows] == [
        ("search 1", '{"name":"SPY"}', 1, 1),
        ("search 1", '{"name":"QQQ"}', 1, 0),
        ("search 2", '{"name":"SPY"}', 0, 0),
        ("search 2", '{"name":"QQQ"}', 0, 0),
    ]


@pytest.fixture
def unused(store, begin, key):
    """Return a run with one backtest in use and nine that no trial has."""
    recorder = begin(store, needs=("equity", "trades"))
    recorder.told(1, outcome(1))
    for number in range(9):
        held = Held.CHANGED if number == 0 else None
        recorder.backtest(key(f"unused {number}"), outcome(number), held=held)
    recorder.writer.commit()
    return recorder


def test_only_unused_backtests_are_removed_with_their_outputs(store, unused, look):
    """What a kept run's trials refer to stays."""
    assert (store.cache_use().unused, store.cache_use().held) == (9, 1)
    assert store.removable(Removal()) == 9
    assert store.remove_backtests(Removal()) == 9
    (run,) = store.cache_use().runs
    assert (run.name, run.backtests, run.hits, run.served) == ("trend-1", 1, 0, 0)
    for table in ("returns", "equity_curves"):
        assert look(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608 - named here
    assert look("PRAGMA foreign_key_check") == []


@pytest.mark.parametrize(
    ("removal", "count"),
    [
        (Removal(before=1_700_000_000), 0),
        (Removal(before=1_700_000_001), 9),
        (Removal(build="ab"), 9),
        (Removal(build="abd"), 0),
        (Removal(size=1), 9),
        (Removal(size=10**9), 0),
    ],
)
def test_removal_is_limited_by_age_build_and_size(store, unused, look, removal, count):
    """All are limits at once; a size stops the removal as soon as the data take no more."""
    execution = '{"build":{"identity":"abcdef"}}'
    with store._database.transaction():
        store._database.run("UPDATE runs SET execution = ?", (execution,))
    assert store.remove_backtests(removal) == count
    assert look("SELECT count(*) FROM backtests") == [(10 - count,)]


def test_hits_are_counted_for_the_run_that_has_them_and_the_one_that_serves(store, begin):
    """Two trials of the second run are answered by the first one."""
    first, second = begin(store), begin(store)
    found = first.told(1)
    first.writer.commit()
    for number in (1, 2):
        second.propose(number)
        second.writer.evaluate(second.search_id, number, 0, found)
    second.told(3)
    second.writer.commit()
    uses = [(one.name, one.backtests, one.hits, one.served) for one in store.cache_use().runs]
    assert uses == [("trend-1", 1, 0, 2), ("trend-2", 1, 2, 0)]


def test_vacuum_makes_the_file_smaller(store, begin, key, path):
    """The freed pages go back to the file system, and the log with them."""
    recorder = begin(store)
    large = Outcome(Statistics({f"figure {number}": 0.125 for number in range(200)}))
    for number in range(100):
        recorder.backtest(key(str(number)), large)
    recorder.writer.commit()
    full = store.cache_use()
    assert store.remove_backtests(Removal(size=full.used // 2)) == 100
    pruned = store.cache_use()
    assert pruned.used + pruned.free == full.used + full.free
    assert pruned.free > 300_000
    store.vacuum()
    after = store.cache_use()
    assert (after.free, after.log) == (0, 0)
    assert path.stat().st_size == after.used < full.used - 300_000
