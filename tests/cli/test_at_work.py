"""Watch and stop a running run from another process. The strategy waits for a gate file."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from leanopt_core.cli.progress import Progress
from leanopt_core.cli.watch import Follower
from leanopt_core.search.lock import holder, run_lock
from leanopt_core.store.store import open_store
from tests.stored import told

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]
HELD = ("run", "pipeline.toml", "--set", "parameters.kind=held")


@pytest.fixture
def held(project: Path, start: Start) -> subprocess.Popen[str]:
    """A run that has begun and goes on only when `gate` is there."""
    process = start(project, *HELD)
    assert next(process.stderr) == "stage lhs begins\n"
    return process


def test_stop_ends_it_in_good_order(project: Path, held: subprocess.Popen[str], leanopt) -> None:
    """As Ctrl-C would; returns when it has ended, and then there is nothing to stop."""
    assert leanopt(project, "runs").stdout.splitlines()[1].split()[1] == "running"
    refused = leanopt(project, "delete", "slope-1", "--yes", check=False)
    assert refused.returncode == 2
    assert "stop it first: leanopt stop slope-1" in refused.stderr
    assert leanopt(project, "stop").stdout == "run slope-1: interrupted\n"
    assert held.wait(timeout=60) == 130
    again = leanopt(project, "stop", check=False)
    assert again.returncode == 2
    assert again.stderr == "leanopt: run slope-1 is not running (it is interrupted)\n"


@pytest.mark.long
def test_a_killed_run_is_called_so_and_nothing_is_signalled(
    project: Path, held: subprocess.Popen[str], leanopt
) -> None:
    """Its state says running, its lock is free; the number in the lock file may be anybody's."""
    held.send_signal(signal.SIGKILL)
    held.wait(timeout=60)
    lock = project / ".leanopt" / "locks" / "slope-1.lock"
    assert lock.read_text() == f"{held.pid}\n"
    lock.write_text(f"{os.getpid()}\n")
    assert leanopt(project, "stop", check=False).returncode == 2
    assert leanopt(project, "runs").stdout.splitlines()[1].split()[1] == "killed"
    page = leanopt(project, "show").stdout
    assert page.startswith("run slope-1: killed; ")
    assert "leanopt resume slope-1\n" in page
    (project / "gate").touch()
    assert leanopt(project, *HELD, "--resume").stdout.startswith("run slope-1: finished")


def test_watch_follows_it_to_its_end_and_shows_the_result(
    project: Path, held: subprocess.Popen[str], start: Start, leanopt
) -> None:
    """From the store alone; the page is the one that the run itself prints."""
    watching = start(project, "watch")
    (project / "gate").touch()
    printed, _ = held.communicate(timeout=60)
    page, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert page.splitlines()[:3] == printed.splitlines()[:3]
    assert leanopt(project, "watch").stdout.splitlines()[:3] == page.splitlines()[:3]


@pytest.mark.long
def test_watch_knows_the_time_left_from_the_store(
    project: Path, held: subprocess.Popen[str]
) -> None:
    """Of what ran before it began to watch, and without what waits to be told."""
    store = project / ".leanopt" / "leanopt.db"
    ran = "SELECT count(*) FROM backtests"
    # Workers that are held may have a backtest ahead, so that how many run is not certain.
    while not (told(project) == 22 and rows(store, ran) >= [(29,)]):
        assert held.poll() is None
    with open_store(store, read_only=True) as opened:
        progress = Progress(0.0)
        follower = Follower(opened, opened.runs.find(), progress, began=0.0)
        follower.update(time.monotonic())
    assert progress.backtests >= 29
    assert (progress.told, progress.ahead) == (22, progress.backtests - 22)
    view = progress.view(time.monotonic())
    assert view.left is not None
    assert 0 <= view.left < 60
    assert [one.search for one in view.best] == [1] * 5
    assert all(one.parameters for one in view.best)


def rows(store: Path, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.long
def test_ctrl_c_ends_the_watching_only(
    project: Path, held: subprocess.Popen[str], start: Start, leanopt
) -> None:
    """The run goes on."""
    watching = start(project, "watch", "--project", str(project))
    assert "trials" in next(watching.stderr)
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=60) == 0
    assert held.poll() is None
    (project / "gate").touch()
    assert held.wait(timeout=60) == 0


@pytest.mark.long
def test_a_log_has_every_trial_and_every_failure(project: Path, leanopt) -> None:
    """With its parameters; a second run is added to it; verbose prints the same lines."""
    sets = ("--set", "parameters.kind=failing", "--set", "stage.1.trials=1")
    printed = leanopt(project, "run", "pipeline.toml", *sets, "--log", "run.log", "--verbose")
    log = (project / "run.log").read_text()
    told = [
        json.loads(line) for line in leanopt(project, "export", "--canonical").stdout.splitlines()
    ]
    for trial in told:
        x = trial["parameters"]["x"]
        line = next(one for one in log.splitlines() if f" trial {trial['number']} of " in one)
        assert f" x={x} " in line
        assert line.endswith("strategy error") is (trial["failure"] is not None)
        assert f"no bars for x = {x}" in log or trial["failure"] is None
    without_times = [line.partition(" ")[2] for line in log.splitlines()]
    assert [line.partition(" ")[2] for line in printed.stderr.splitlines()] == without_times
    leanopt(project, "run", "pipeline.toml", "--again", *sets, "--log", "run.log")
    assert (project / "run.log").read_text().startswith(log)
    absent = leanopt(project, "run", "pipeline.toml", "--log", "no/where.log", check=False)
    assert (absent.returncode, absent.stderr) == (
        2,
        "leanopt: no/where.log cannot be written: No such file or directory\n",
    )


def test_the_lock_says_who_holds_it_and_only_while_it_is_held(tmp_path: Path) -> None:
    """Also with something written before by another."""
    locks = tmp_path / "locks"
    assert holder(locks, "run-1") is None
    locks.mkdir()
    (locks / "run-1.lock").write_text("1\n")
    assert holder(locks, "run-1") is None
    with run_lock(locks, "run-1"):
        assert holder(locks, "run-1") == os.getpid()
    assert holder(locks, "run-1") is None
    assert not (locks / "run-1.lock").exists()
