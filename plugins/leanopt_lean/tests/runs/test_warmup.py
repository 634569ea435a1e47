"""`warmup` with LEAN: the warm harness sets it, the Launcher only passes parameters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from leanopt_core.project_files import STORE
from plugins.leanopt_lean.tests.runs.conftest import Project

Run = Callable[..., str]

POINT = ("--param", "fast=3", "--param", "slow=60", "--param", "entry=2")
WARM = ("--set", "scenario.warmup=60d", "--set", "strategy.check_data=false")


def test_the_warm_harness_gets_it(run: Run) -> None:
    """In the request's scenario; the source reads no parameter of it."""
    done = run("backtest", "pipeline.toml", *POINT, *WARM, "--json")
    (found,) = json.loads(done[done.index("{") : done.rindex("}") + 1])["backtests"]
    assert found["failure"] is None
    assert found["definition"]["warmup"] == 60


@pytest.mark.parametrize("harness", ["launcher"])
@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_the_launcher_is_refused(run: Run, lean: Project, command: str) -> None:
    """Before the first backtest: no parameter of the source is a warm-up."""
    said = run(command, "pipeline.toml", *WARM, code=5)
    assert (
        "scenario.warmup: found 60, but EmaBands takes no warm-up from a parameter; remove it, or "
        'write in EmaBands.cs: SetWarmUp(TimeSpan.FromDays(GetParameter("warmupDays", 60)))'
    ) in " ".join(said.split())
    if command == "run":
        with closing(sqlite3.connect(lean.folder / STORE)) as store:
            assert store.execute("SELECT count(*) FROM backtests").fetchone() == (0,)


WINDOWS = ("--set", 'walk_forward={ train = "2y", test = "1y", embargo = "5d" }')


@pytest.mark.parametrize("harness", ["launcher"])
@pytest.mark.parametrize("command", ["check", "run"])
def test_windows_need_dates_that_reach_the_strategy(run: Run, lean: Project, command: str) -> None:
    """The Launcher cannot set them: a source that reads none is refused before the first window."""
    lean.edit('pass_as = { start = "start", end = "end" }', "")
    said = " ".join(run(command, "pipeline.toml", *WINDOWS, code=5).split())
    assert "scenario.start: found 2003-01-01, but EmaBands.cs" in said
    assert 'expected pass_as = { start = "start" } in the scenario' in said
    if command == "run":
        with closing(sqlite3.connect(lean.folder / STORE)) as store:
            assert store.execute("SELECT count(*) FROM backtests").fetchone() == (0,)


@pytest.mark.long
def test_the_warm_harness_sets_the_dates_of_windows(run: Run, lean: Project) -> None:
    """So the source needs to read none; the plan lists the windows."""
    lean.edit('pass_as = { start = "start", end = "end" }', "")
    said = run("plan", "pipeline.toml", *WINDOWS)
    assert "2 searches, one for each window (train 2y, test 1y, embargo 5d)" in said


def test_data_must_hold_the_days_before(run: Run) -> None:
    """The made-up data begins with the scenario."""
    said = run("plan", "pipeline.toml", *WARM[:2], code=5)
    assert "trading days from 2002-11-" in " ".join(said.split())
