"""Runs: begun, found, summed up, deleted."""

from __future__ import annotations

import json
from array import array

import pytest

from leanopt_core.errors import StoreError, UsageError
from leanopt_core.outputs import Equity
from leanopt_core.statistics import Statistics
from leanopt_core.store.records import Taken
from leanopt_core.trial import Score
from leanopt_core.work import Outcome


def test_a_run_comes_back_with_its_searches(store, begin):
    """A run comes back with its searches."""
    run = begin(store, scenarios=("SPY", "QQQ"), directions=("max", "min")).run
    assert (run.name, run.state, run.started_at) == (
        "trend-1",
        "running",
        "2023-11-14T22:13:20+00:00",
    )
    assert (json.loads(run.plan), json.loads(run.execution)) == ({"seed": 7}, {"workers": 2})
    assert [(s.number, s.direction, s.seed) for s in run.searches] == [(1, "max", 1), (2, "min", 2)]
    assert [(s.ordinal, s.name) for s in run.searches[1].scenarios] == [(0, "SPY"), (1, "QQQ")]
    assert [(s.name, s.distribution, s.trials) for s in run.searches[0].stages] == [
        ("lhs", "leanopt-lhs", 100)
    ]
    assert store.runs.get(run.id) == run


def test_runs_are_found_by_name_or_its_beginning_the_newest_by_nothing(store, begin):
    """Runs are found by name or its beginning the newest by nothing."""
    names = [begin(store, name).run.name for name in ("spy-trend", "spy-mean", "qqq", "qqq")]
    assert names == ["spy-trend-1", "spy-mean-1", "qqq-1", "qqq-2"]
    assert store.runs.find().name == "qqq-2"
    assert store.runs.find("spy-t").name == "spy-trend-1"
    assert store.runs.find("qqq-1").name == "qqq-1"


def test_a_whole_name_counts_before_the_beginning_of_another(store, begin):
    """A whole name counts before the beginning of another."""
    names = [begin(store).run.name for _ in range(10)]
    assert names[-1] == "trend-10"
    assert store.runs.find("trend-1").name == "trend-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spy", "'spy' matches several runs: spy-trend-1, spy-mean-1"),
        ("spy-trand-1", "there is no run 'spy-trand-1' (did you mean 'spy-trend-1'?)"),
        ("zzz", "there is no run 'zzz' (choose from: spy-mean-1, spy-trend-1)"),
    ],
)
def test_a_name_that_finds_no_run(store, begin, text, message):
    """A name that finds no run, or several, is answered with those that may be meant."""
    begin(store, "spy-trend")
    begin(store, "spy-mean")
    with pytest.raises(UsageError) as caught:
        store.runs.find(text)
    assert str(caught.value) == message


def test_a_store_without_runs(store, path):
    """A store without runs says how to start one."""
    with pytest.raises(UsageError) as caught:
        store.runs.find()
    assert str(caught.value) == f"{path}: no runs yet; `leanopt run` starts one"
    with pytest.raises(UsageError, match="there is no run with id 7"):
        store.runs.get(7)
    assert store.runs.summaries() == []


def test_unfinished_runs_come_newest_first(store, begin):
    """Those that could be resumed, whatever their plan."""
    runs = [begin(store, plan_hash=plan) for plan in ("a", "a", "a", "b")]
    runs[1].writer.finish("interrupted")
    runs[2].writer.finish("finished")
    names = [run.name for run in store.runs.unfinished()]
    assert names == [runs[at].run.name for at in (3, 1, 0)]


def test_runs_of_a_plan_come_newest_first(store, begin, look):
    """Whatever their state; of another version of plans all, since their hashes tell nothing."""
    runs = [begin(store, plan_hash=plan) for plan in ("a", "a", "b", "b", "a")]
    with store._database.transaction():
        store._database.run("UPDATE runs SET plan = json_object('version', 3)")
        store._database.run("UPDATE runs SET plan = '{\"version\": 2}' WHERE id = 3")
    runs[1].writer.finish("finished")
    names = [run.name for run in store.runs.of_plan("a", 3)]
    assert names == [runs[at].run.name for at in (4, 2, 1, 0)]
    assert look("SELECT count(*) FROM runs") == [(5,)]


def test_runs_are_summed_up_the_newest_first(store, begin):
    """Runs are summed up the newest first."""
    first = begin(store, directions=("min",))
    for number, score in enumerate(
        [Score(3.0, -3.0), Score(1.0, -1.0), Score(0.5, -0.5, 2.0), Score(failure="timeout")], 1
    ):
        first.told(number, score=score)
    first.propose(5)
    first.writer.withdraw(first.search_id, [5])
    first.writer.finish("finished")
    begin(store)
    second, summed = store.runs.summaries()
    assert (second.name, second.completed, second.best_fitness) == ("trend-2", 0, None)
    assert (summed.state, summed.searches) == ("finished", 1)
    assert (summed.completed, summed.failed, summed.withdrawn) == (3, 1, 1)
    assert summed.best_fitness == 1.0


