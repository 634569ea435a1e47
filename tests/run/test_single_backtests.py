"""Backtests of given points, in no run: answered by the store, stored, and counted as trials."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import InputsChangedError
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.project_files import STORE
from leanopt_core.search.prepare import prepared
from leanopt_core.search.single import PointResult, backtest_points
from leanopt_core.store.store import Store, open_store

GOOD = {"x": 20, "y": Decimal("0.3"), "mode": "fast"}
SMALL = ("--set", "stage.0.trials=4", "--set", "stage.1.trials=1")


@contextmanager
def opened(project: Path) -> Iterator[Store]:
    """The project's store, made if needed."""
    with open_store(project / STORE) as store:
        yield store


def backtest(
    project: Path, *points: Mapping[str, Any], sets: tuple[str, ...] = (), **more: Any
) -> list[PointResult]:
    """Backtest points of the project's pipeline."""
    loaded = load_pipeline(project / "pipeline.toml", discover(), sets=sets)
    with opened(project) as store, prepared(loaded, hashed=store.hash_file) as ready:
        return backtest_points(ready, store, points, **more)


def rows(project: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the store's file has."""
    with closing(sqlite3.connect(project / STORE)) as connection:
        return connection.execute(sql).fetchall()


def cached(results: list[PointResult]) -> list[bool]:
    """Whether each backtest came from the store."""
    return [one.cached for result in results for one in result.backtests]


def test_a_point_runs_once_and_answers_later(project: Path, leanopt, shown) -> None:
    """Single backtests, and runs."""
    first = backtest(project, GOOD)
    (outcome,) = first[0].outcomes.values()
    profit = 1 - (20 / 40 - 0.6) ** 2 + 0.05
    assert outcome.statistics is not None
    assert outcome.statistics.get("Net Profit") == pytest.approx(profit)
    assert cached(first) == [False]
    second = backtest(project, GOOD)
    assert cached(second) == [True]
    assert second[0].outcomes["default"].statistics == outcome.statistics
    one = ("parameters.x.min=20", "parameters.x.max=20")
    only = ("parameters.y.min=0.3", "parameters.y.max=0.3", 'parameters.mode.choices=["fast"]')
    sets = [part for each in (*one, *only) for part in ("--set", each)]
    leanopt(project, "run", "pipeline.toml", *sets)
    assert shown(project)["backtests"] == {"run": 0, "from_cache": 1}


@pytest.mark.long
def test_trials_of_runs_answer(project: Path, leanopt) -> None:
    """By their exact values, though the caller gives them as it likes."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    found = rows(project, "SELECT parameters FROM trials")
    points = [json.loads(text, parse_float=Decimal) for (text,) in found]
    assert cached(backtest(project, *points)) == [True] * 5
    assert rows(project, "SELECT count(*) FROM single_backtests") == [(0,)]


@pytest.mark.long
def test_it_counts_as_a_trial_once(project: Path) -> None:
    """With the daily Sharpe ratio, computed here from the curve that the strategy gives."""
    backtest(project, GOOD, GOOD)
    backtest(project, GOOD)
    with opened(project) as store:
        (one,) = store.single_backtests("hill")
        assert store.single_backtests("another") == []
    curve = [100.0, 120.0, 99.3, 100 * (1 + 1 - (20 / 40 - 0.6) ** 2 + 0.05)]
    returns = [now / before - 1 for before, now in pairwise(curve)]
    sharpe = statistics.fmean(returns) / statistics.stdev(returns)
    assert one.sharpe == pytest.approx(sharpe, rel=1e-6)
    assert json.loads(one.parameters) == {"x": 20, "y": 0.3, "mode": "fast"}
    assert json.loads(one.scenario) == {"name": "default"}
    assert not one.failed
    assert rows(project, "SELECT run_id, scenario_id FROM backtests") == [(None, None)]
    assert rows(project, "SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.long
def test_a_failure_is_stored_and_counts(project: Path) -> None:
    """As a failed trial; it answers too."""
    bad = next({**GOOD, "x": x} for x in range(1, 41) if (x * 7 + "fast".count("s")) % 13 == 0)
    first, second = backtest(project, bad), backtest(project, bad)
    assert (cached(first), cached(second)) == ([False], [True])
    failure = second[0].outcomes["default"].failure
    assert failure is not None
    assert failure.message.startswith("ValueError: no trading at x")
    with opened(project) as store:
        assert [(one.failed, one.sharpe) for one in store.single_backtests()] == [(True, None)]


@pytest.mark.long
def test_values_off_the_grid_run(project: Path) -> None:
    """The grid of y ends at 1."""
    (result,) = backtest(project, {**GOOD, "y": Decimal("1.01")})
    found = result.outcomes["default"].statistics
    assert found is not None
    assert found.drawdown == pytest.approx(0.1 + 0.2 * 1.01)


@pytest.mark.long
def test_each_scenario_is_backtested_and_counted(project: Path) -> None:
    """In their order."""
    sets = ('scenario=[{symbol = "SPY"}, {symbol = "QQQ"}]',)
    results = backtest(project, GOOD, {**GOOD, "x": 21}, sets=sets)
    assert [[one.scenario.name for one in result.backtests] for result in results] == [
        ["SPY", "QQQ"],
        ["SPY", "QQQ"],
    ]
    with opened(project) as store:
        assert len(store.single_backtests()) == 4


@pytest.mark.long
def test_missing_outputs_run_again_and_count_no_more(project: Path) -> None:
    """The equity curve was not stored, so that the store cannot answer."""
    backtest(project, GOOD)
    (result,) = backtest(project, GOOD, outputs=frozenset({"equity"}))
    (one,) = result.backtests
    assert (one.cached, one.differs) == (False, "")
    assert one.outcome.equity is not None
    assert list(one.outcome.equity.values)[:2] == [100.0, 120.0]
    (result,) = backtest(project, GOOD, outputs=frozenset({"equity"}))
    assert result.backtests[0].cached
    assert result.backtests[0].outcome.equity == one.outcome.equity
    with opened(project) as store:
        assert len(store.single_backtests()) == 1


CLOCK = '''
import time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Another result each time."""
    parameters["x"], parameters["y"], parameters["mode"]
    return Result({"Net Profit": float(time.time_ns())}, times=[86400, 172800], equity=[1.0, 2.0])
'''


@pytest.mark.long
def test_another_result_is_told_and_does_not_replace_the_stored_one(project: Path) -> None:
    """Of a strategy that reads the clock."""
    (project / "strategy.py").write_text(CLOCK)
    (first,) = backtest(project, GOOD)
    (again,) = backtest(project, GOOD, outputs=frozenset({"equity"}))
    assert again.backtests[0].differs.startswith("Net Profit: ")
    (stored,) = backtest(project, GOOD)
    assert stored.outcomes["default"].statistics == first.outcomes["default"].statistics


MEMORY = '''
from leanopt_harness import Result, backtest

earlier = []


@backtest
def run(parameters, scenario):
    """Fail on a worker that has run another point."""
    parameters["y"], parameters["mode"]
    earlier.append(parameters["x"])
    if len(set(earlier)) > 1:
        raise ValueError("the fault of another")
    return Result({"Net Profit": 1.0})
'''


@pytest.mark.long
def test_a_failure_that_others_have_caused_is_none(project: Path) -> None:
    """A worker that had run nothing decides."""
    (project / "strategy.py").write_text(MEMORY)
    points = [{**GOOD, "x": x} for x in (20, 21, 22)]
    done: list[tuple[int, int]] = []
    results = backtest(
        project,
        *points,
        workers=1,
        progress=lambda finished, of: done.append((finished, of)),
        sets=("search.curves=none",),
    )
    assert [result.outcomes["default"].failure for result in results] == [None] * 3
    assert done == [(1, 3), (2, 3), (3, 3)]


READS = '''
from pathlib import Path

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Change the data while it runs, if told to."""
    parameters["x"], parameters["y"]
    data = Path(scenario["data"])
    if parameters["mode"] == "slow":
        data.write_text("other")
    return Result({"Net Profit": float(len(data.read_text()))})
'''


@pytest.mark.long
def test_changed_data_stores_nothing(project: Path) -> None:
    """What ran before the last check that found none stays."""
    (project / "strategy.py").write_text(READS)
    (project / "data.txt").write_text("first")
    sets = ("strategy.data=data.txt", "search.curves=none")
    assert cached(backtest(project, GOOD, sets=sets)) == [False]
    slow = {**GOOD, "mode": "slow"}
    with pytest.raises(InputsChangedError, match=r"data\.txt has changed"):
        backtest(project, slow, sets=sets)
    (project / "data.txt").write_text("first")
    assert cached(backtest(project, GOOD, sets=sets)) == [True]
    with opened(project) as store:
        assert len(store.single_backtests()) == 1


@pytest.mark.long
def test_a_signal_keeps_what_has_finished(project: Path) -> None:
    """The others are not stored."""
    finished: list[int] = []

    def pause() -> float | None:
        if finished:
            raise KeyboardInterrupt
        return None

    points = [{**GOOD, "x": x} for x in range(20, 24)]
    with pytest.raises(KeyboardInterrupt):
        backtest(
            project,
            *points,
            workers=1,
            progress=lambda done, _of: finished.append(done),
            pause=pause,
        )
    with opened(project) as store:
        assert len(store.single_backtests()) == len(finished)
    assert cached(backtest(project, *points[: len(finished)])) == [True] * len(finished)


@pytest.mark.long
def test_an_engine_without_files_does_not_run_again_for_them(project: Path) -> None:
    """It has no full results."""
    (first,) = backtest(project, GOOD, keep=True)
    (second,) = backtest(project, GOOD, keep=True)
    assert (first.backtests[0].cached, second.backtests[0].cached) == (False, True)
    assert first.backtests[0].results is second.backtests[0].results is None
