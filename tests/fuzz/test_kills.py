"""Runs killed at seeded moments and resumed, often several times: each equals the undisturbed one.

`make fuzz FUZZ=200` runs so many cases, `FUZZ_FROM=1000` begins with another one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import frozen

from tests.fuzz import killed
from tests.processes import processes_of
from tests.projects import lay

CASES, FIRST = int(os.environ.get("FUZZ", "30")), int(os.environ.get("FUZZ_FROM", "0"))
KINDS = (*killed.KINDS, killed.TORN)
#: Sizes of the write-ahead log in bytes: the first are those of a store that is being made.
LOG = 30_000, 700_000

#: Results come in another order than they were asked for; some points fail, some violate.
STRATEGY = '''
import time
from pathlib import Path
from random import Random

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """A hill with holes in it."""
    x, y, mode = parameters["x"], parameters["y"], parameters["mode"]
    time.sleep(Random(f"{x} {y}").random() * 0.004)
    if (x * 7 + len(mode)) % 13 == 0:
        raise ValueError(f"no trading at x = {x}")
    height = float((Path(scenario.data) / "prices.csv").read_text())
    profit = height - (x / 40 - 0.6) ** 2 - (y - 0.3) ** 2 + 0.05 * (mode == "fast")
    return Result(
        {"Net Profit": profit, "Drawdown": 0.1 + 0.2 * y},
        times=[86400 * day + 75600 for day in range(3)],
        equity=[100.0, 100 + x, 99 + y],
    )
'''

PIPELINE = """
name = "hill"
seed = 7

[strategy]
entry = "strategy.py:run"
data = "data"

[parameters]
x = { min = 1, max = 40, step = 1 }
y = { min = 0.0, max = 1.0, step = 0.05 }
mode = { choices = ["slow", "fast"] }

[constraints]
parameters = ["x + 10 * y >= 3"]
results = ["Drawdown <= 25%"]

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
lookahead = 4
check_warm = 0

[[stage]]
use = "lhs"
trials = 10

[[stage]]
use = "optuna"
trials = 8

[[stage]]
use = "surrogate"
trials = 6

[[stage]]
use = "ga_deap"
trials = 16
population_size = 6
final_population_size = 4

[[stage]]
use = "local_grid"
trials = 10
"""

TOLD = """
SELECT number, parameters, state, fitness, violation, failure FROM trials
WHERE state IN ('completed', 'failed') ORDER BY number"""
#: Keys with more than one backtest that answers.
TWICE = "SELECT key FROM backtests WHERE held IS NULL GROUP BY key HAVING count(*) > 1"


@frozen
class Truth:
    """An undisturbed run: its canonical dump, its told trials, how often it passed each point."""

    dump: str
    told: list[tuple[Any, ...]]
    passes: Mapping[str, int]


def written(folder: Path) -> Path:
    """Write the project into a new folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "prices.csv").write_text("10")
    lay(folder, STRATEGY, PIPELINE)
    return folder


def run(folder: Path, point: str, count: int, workers: int) -> subprocess.CompletedProcess[str]:
    """Run the pipeline in a process that kills itself when it passes a point."""
    command = [sys.executable, killed.__file__, point, str(count)]
    return subprocess.run(
        [*command, "run", "pipeline.toml", "--workers", str(workers)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def query(store: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Truth:
    """The undisturbed run, on two workers."""
    folder = written(tmp_path_factory.mktemp("truth") / "project")
    done = run(folder, "none", 0, 2)
    assert done.returncode == 0, done.stderr
    dump = leanopt(folder, "export", "--to", "jsonl", "--canonical").stdout
    told = query(folder / ".leanopt" / "leanopt.db", TOLD)
    return Truth(dump, told, json.loads(done.stderr.splitlines()[-1]))


def moments(random: Random, kind: str, passes: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Choose one moment of a kind, and often more for the resumed runs, which pass fewer points."""
    yield _moment(random, kind, passes)
    anything = defaultdict(lambda: 1, passes)
    for later in random.choices(KINDS, k=random.choice((0, 0, 1, 2))):
        yield _moment(random, later, anything)


def _moment(random: Random, kind: str, passes: Mapping[str, int]) -> tuple[str, int]:
    if kind == killed.TORN:
        return killed.TORN, random.randint(*LOG)
    reached = [point for point in killed.points(kind) if point in passes]
    point = random.choice(reached or killed.points(kind))
    # How many results share a commit depends on their timing, so that there may be fewer writes.
    most = passes[point] * 2 // 3 if kind == "write" else passes[point]
    return point, random.randint(1, most)


def check_store(folder: Path, scratch: Path, truth: Truth) -> None:
    """Check what a killed run has left, in a copy: opening the store would already repair it."""
    store = folder / ".leanopt"
    scratch.mkdir()
    for file in store.glob("leanopt.db*"):
        shutil.copy(file, scratch)
    copy = scratch / "leanopt.db"
    assert query(copy, "PRAGMA integrity_check") == [("ok",)]
    assert query(copy, "PRAGMA foreign_key_check") == []
    if query(copy, "SELECT 1 FROM sqlite_master WHERE name = 'trials'"):
        told = query(copy, TOLD)
        assert told == truth.told[: len(told)]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("case", range(FIRST, FIRST + CASES))
def test_killed_and_resumed(tmp_path: Path, leanopt, canonical, truth: Truth, case: int) -> None:
    """With another number of workers each time; no process stays, no lease, no second backtest."""
    folder, random = written(tmp_path / "project"), Random(case)
    if case % 5 == 0:
        # Backtests are made again on fresh workers, too; that is no part of the plan.
        (folder / "pipeline.toml").write_text(PIPELINE.replace("check_warm = 0\n", ""))
    kind = KINDS[case % len(KINDS)]
    workers = random.sample(range(1, 5), k=4)
    for number, (point, count) in enumerate(moments(random, kind, truth.passes)):
        done = run(folder, point, count, workers.pop())
        died = done.returncode in (-signal.SIGKILL, -signal.SIGXFSZ)
        # A resumed run may end before it has passed a point as often.
        assert died or (number and done.returncode == 0), (point, count, done.stderr)
        while processes_of(folder):
            pass
        if (folder / ".leanopt" / "leanopt.db").exists():
            check_store(folder, tmp_path / f"copy-{number}", truth)
    leanopt(folder, "run", "pipeline.toml", "--workers", str(workers.pop()))
    assert canonical(folder) == truth.dump
    store = folder / ".leanopt" / "leanopt.db"
    assert query(store, "SELECT name, state FROM runs") == [("hill-1", "finished")]
    assert query(store, "SELECT * FROM leases") == []
    assert query(store, TWICE) == []
    assert query(store, "SELECT count(*), count(DISTINCT key) FROM backtests") == [
        (len(truth.told), len(truth.told))
    ]
