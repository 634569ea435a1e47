"""Runs with several fitness functions: ranking, the Pareto front, the promise, choice of trials."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leanopt_core import open_store
from leanopt_core.errors import UsageError
from tests.processes import kill_once
from tests.projects import lay
from tests.run.conftest import PIPELINE, STRATEGY
from tests.stored import told

ONE = """[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"
"""
TWO = """[[fitness]]
use = "statistic"
name = "profit"
statistic = "Net Profit"

[[fitness]]
use = "statistic"
name = "orders"
statistic = "Total Orders"
direction = "min"
"""
SCALAR = "--set", 'scalar="[profit] - [orders] / 100"'
SMALL = "--set", "stage.0.trials=12", "--set", "stage.1.trials=12"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project of the other tests; its objectives are more profit and fewer orders."""
    folder = tmp_path / "project"
    folder.mkdir()
    return lay(folder, STRATEGY, PIPELINE.replace(ONE, TWO))


def lines(text: str) -> list[dict[str, Any]]:
    """Return the parsed lines of a dump."""
    return [json.loads(line) for line in text.splitlines()]


def front_of(dump: str) -> list[int]:
    """Return the numbers of the front's trials by rank, from the statistics in a dump alone."""
    feasible = {
        one["number"]: (
            one["statistics"]["default"]["Net Profit"],
            -one["statistics"]["default"]["Total Orders"],
        )
        for one in lines(dump)
        if one.get("fitness") is not None and not one["violation"]
    }
    front = [
        number
        for number, (profit, orders) in feasible.items()
        if not any(
            p >= profit and o >= orders and (p, o) != (profit, orders) for p, o in feasible.values()
        )
    ]
    return sorted(front, key=lambda number: (-feasible[number][0], number))


@pytest.mark.long
@pytest.mark.slow
def test_the_whole_way(project: Path, leanopt, canonical, shown) -> None:
    """The front is that of all pairs, wherever it is read; ranking goes by the first objective."""
    leanopt(project, "run", "pipeline.toml")
    dump = canonical(project)
    expected = front_of(dump)
    assert 2 < len(expected) < 30
    best = shown(project)["best"]
    assert [one["fitness"] for one in best] == sorted(one["fitness"] for one in best)[::-1]
    front = shown(project, "--front")
    assert front["objectives"] == ["profit", "orders"]
    assert [one["trial"] for one in front["front"]] == expected
    exported = lines(leanopt(project, "export", "--front").stdout)
    assert [one["number"] for one in exported] == sorted(expected)
    one = exported[0]
    assert one["objectives"] == [one["values"]["profit"], -one["values"]["orders"]]
    assert one["fitness"] == one["values"]["profit"]
    rows = list(
        csv.DictReader(io.StringIO(leanopt(project, "export", "--front", "--to", "csv").stdout))
    )
    assert [int(row["trial"]) for row in rows] == sorted(expected)
    assert float(rows[0]["values.orders"]) == one["values"]["orders"]
    with open_store(project) as store:
        run = store.run()
        assert [one.number for one in store.front(run)] == expected
        assert store.document(run, "front") == front


@pytest.mark.long
def test_a_column_is_sorted_by_its_objectives_direction(project: Path, leanopt) -> None:
    """The run knows it even if all values are 0; trials show it in stores that do not."""
    zero = "--set", 'fitness.orders.statistic="Never"'
    strategy = project / "strategy.py"
    strategy.write_text(
        strategy.read_text().replace('"Total Orders": 2 * x,', '"Total Orders": 2 * x, "Never": 0,')
    )
    for sets, forgotten, said in (
        (SMALL, False, "lowest first"),
        (SMALL, True, "lowest first"),
        ((*SMALL, *zero), False, "lowest first"),
        ((*SMALL, *zero), True, "highest first"),
    ):
        leanopt(project, "run", *sets)
        if forgotten:
            with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as store, store:
                store.execute("UPDATE runs SET execution = json_remove(execution, '$.directions')")
        run = "hill-2" if zero[1] in sets else "hill-1"
        assert (
            f"by orders, {said}" in leanopt(project, "show", run, "--sort", "values.orders").stdout
        )


@pytest.mark.long
def test_a_page_for_people(project: Path, leanopt) -> None:
    """A column for each objective, what ranks trials, and how to see the front."""
    said = leanopt(project, "run", "pipeline.toml", *SMALL).stdout
    head = next(line for line in said.splitlines() if line.startswith("rank"))
    assert head.split()[:7] == ["rank", "trial", "stage", "fitness", "orders", "mode", "x"]
    assert "fitness: profit, by which trials are ranked" in said
    assert "leanopt show hill-1 --front" in said
    page = leanopt(project, "show", "--front", "--top", "1").stdout
    assert page.splitlines()[0].split()[:5] == head.split()[:5]
    assert "more; --top N shows more" in page
    listed = leanopt(project, "show", "--sort", "values.orders").stdout
    assert "by orders, lowest first" in listed
    trial = leanopt(project, "show", "1").stdout
    assert "profit" in trial
    plan = leanopt(project, "plan", "pipeline.toml").stdout
    assert "objectives: profit, orders; trials are ranked by profit" in plan


@pytest.mark.long
def test_a_formula_ranks(project: Path, leanopt, canonical, shown) -> None:
    """Fitness, patience and the best trial go by it; the front and the trials stay."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    before = canonical(project)
    leanopt(project, "run", "pipeline.toml", *SMALL, *SCALAR)
    after = canonical(project)
    assert front_of(before) == front_of(after)
    for old, new in zip(lines(before), lines(after), strict=True):
        assert (old["parameters"], old["values"]) == (new["parameters"], new["values"])
        if new["fitness"] is not None:
            values = new["values"]
            assert new["fitness"] == pytest.approx(values["profit"] - values["orders"] / 100)
    best = shown(project)["best"]
    assert best[0]["fitness"] == max(one["fitness"] for one in best)
    said = leanopt(project, "show").stdout
    assert "fitness: [profit] - [orders] / 100, by which trials are ranked" in said
    assert next(x for x in said.splitlines() if x[:4] == "rank").split()[3:6] == [
        *("fitness", "profit", "orders")
    ]


SEARCHING = """[[stage]]
use = "lhs"
trials = 16

[[stage]]
use = "nsga2"
population_size = 8
trials = 16
seed_from = "lhs"

[[stage]]
use = "optuna"
sampler = "motpe"
trials = 16
seed_from = "all"
"""


@pytest.mark.long
@pytest.mark.slow
def test_the_promise(project: Path, leanopt, start, canonical, processes_of) -> None:
    """The same bytes on one, two and seven workers, and killed and resumed, also on the front."""
    pipeline = project / "pipeline.toml"
    pipeline.write_text(pipeline.read_text().partition("[[stage]]")[0] + SEARCHING)
    dumps = set()
    for workers in ("1", "2", "7"):
        leanopt(project, "run", "pipeline.toml", "--again", "--workers", workers)
        dumps.add(canonical(project))
    assert len(dumps) == 1
    (project / ".leanopt" / "leanopt.db").rename(project / "before.db")
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.03")
    kill_once(process, lambda: told(project) >= 20)
    while processes_of(project):
        pass
    leanopt(project, "run", "pipeline.toml", "--resume", "--workers", "3", HILL_DELAY="0")
    assert {canonical(project)} == dumps


COUNTING = """
from leanopt_core.api import Proposal, StageSpec, hookimpl

LEANOPT_API_VERSION = 2


class Counting:
    def __init__(self, options, start):
        self.start = start

    def ask(self, context):
        told = [len(told.objectives) for told in context.history]
        for point in self.start.space.sample(context.seed):
            return Proposal(point, because={"objectives": self.start.objectives, "told": told})

    def tell(self, trial, context):
        pass

    def refused(self, point):
        pass


@hookimpl
def leanopt_stages():
    return [StageSpec("counting", "counting:Counting", help="Says how many objectives it sees")]
"""


def test_a_method_knows_how_many_there_are(project: Path, install, leanopt) -> None:
    """When it is created; each told trial with a fitness has so many, the others none."""
    install("counting", COUNTING)
    pipeline = project / "pipeline.toml"
    rest = '[[stage]]\nuse = "counting"\ntrials = 40\n'
    for functions, count in ((TWO, 2), (ONE, 1)):
        text = PIPELINE.replace(ONE, functions).partition("[[stage]]")[0]
        pipeline.write_text(text + rest)
        leanopt(project, "run", "pipeline.toml")
        exported = lines(leanopt(project, "export").stdout)
        trials = [one for one in exported if "parameters" in one]
        assert {one["because"]["objectives"] for one in trials} == {count}
        last = max(trials, key=lambda one: one["number"])["because"]["told"]
        assert set(last) == {0, count}
        assert last == [count * (one["fitness"] is not None) for one in trials][: len(last)]


@pytest.mark.long
def test_replay_compares_every_objective(project: Path, leanopt) -> None:
    """A function that scores otherwise than stored is named, also if it does not rank."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    with sqlite3.connect(project / ".leanopt" / "leanopt.db") as store:
        store.execute("UPDATE runs SET state = 'interrupted'")
        store.execute("UPDATE searches SET ended = NULL")
        store.execute("UPDATE stages SET ended = NULL")
        store.execute(
            "UPDATE trials SET detail = json_set(detail, '$.objectives[1]', 1.0) WHERE number = 2"
        )
    found = leanopt(project, "run", "pipeline.toml", *SMALL, "--resume", check=False)
    assert found.returncode == 8
    assert "scores trial 2 otherwise than before: objective 2 was 1.0, now -" in found.stderr


WINDOWS = """
[scenario]
start = 2000-01-01
end = 2005-12-31

[walk_forward]
train = "2y"
test = "2y"

[choose]
use = "front"
tested = 3

[parameters]"""


@pytest.mark.long
def test_trials_of_the_front_are_tested(project: Path, leanopt, canonical, shown) -> None:
    """Spread over the front, the first one by rank; it is the chosen one everywhere."""
    lay(project, STRATEGY, PIPELINE.replace(ONE, TWO).replace("[parameters]", WINDOWS, 1))
    leanopt(project, "run", "pipeline.toml", *SMALL)
    dump = canonical(project)
    found = shown(project)
    assert found["chosen"]
    for one in found["chosen"]:
        own = "\n".join(
            json.dumps({**line, "statistics": {"default": next(iter(line["statistics"].values()))}})
            for line in lines(dump)
            if line["search"] == one["search"] and line.get("state") == "completed"
        )
        front = front_of(own)
        assert (one["rule"], one["trial"]) == ("front", front[0])
        tested = {
            line["number"]
            for line in lines(dump)
            if "test" in line and line["search"] == one["search"]
        }
        assert tested == {front[0], front[(len(front) - 1) // 2], front[-1]}
    with open_store(project) as store:
        run = store.run()
        assert [store.chosen(run, search=one["search"]).number for one in found["chosen"]] == [
            one["trial"] for one in found["chosen"]
        ]


@pytest.mark.long
def test_a_run_with_one_function_has_no_front(project: Path, leanopt) -> None:
    """The message says what it has instead."""
    lay(project, STRATEGY, PIPELINE)
    leanopt(project, "run", "pipeline.toml", *SMALL)
    for command in (("show", "--front"), ("export", "--front")):
        found = leanopt(project, *command, check=False)
        assert found.returncode == 2
        assert "run hill-1 has one fitness function and so no Pareto front" in found.stderr
    found = leanopt(project, "export", "--front", "--canonical", check=False)
    assert "--front works only with --to jsonl and csv; leave out --canonical" in found.stderr
    with open_store(project) as store, pytest.raises(UsageError, match="no Pareto front"):
        store.front(store.run())


@pytest.mark.long
def test_a_target_of_a_function_that_does_not_rank(project: Path, leanopt) -> None:
    """It would never be looked at, so it is an error."""
    for sets in (
        ("--set", "fitness.orders.target=10"),
        (*SCALAR, "--set", "fitness.profit.target=1"),
    ):
        for command in ("run", "check"):
            found = leanopt(project, command, "pipeline.toml", *sets, check=False)
            assert found.returncode == 3
            assert "]: found the target 1" in found.stderr
            assert "expected no target: the function does not rank trials" in found.stderr
