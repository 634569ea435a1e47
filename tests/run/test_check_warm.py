"""Strategies whose results depend on what their worker ran before, or on chance."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: `LEAK` is what a backtest does before it returns `profit`.
STRATEGY = """
import numpy
from leanopt_harness import Result, backtest

kept = []


@backtest
def run(parameters, scenario):
    x = parameters["x"]
    profit = float(x)
    LEAK
    return Result({"Net Profit": profit})
"""

PIPELINE = """
name = "warm"

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 12, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"
check_warm = SHARE

[executor]
workers = 1

[[stage]]
use = "grid"
"""

LEAKS = {
    "state that is kept": "kept.append(x); profit += len(kept)",
    "chance": "profit += numpy.random.default_rng().random()",
}


@pytest.fixture
def warm(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a project whose strategy does something before it returns."""

    def write(leak: str, share: float = 0.01) -> Path:
        folder = tmp_path / "warm"
        folder.mkdir(exist_ok=True)
        (folder / "strategy.py").write_text(STRATEGY.replace("LEAK", leak))
        (folder / "pipeline.toml").write_text(PIPELINE.replace("SHARE", str(share)))
        return folder

    return write


def rows(folder: Path, sql: str) -> list[Any]:
    """Return rows of the project's store."""
    with sqlite3.connect(folder / ".leanopt" / "leanopt.db") as store:
        return store.execute(sql).fetchall()


@pytest.mark.alike(1)
@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_result_that_a_fresh_worker_does_not_repeat_is_told(
    warm: Callable[..., Path], leanopt: Any, leak: str
) -> None:
    """At once, and by `show`; the trials stay what they are."""
    folder = warm(leak)
    ended = leanopt(folder, "run", "pipeline.toml")
    assert "was made again on a fresh worker: Net Profit is " in ended.stderr
    shown = json.loads(leanopt(folder, "show", "--json").stdout)
    assert any("results depend on what a worker ran before" in one for one in shown["warnings"])
    [(number, detail)] = rows(folder, "SELECT number, detail FROM events WHERE kind = 'warm'")
    found = json.loads(detail)
    assert (found["what"], number > 1) == ("Net Profit", True)
    assert found["warm"] != found["fresh"]
    assert rows(folder, "SELECT count(*) FROM backtests") == [(12,)]
    again = leanopt(folder, "run", "pipeline.toml", "--again").stdout
    assert "12 from the cache" in again
    assert "or on chance, came from the cache: `leanopt show warm-1` shows a difference" in again


@pytest.mark.long
def test_a_clean_strategy_is_not_warned_of(
    warm: Callable[..., Path], leanopt: Any, canonical: Callable[[Path], str]
) -> None:
    """Its dump is the same with and without checks."""
    folder = warm("pass", 1.0)
    ended = leanopt(folder, "run", "pipeline.toml")
    assert "fresh worker" not in ended.stderr
    assert rows(folder, "SELECT count(*) FROM events") == [(0,)]
    checked = canonical(folder)
    shutil.rmtree(folder / ".leanopt")
    leanopt(warm("pass", 0), "run", "pipeline.toml")
    assert canonical(folder) == checked


@pytest.mark.long
def test_a_run_that_waits_for_a_slow_fresh_worker_says_so(
    warm: Callable[..., Path], leanopt: Any
) -> None:
    """Its trials have ended, and a start such as LEAN's takes seconds."""
    folder = warm("pass")
    source = (folder / "strategy.py").read_text()
    (folder / "strategy.py").write_text(f"import time\ntime.sleep(3)\n{source}")
    said = leanopt(folder, "run", "pipeline.toml").stderr
    assert said.count("is made again on a fresh worker, to compare (search.check_warm)") == 1


@pytest.mark.long
def test_zero_makes_none_again(warm: Callable[..., Path], leanopt: Any) -> None:
    """Not even the one of each run."""
    folder = warm("kept.append(x); profit += len(kept)", 0)
    assert "fresh worker" not in leanopt(folder, "run", "pipeline.toml").stderr


