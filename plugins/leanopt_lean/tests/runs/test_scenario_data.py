"""Data by scenario: which of LEAN's files count for the strategy, and what others change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project

Run = Callable[..., str]


def backtests(run: Run) -> Any:
    """Return how many backtests the newest run made, and how many the store answered."""
    found = json.loads(run("show", "--json"))["backtests"]
    return found["run"], found["from_cache"]


@pytest.mark.long
def test_another_symbol_among_the_data(run: Run, lean: Project) -> None:
    """It voids no stored backtest, with map and factor files neither; a split of SPY voids all."""
    assert "\n  data: 7 files\n" in run("plan", "pipeline.toml")
    run("run", "pipeline.toml", "--set", "stage.surrogate.trials=6")
    made, _ = backtests(run)
    shares = lean.folder / "data" / "equity" / "usa"
    for name in ("daily/qqq.zip", "map_files/qqq.csv", "factor_files/qqq.csv"):
        (shares / name).write_text("20501231,qqq,1,1\n")
    more = ("--set", "search.lookahead=6")
    run("run", "pipeline.toml", "--set", "stage.surrogate.trials=6", *more)
    assert backtests(run) == (0, made)
    factors = shares / "factor_files" / "spy.csv"
    factors.write_text(factors.read_text() + "20501230,1,0.5,0\n")
    more = ("--set", "search.lookahead=7")
    run("run", "pipeline.toml", "--set", "stage.surrogate.trials=6", *more)
    assert backtests(run) == (made, 0)


def test_plan_says_why_all_data_counts(run: Run, lean: Project) -> None:
    """The place in the source, or the option."""
    own = ("--set", 'strategy.config={ data-provider = "Mine" }')
    said = run("plan", "pipeline.toml", *own)
    assert "\n  data: every file counts: strategy.config sets data-provider\n" in said
    patterns = ("--set", 'strategy.data_files=["equity"]')
    assert "\n  data: every file counts\n" in run("plan", "pipeline.toml", *patterns)
    lean.edit(
        "Initialize()\n        {",
        "Initialize()\n        { AddUniverse(Choose);",
        "EmaBands/EmaBands.cs",
    )
    said = run("plan", "pipeline.toml")
    assert "data: every file counts: EmaBands.cs:16: AddUniverse may read any of them\n" in said


@pytest.mark.long
def test_symbols_without_data(run: Run, lean: Project) -> None:
    """With a search for each, theirs end at once and the others run; together nothing runs."""
    long = "x" * 300
    symbols = json.dumps(["SPY", "QQQ", "../../x", long])
    lean.edit('symbol = "SPY"', f"universe = {symbols}\nseparate = true")
    lean.edit('start = "start"', 'symbol = "ticker", start = "start"')
    trials = ("--set", "stage.surrogate.trials=4")
    said = run("run", "pipeline.toml", *trials, code=10)
    assert "warning: QQQ cannot run: " in said
    assert "3 of 4 searches of run spy-1 have no completed trial: QQQ (" in said
    rows = json.loads(run("show", "--json"))["searches"]
    assert [one["completed"] for one in rows] == [4, 0, 0, 0]
    assert "qqq.zip is missing" in rows[1]["why"]
    assert "'../../x' is not a symbol" in rows[2]["why"]
    assert [one["ended"] for one in rows[1:]] == [one["why"] for one in rows[1:]]
    assert run("run", "pipeline.toml", *trials, code=10).count("its result is shown") == 1
    assert "all equal on fresh workers" in run("verify", "spy-1", "--best", "1")
    lean.edit("separate = true", "separate = false")
    said = run("run", "pipeline.toml", *trials, code=5)
    assert "qqq.zip is missing" in said


@pytest.mark.long
def test_windows_without_data(run: Run, lean: Project) -> None:
    """An error; with a search for each symbol, those windows end, and the others run."""
    lean.edit("[parameters]", '[walk_forward]\ntrain = "2y"\ntest = "1y"\n\n[parameters]')
    lean.edit("end = 2007-12-31", "end = 2009-12-31")
    said = run("plan", "pipeline.toml", code=5)
    assert "trading days from 2008-01-0" in said
    lean.edit('symbol = "SPY"', 'universe = ["SPY"]\nseparate = true')
    lean.edit('start = "start"', 'symbol = "ticker", start = "start"')
    # The landscape of the stand-in is of other days, so that all trials fail.
    run("run", "pipeline.toml", "--set", "stage.surrogate.trials=4", code=5)
    rows = json.loads(run("show", "--json"))["searches"]
    assert [one["failed"] for one in rows] == [4, 4, 4, 0, 0]
    # Of the fourth window, it is the test that has no data.
    assert rows[3]["name"] == "SPY 2006-01-01 to 2007-12-31"
    assert " to 2008-12-31 (2008-01-0" in rows[3]["ended"]
    assert " to 2009-12-31 (2009-01-0" in rows[4]["ended"]