def test_the_views_show_runs_and_trials(store, begin, look):
    """The views show runs and trials."""
    recorder = begin(store)
    recorder.told(1)
    recorder.told(2)
    recorder.writer.finish("finished")
    assert look("SELECT run, completed, failed, best_fitness FROM runs_summary") == [
        ("trend-1", 2, 0, 2.0)
    ]
    assert look("SELECT rank, trial, stage, statistics FROM trials_ranked") == [
        (1, 2, "lhs", '{"Sharpe Ratio":1.5}'),
        (2, 1, "lhs", '{"Sharpe Ratio":1.5}'),
    ]


def test_deleting_a_run_keeps_what_others_rely_on(store, begin, look, key):
    """Deleting a run keeps what others rely on."""
    curve = Equity(array("q", [0, 86400, 172800]), array("d", [1.0, 2.0, 3.0]))
    other_days = Equity(array("q", [0, 86400]), array("d", [1.0, 2.0]))
    old, young = begin(store), begin(store)
    shared = old.told(1, Outcome(Statistics({"Drawdown": 0.1}), equity=curve))
    alone = old.told(2, Outcome(Statistics({"Drawdown": 0.2}), equity=other_days))
    old.writer.event("stop", {"reason": "x"}, search_id=old.search_id, number=2)
    old.writer.taken(old.search_id, "a", "mail", number=2, stages=1)
    old.writer.finish("finished")
    young.propose(1)
    young.writer.evaluate(young.search_id, 1, 0, shared)
    young.writer.finish("finished")
    assert store.reader.taken(old.run, "a") == {1: Taken(2, 1)}
    store.runs.delete(old.run.id)
    assert look("SELECT id, run_id, scenario_id FROM backtests") == [(shared, None, None)]
    assert [run.name for run in store.runs.summaries()] == ["trend-2"]
    assert list(store.reader.returns(shared).values) == [1.0, 0.5]
    assert store.reader.returns(alone) is None
    assert look("SELECT count FROM calendars") == [(2,)]
    assert young.writer.known(key(f"{old.search_id}-1"), frozenset())[0] == shared
    assert len(list(store.reader.trials(young.search_id))) == 1
    assert look("PRAGMA foreign_key_check") == []
    left = {
        name: look(f"SELECT count(*) FROM {name}")[0][0]  # noqa: S608 - names written here
        for name in ("runs", "searches", "stages", "scenarios", "trials", "events", "sinks")
    }
    one = dict.fromkeys(("runs", "searches", "stages", "scenarios", "trials"), 1)
    assert left == {**one, "events": 0, "sinks": 0}
    store.runs.delete(young.run.id)
    assert look("SELECT count(*) FROM backtests") == [(1,)]


def test_references_are_enforced_after_a_deletion_as_before(store, begin):
    """References are enforced after a deletion as before."""
    store.runs.delete(begin(store).run.id)
    recorder = begin(store)
    recorder.propose(1)
    recorder.writer.evaluate(recorder.search_id, 1, 0, 12345)
    with pytest.raises(StoreError, match="data that this run needs was deleted"):
        recorder.writer.commit()


def test_a_run_is_counted_by_what_became_of_its_trials(store, begin):
    """Every told trial is of one kind; backtests of other runs are told apart."""
    earlier = begin(store)
    cached = earlier.backtest("ab" * 32)
    earlier.writer.commit()
    recorder = begin(store)
    scores = [
        Score(1.0, 1.0),
        Score(2.0, 2.0, 0.5),
        Score(None, None, 0.25),
        Score(reasons=("too few trades",)),
        Score(failure="timeout"),
        Score(failure="worker died"),
        Score(failure="worker died"),
    ]
    for number, score in enumerate(scores, 1):
        recorder.told(number, score=score)
    recorder.propose(8)
    recorder.propose(9)
    recorder.writer.evaluate(recorder.search_id, 8, 0, cached)
    recorder.writer.tell(recorder.search_id, 8, Score(3.0, 3.0))
    recorder.writer.withdraw(recorder.search_id, [9])
    recorder.writer.stage_ended(recorder.run.searches[0].stages[0].id, "stop")
    recorder.writer.commit()
    found = store.reader.tally(recorder.run)
    assert (found.feasible, found.infeasible, found.unscored) == (2, 2, 1)
    assert list(found.failures.items()) == [("worker died", 2), ("timeout", 1)]
    assert found.failures == store.reader.failures(recorder.run)
    assert (found.completed, found.failed, found.withdrawn) == (5, 3, 1)
    assert (found.fresh, found.cached) == (7, 1)
    assert [(one.name, one.trials, one.ended) for one in found.stages] == [("lhs", 100, "stop")]
