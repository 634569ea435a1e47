"""The loop with a real pool and a real store: several searches and several scenarios a run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from leanopt_core.executors.pool import Pool
from leanopt_core.needs import Outputs
from leanopt_core.pipeline import PlannedSearch, load_pipeline
from leanopt_core.plugins import Registry, discover
from leanopt_core.scoring import Scorer
from leanopt_core.search.artifacts import ArtifactKeeper
from leanopt_core.search.choose import by_days
from leanopt_core.search.events import BacktestCached, RunEvent, TrialTested
from leanopt_core.search.ledger import Ledger
from leanopt_core.search.loop import RunLoop
from leanopt_core.search.notifier import Checks, Notifier
from leanopt_core.search.prepare import Prepared, build_choice, prepared
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.resume import begin
from leanopt_core.search.setup import setups
from leanopt_core.search.unread import ReadCheck
from leanopt_core.search.unreported import UnreportedCheck
from leanopt_core.search.warm_check import WarmCheck
from leanopt_core.store.records import StoredRun, StoredTestScore
from leanopt_core.store.store import Store, open_store
from leanopt_core.work import Outcome, Scenario
from tests.projects import lay

STRATEGY = """
import time
from random import Random

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    x = parameters["x"]
    time.sleep(Random(f"{x} {scenario.symbol}").random() * 0.004)
    sign = {"up": 1, "down": -1}[scenario.symbol]
    return Result({"Net Profit": sign * x + 0.5, "Drawdown": 0.1})
"""

PIPELINE = """
name = "both"
seed = 3

[strategy]
entry = "strategy.py:run"

[[scenario]]
symbol = "up"
name = "rising"

[[scenario]]
symbol = "down"
name = "falling"

