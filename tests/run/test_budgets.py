"""Budgets of a whole search: trials, backtests, running time."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest


def lines(text: str) -> list[dict]:
    """Return the parsed lines of a canonical dump."""
    return [json.loads(line) for line in text.splitlines()]


def set_state(folder: Path, state: str) -> None:
    """Make the newest run look as if it had not finished."""
    with sqlite3.connect(folder / ".leanopt" / "leanopt.db") as connection:
        connection.execute("UPDATE runs SET state = ?", (state,))
    connection.close()


@pytest.mark.long
def test_a_budget_of_trials_ends_the_search(project: Path, leanopt, canonical, shown) -> None:
    """It is part of the plan, and leanopt plan counts it."""
    sets = ("--set", "search.trials=30")
    plan = json.loads(leanopt(project, "plan", "pipeline.toml", "--json", *sets).stdout)
    assert (plan["trials"], plan["plan"]["trials"]) == (30, 30)
    assert "backtests" not in plan["plan"]
    ended = leanopt(project, "run", "pipeline.toml", *sets)
    assert ended.returncode == 0
    told = [one for one in lines(canonical(project)) if one["state"] != "withdrawn"]
    assert len(told) == 30
    assert "search.trials" in {stage["ended"] for stage in shown(project)["stages"]}


@pytest.mark.long
def test_a_budget_of_backtests_counts_each_scenario(project: Path, leanopt, canonical) -> None:
    """Answers from the store count like fresh ones, so that a warm cache changes nothing."""
    text = (project / "pipeline.toml").read_text()
    two = '[[scenario]]\nname = "one"\nstart = 2020-01-01\n[[scenario]]\nname = "two"\n'
    (project / "pipeline.toml").write_text(f"{text}\n{two}")
    sets = ("--set", "search.backtests=21")
    leanopt(project, "run", "pipeline.toml", *sets, "--set", "search.durability=power")
    first = canonical(project)
    assert len(lines(first)) == 10
    leanopt(project, "delete", "hill-1", "--yes")
    leanopt(project, "run", "pipeline.toml", "--set", "search.backtests=10")
    leanopt(project, "run", "pipeline.toml", *sets)
    assert canonical(project) == first
    few = leanopt(project, "check", "pipeline.toml", "--set", "search.backtests=1", check=False)
    assert few.returncode == 3
    assert "search.backtests: found 1, expected 2 or more" in few.stderr


def test_time_ends_the_search_and_is_replayed(project: Path, leanopt, canonical) -> None:
    """The stop is stored before it takes effect; time is not in the plan."""
    ended = leanopt(project, "run", "pipeline.toml", "--set", "search.time=1ms")
    assert ended.returncode == 0
    dump = canonical(project)
    (stop,) = [one for one in lines(dump) if "stop" in one]
    expected = {"ended": "time", "reason": "search.time: ran for 0.001 s"}
    assert (stop["number"], stop["stop"]) == (1, expected)
    set_state(project, "interrupted")
    leanopt(project, "run", "pipeline.toml", "--resume", "--set", "search.time=1h")
    assert canonical(project) == dump


@pytest.mark.long
def test_time_ends_a_stage_alone(project: Path, leanopt, canonical, shown) -> None:
    """Each stage works until its time is over; the last one has no limit."""
    text = (project / "pipeline.toml").read_text()
    first, stage, rest = text.partition("[[stage]]\n")
    (project / "pipeline.toml").write_text(f'{first}{stage}time = "1ms"\n{rest}')
    leanopt(project, "run", "pipeline.toml")
    dump = canonical(project)
    (stop,) = [one for one in lines(dump) if "stop" in one]
    assert stop["stop"]["stage_only"] is True
    assert stop["number"] == 1
    told = {one["stage"] for one in lines(dump) if one.get("state") == "completed"}
    assert len(told) > 1
    set_state(project, "interrupted")
    leanopt(project, "run", "pipeline.toml", "--resume")
    assert canonical(project) == dump


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("search.trials", "0", "must be >= 1"),
        ("search.backtests", "-1", "must be >= 1"),
        ("search.time", "'soon'", "search.time"),
    ],
)
def test_budgets_that_mean_nothing(project: Path, leanopt, key, value, expected) -> None:
    """Each is a mistake that names its key."""
    refused = leanopt(project, "check", "pipeline.toml", "--set", f"{key}={value}", check=False)
    assert refused.returncode == 3
    assert key in refused.stderr
    assert expected in refused.stderr