FAILS = "if x % 2: raise ValueError(f'no trades at {x}')"


@pytest.mark.long
@pytest.mark.parametrize(
    ("leak", "share", "held"),
    [
        (FAILS, 0.01, [(None, 6)]),
        ("if x == 1: raise ValueError('no trades at 1')\n    " + FAILS, 0, [(None, 6)]),
        ("if x % 2 and x > 1: raise ValueError(f'no trades at {x}')", 0, [("unconfirmed", 5)]),
        (
            "kept.append(x)\n    if len(kept) > 1: raise ValueError(f'full at {x}')",
            0.01,
            [("unconfirmed", 11)],
        ),
    ],
    ids=["confirmed", "by the first backtest", "never checked", "of a leak"],
)
def test_a_failure_answers_other_runs_once_a_fresh_worker_gave_it(
    warm: Callable[..., Path], leanopt: Any, leak: str, share: float, held: list[Any]
) -> None:
    """One of each kind is enough."""
    folder = warm(leak, share)
    leanopt(folder, "run", "pipeline.toml")
    sql = "SELECT held, count(*) FROM backtests WHERE failure IS NOT NULL GROUP BY held"
    assert rows(folder, sql) == held


@pytest.mark.long
def test_a_strategy_that_removes_the_folder_of_all_workers_costs_one_backtest(
    warm: Callable[..., Path], leanopt: Any
) -> None:
    """At most: the workers end, and others take their places in a new folder."""
    folder = warm("if x == 5: import os, shutil; shutil.rmtree(os.path.dirname(os.getcwd()))")
    ended = leanopt(folder, "run", "pipeline.toml")
    assert ended.returncode == 0
    [(failed,)] = rows(folder, "SELECT count(*) FROM backtests WHERE failure IS NOT NULL")
    assert failed <= 1
    assert rows(folder, "SELECT told FROM searches") == [(12,)]


# The last backtest waits until another one runs for the second time.
WAITS = """with open(LOG, "a") as log: log.write(f"{x},")
    until = time.monotonic() + 20
    while x == 12 and len(set(xs := open(LOG).read().split(","))) == len(xs):
        if time.monotonic() > until: raise ValueError("none was made again")
        time.sleep(0.01)"""


@pytest.mark.long
def test_a_worker_without_work_does_not_wait_for_the_last_backtest(
    warm: Callable[..., Path], leanopt: Any, tmp_path: Path
) -> None:
    """The backtest that every run makes again is made meanwhile."""
    leak = f"import time; LOG = {str(tmp_path / 'log')!r}\n    {WAITS}"
    ended = leanopt(warm(leak, 0.000001), "run", "pipeline.toml", "--workers", "2")
    assert "12 trials: 12 feasible" in ended.stdout
    assert "fresh worker" not in ended.stderr


# The last backtest waits until another process has imported the strategy.
STARTS = """until = time.monotonic() + 20
    while x == 12 and len(open(LOG).read()) == imported:
        if time.monotonic() > until: raise ValueError("no other worker has started")
        time.sleep(0.01)"""


@pytest.mark.long
def test_the_end_of_a_run_does_not_wait_for_the_start_of_a_fresh_worker(
    warm: Callable[..., Path], leanopt: Any, tmp_path: Path
) -> None:
    """It starts while the last backtests run, also if no worker is idle."""
    folder = warm(STARTS, 0.000001)
    source = (folder / "strategy.py").read_text()
    begin = f"import time\nLOG = {str(tmp_path / 'log')!r}\nopen(LOG, 'a').write('i')\n"
    (folder / "strategy.py").write_text(f"{begin}imported = len(open(LOG).read())\n{source}")
    ended = leanopt(folder, "run", "pipeline.toml")
    assert "12 trials: 12 feasible" in ended.stdout
    assert rows(folder, "SELECT count(*) FROM events") == [(0,)]