[parameters]
x = { min = 1, max = 30, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"
aggregate = "min"

[search]
lookahead = 4
curves = "none"

[[stage]]
use = "random"
trials = 25
"""


class Silence:
    """A screen that shows nothing, counts what the store answered and keeps what was tested."""

    def __init__(self) -> None:
        self.answered = 0
        self.tested: list[TrialTested] = []

    def observe(self, event: RunEvent) -> None:
        """Count what the store answered, and keep what was tested."""
        if isinstance(event, TrialTested):
            self.tested.append(event)
        self.answered += isinstance(event, BacktestCached)

    def tick(self) -> None:
        """There is nothing to redraw."""

    def patience(self) -> float | None:
        """There is nothing to redraw."""
        return None


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Prepared]:
    """A prepared pipeline of two scenarios."""
    lay(tmp_path, STRATEGY, PIPELINE)
    with prepared(load_pipeline(tmp_path / "pipeline.toml", discover())) as one:
        yield one


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store."""
    with open_store(tmp_path / "leanopt.db") as one:
        yield one


def run(
    ready: Prepared,
    store: Store,
    screen: Silence,
    workers: int = 2,
    check_warm: WarmCheck | None = None,
) -> StoredRun:
    """Begin a run of the plan, take it to its end and return it."""
    fitness = build_choice("fitness function", ready.pipeline.fitness)
    stored = begin(store, ready, fitness.direction)
    return go_on(ready, store, screen, stored, workers, check_warm)


def go_on(
    ready: Prepared,
    store: Store,
    screen: Silence,
    stored: StoredRun,
    workers: int = 2,
    check_warm: WarmCheck | None = None,
) -> StoredRun:
    """Take a stored run to its end and return it."""
    fitness = build_choice("fitness function", ready.pipeline.fitness)
    writer = store.writer(stored)
    space = ready.pipeline.space
    checks = Checks(ReadCheck(["x"]), TypeCheck(space), AlikeCheck(space, {}), UnreportedCheck(()))
    notifier = Notifier(stored.name, Registry(), screen, [], checks)
    with Pool[int](ready.executor, ready.build.launch, workers=workers) as pool:
        RunLoop(
            setups(ready, fitness),
            workers=pool,
            engine=ready.engine,
            ledger=Ledger(stored, writer, store.reader, Outputs()),
            judge=Scorer(fitness, label="fitness"),
            fitness="fitness",
            notifier=notifier,
            keeper=ArtifactKeeper("none", ready.pipeline.folder, stored.name),
            outputs=Outputs(),
            check_warm=check_warm,
        ).run()
    writer.finish("finished")
    return store.runs.get(stored.id)


def in_two(ready: Prepared) -> Prepared:
    """Return the plan with a search for each scenario instead of one for both."""
    searches = (
        PlannedSearch(1, "rising", 11, ("rising",)),
        PlannedSearch(2, "falling", 12, ("falling",)),
    )
    return attrs.evolve(ready, plan=attrs.evolve(ready.plan, searches=searches))


def test_a_trial_has_a_backtest_for_each_scenario(ready: Prepared, store: Store) -> None:
    """The fitness function sees both; here the worse one counts."""
    stored = run(ready, store, Silence())
    trials = list(store.reader.trials(stored.searches[0].id))
    assert len(trials) == 25
    for trial in trials:
        x = json.loads(trial.parameters)["x"]
        profits = [
            o.statistics.values["Net Profit"] for o in trial.outcomes.values() if o.statistics
        ]
        assert profits == [x + 0.5, 0.5 - x]
        assert trial.fitness == 0.5 - x


@pytest.mark.alike(1)
@pytest.mark.parametrize("workers", [1, 3])
def test_several_searches_share_a_run_and_the_first_goes_first(
    ready: Prepared, store: Store, workers: int
) -> None:
    """Each has its own numbers, seed and best; the second opens when workers would idle."""
    stored = run(in_two(ready), store, Silence(), workers)
    rising, falling = stored.searches
    for search, sign in ((rising, 1), (falling, -1)):
        trials = list(store.reader.trials(search.id))
        assert [trial.number for trial in trials] == list(range(1, 26))
        values = [json.loads(trial.parameters)["x"] for trial in trials]
        assert [trial.fitness for trial in trials] == [sign * x + 0.5 for x in values]
        best = max(trials, key=lambda trial: trial.fitness or 0.0)
        assert search.best == best.number
    lines = list(store.reader.canonical(stored))
    assert [json.loads(line)["search"] for line in lines] == [1] * 25 + [2] * 25
    if workers == 1:
        order = store.reader.trials  # backtests have ids in the order in which they ended
        first = [t.backtests[0].id for t in order(rising.id)]
        second = [t.backtests[0].id for t in order(falling.id)]
        # The last few of the first search leave room for the second.
        assert max(first[:-4]) < min(second)


def test_two_searches_over_the_same_scenario_backtest_nothing_twice(
    ready: Prepared, store: Store
) -> None:
    """A backtest under way, or stored, answers the other search's trial too."""
    searches = (PlannedSearch(1, "a", 1, ("rising",)), PlannedSearch(2, "b", 2, ("rising",)))
    both = attrs.evolve(ready, plan=attrs.evolve(ready.plan, searches=searches))
    stored = run(both, store, Silence())
    backtests: dict[str, set[int]] = {}
    for search in stored.searches:
        for trial in store.reader.trials(search.id):
            backtests.setdefault(trial.parameters, set()).add(trial.backtests[0].id)
    assert all(len(ids) == 1 for ids in backtests.values())
    counted = store.reader.tally(stored)
    assert (counted.fresh, counted.cached) == (len(backtests), 50 - len(backtests))


@pytest.mark.alike(1)
@pytest.mark.parametrize("plan", [lambda ready: ready, in_two], ids=["one", "two"])
def test_searches_and_scenarios_keep_the_promise(
    ready: Prepared, tmp_path: Path, plan: Callable[[Prepared], Prepared]
) -> None:
    """The same dump on one worker and on five, and from a warm cache."""
    dumps = set()
    screen = Silence()
    for workers, name in ((1, "a"), (5, "b"), (5, "b")):
        with open_store(tmp_path / name / "leanopt.db") as store:
            stored = run(plan(ready), store, screen, workers)
            dumps.add("\n".join(store.reader.canonical(stored)))
    assert len(dumps) == 1
    assert screen.answered == 50
    shutil.rmtree(tmp_path / "a")


def chosen_ones(ready: Prepared) -> Prepared:
    """Return the plan with one search: one scenario judges its trials, the other tests the best."""
    searches = (PlannedSearch(1, "rising", 11, ("rising",), tests=("falling",)),)
    return attrs.evolve(ready, plan=attrs.evolve(ready.plan, searches=searches))


def test_the_best_trial_is_tested_and_no_method_is_told(ready: Prepared, store: Store) -> None:
    """The test is stored with its role and dumped; the trial's score stays what it was."""
    screen = Silence()
    stored = run(chosen_ones(ready), store, screen)
    [search] = stored.searches
    assert [(one.name, one.role) for one in search.scenarios] == [("rising", "train")]
    assert [(one.name, one.role, one.ordinal) for one in search.tests] == [("falling", "test", 1)]
    trials = list(store.reader.trials(search.id))
    best = max(trials, key=lambda trial: trial.fitness or 0.0)
    x = json.loads(best.parameters)["x"]
    assert search.chosen == search.best == best.number
    assert {trial.number for trial in trials if 1 in trial.backtests} == {best.number}
    assert best.fitness == x + 0.5
    assert search.scores == (StoredTestScore(1, 0.5 - x, 0.0, None, None),)
    scores = [(one.number, one.names, one.score.fitness) for one in screen.tested]
    assert scores == [(best.number, ("falling",), 0.5 - x)]
    *lines, last = [json.loads(line) for line in store.reader.canonical(stored)]
    assert [line["number"] for line in lines] == [trial.number for trial in trials]
    statistics = {"Net Profit": 0.5 - x, "Drawdown": 0.1}
    test = {"search": 1, "test": "falling", "number": best.number, "failure": None}
    assert last == {**test, "statistics": statistics}
    whole = [json.loads(line) for line in store.reader.export(stored)]
    assert whole[best.number - 1]["backtests"]["falling"]["statistics"] == statistics


def test_tests_are_replayed_and_missing_ones_are_made(
    ready: Prepared, store: Store, tmp_path: Path
) -> None:
    """A run that is resumed repeats its trials, takes stored tests, and makes the others."""
    stored = run(chosen_ones(ready), store, Silence())
    dump = list(store.reader.canonical(stored))
    again = Silence()
    stored = go_on(chosen_ones(ready), store, again, stored)
    assert list(store.reader.canonical(stored)) == dump
    assert store.reader.tally(stored).fresh == 26
    assert list(store.reader.first_trials(stored, since=1).values()) == [1]
    with sqlite3.connect(tmp_path / "leanopt.db") as connection:
        connection.execute("DELETE FROM evaluations WHERE ordinal = 1")
        connection.execute("UPDATE backtests SET finished_at = 0")
        connection.execute(
            "DELETE FROM backtests WHERE id NOT IN (SELECT backtest_id FROM evaluations)"
        )
    connection.close()
    assert len(list(store.reader.canonical(stored))) == 25
    scores = stored.searches[0].scores
    stored = go_on(chosen_ones(ready), store, again, stored, workers=1)
    assert list(store.reader.canonical(stored)) == dump
    assert stored.searches[0].scores == scores
    assert again.answered == 0
    # Since then only a test has run, which begins no trial.
    assert store.reader.first_trials(stored, since=1) == {}


def test_tests_of_the_same_days_score_a_trial_together() -> None:
    """In the order of the first of each."""
    years = [(date(year, 1, 1), date(year, 12, 31)) for year in (2008, 2007)]
    tests = [Scenario(f"{symbol} {first}", symbol, first, last)
             for first, last in years for symbol in ("A", "B")]  # fmt: skip
    assert by_days(tests, first=3) == ((3, 4), (5, 6))
    assert by_days([*tests[::2], *tests[1::2]]) == ((0, 2), (1, 3))
    assert by_days([]) == ()


def test_an_engine_that_cannot_read_an_answer_costs_that_trial_only(
    ready: Prepared, store: Store
) -> None:
    """What a foreign engine raises is a failure of the category engine error."""

    class Clumsy:
        def __getattr__(self, name: str) -> object:
            return getattr(ready.engine, name)

        def read(self, *asked: Any) -> Outcome:
            outcome = ready.engine.read(*asked)
            if outcome.statistics and outcome.statistics.values["Net Profit"] == 7.5:
                raise IndexError("a column is missing")
            return outcome

    stored = run(attrs.evolve(ready, engine=Clumsy()), store, Silence())
    failed = [t for t in store.reader.trials(stored.searches[0].id) if t.failure]
    assert [json.loads(trial.parameters)["x"] for trial in failed] == [7]
    assert failed[0].failure == "engine error"
    assert failed[0].backtests[0].message == (
        "the answer cannot be read: IndexError: a column is missing"
    )


# The first process prepares the strategy, the third is the second worker.
THIRD = """
with open("FOLDER/begun", "a+") as begun:
    begun.write("x")
    begun.seek(0)
    third = begun.read() == "xxx"
"""


@pytest.mark.long
def test_a_backtest_that_hangs_on_a_fresh_worker_is_given_up(tmp_path: Path, store: Store) -> None:
    """The run ends, though no time limit ends the backtest."""
    strategy = STRATEGY.replace('["x"]\n', '["x"]\n    while third:\n        time.sleep(1)\n')
    (tmp_path / "strategy.py").write_text(strategy + THIRD.replace("FOLDER", str(tmp_path)))
    (tmp_path / "pipeline.toml").write_text(PIPELINE)
    with prepared(load_pipeline(tmp_path / "pipeline.toml", discover())) as ready:
        check = WarmCheck(0.01, 1, longer=0.1)
        found = run(ready, store, Silence(), workers=1, check_warm=check)
    assert found.searches[0].told == 25
    assert (tmp_path / "begun").read_text().startswith("xxx")
