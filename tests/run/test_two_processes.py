"""Two processes at one store at the same time: no backtest is run twice, and none is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.command import LEANOPT
from tests.stored import told

#: Notes each backtest that it runs, in one write.
STRATEGY = '''
import os
import time
from pathlib import Path

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Cost some time."""
    noted = os.open(Path(__file__).with_name("noted"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(noted, b"%d\\n" % parameters["x"])
    os.close(noted)
    time.sleep(parameters["seconds"])
    while not Path(__file__).with_name("go").exists():
        time.sleep(0.01)
    return Result({"Net Profit": parameters["x"] / 7})
'''

PIPELINE = """
name = "{name}"
seed = {seed}

[strategy]
entry = "strategy.py:run"

[parameters]
x = {{ min = 1, max = {points}, step = 1 }}
seconds = {seconds}

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"
check_warm = 0

[[stage]]
use = "random"
trials = {points}
"""

Write = Callable[..., Path]


@pytest.fixture
def two(tmp_path: Path) -> Write:
    """Write two pipelines over the same points, in another order.

    Without `go`, a backtest waits for a file of that name.
    """

    def write(points: int, seconds: float = 0.001, *, go: bool = True) -> Path:
        if go:
            (tmp_path / "go").touch()
        (tmp_path / "strategy.py").write_text(STRATEGY)
        for seed, name in enumerate(("first", "second")):
            text = PIPELINE.format(name=name, seed=seed, points=points, seconds=seconds)
            (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path

    return write


def noted(folder: Path) -> Counter[int]:
    """Return how often each point was run."""
    path = folder / "noted"
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query in the folder's store."""
    with closing(sqlite3.connect(folder / ".leanopt" / "leanopt.db")) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("points", [150, pytest.param(2000, marks=pytest.mark.long)])
def test_two_processes_run_shared_points_once(two: Write, start, leanopt, points: int) -> None:
    """Each takes what the other has run; the trials are those of a run that is alone."""
    folder = two(points)
    both = [start(folder, "run", f"{name}.toml", "--workers", "2") for name in ("first", "second")]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert noted(folder) == dict.fromkeys(range(1, points + 1), 1)
    assert query(folder, "SELECT count(*), count(DISTINCT key) FROM backtests") == [(points,) * 2]
    assert query(folder, "SELECT * FROM leases") == []
    assert "locked" not in "".join(errors)
    dump = ("export", "first-1", "--to", "jsonl", "--canonical")
    beside = leanopt(folder, *dump).stdout
    shutil.rmtree(folder / ".leanopt")
    leanopt(folder, "run", "first.toml", "--workers", "2")
    assert leanopt(folder, *dump).stdout == beside


@pytest.mark.long
@pytest.mark.slow
def test_what_a_killed_process_ran_is_run_by_the_other(two: Write, start) -> None:
    """At once: the test would end before the ten minutes that its leases count."""
    folder = two(60, seconds=0.05)
    first = start(folder, "run", "first.toml", "--workers", "2")
    second = start(folder, "run", "second.toml", "--workers", "2")
    while told(folder) < 10 or len(query(folder, "SELECT DISTINCT process_id FROM leases")) < 2:
        assert first.poll() is None, first.communicate()[1]
        assert second.poll() is None, second.communicate()[1]
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    _, errors = second.communicate()
    assert second.returncode == 0, errors
    often = noted(folder)
    assert set(often) == set(range(1, 61))
    # Only what the dead one had not stored: one backtest a worker, and those that just ended.
    assert sum(often.values()) - 60 <= 8
    assert query(folder, "SELECT count(*), count(DISTINCT key) FROM backtests") == [(60, 60)]


@pytest.mark.long
@pytest.mark.slow
def test_what_both_have_run_counts_once_for_both(two: Write, start) -> None:
    """The lease of a process that takes too long ends; the first outcome stored answers both."""
    folder = two(2, go=False)
    first = start(folder, "run", "first.toml", "--workers", "2")
    while len(noted(folder)) < 2 or len(query(folder, "SELECT * FROM leases")) < 2:
        assert first.poll() is None, first.communicate()[1]
    second = start(folder, "run", "second.toml", "--workers", "2")
    while query(folder, "SELECT state FROM processes") != [("sharing",), ("sharing",)]:
        assert second.poll() is None, second.communicate()[1]
    with closing(sqlite3.connect(folder / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE leases SET taken_at = 0")
        connection.commit()
    while noted(folder) != {1: 2, 2: 2}:
        assert second.poll() is None, second.communicate()[1]
    (folder / "go").touch()
    errors = [process.communicate()[1] for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], errors
    assert query(folder, "SELECT count(*), count(DISTINCT key) FROM backtests") == [(2, 2)]
    assert query(folder, "SELECT count(*), count(DISTINCT backtest_id) FROM evaluations") == [
        (4, 2)
    ]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("durability", ["power", "process"])
def test_how_often_the_store_is_synced(two: Write, durability: str) -> None:
    """With `power`, the disk has each result before its trial is told; else it is not waited for.

    The log gets a line for each told trial. With a lookahead of 1 no two share a commit.
    """
    folder = two(12)
    sets = (f"search.durability={durability}", "search.lookahead=1")
    command = [
        *("strace", "-f", "-y", "-s", "200", "-o", folder / "trace"),
        *("-e", "trace=fsync,fdatasync,write"),
        *(LEANOPT, "run", "first.toml", "--workers", "1", "--log", "log"),
        *(word for one in sets for word in ("--set", one)),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    synced, before_told = 0, []
    for line in (folder / "trace").read_text(errors="replace").splitlines():
        synced += "sync(" in line and "leanopt.db" in line
        if f"<{folder}/log>" in line and "+00:00 trial " in line:
            before_told.append(synced)
    assert len(before_told) == 12, (folder / "log").read_text()
    if durability == "power":
        assert len(set(before_told)) == 12
    else:
        assert before_told[-1] == before_told[0]
