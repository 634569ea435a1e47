"""`[choose]`: which trial of a search is tested, shown, exported and backtested again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.projects import lay

#: A broad hill and a lone peak that is higher; both move with the days. Some points fail.
STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """The value of a point in the year in which the scenario ends."""
    x, y, mode = parameters["x"], parameters["y"], parameters["mode"]
    year = int(str(scenario.end)[:4]) if scenario.end else 2000
    if (x, y) == (year % 3, 6):
        raise ValueError(f"no trading at {x}, {y}")
    value = 1 - ((x - 2 - year % 2) ** 2 + (y - 3) ** 2) / 20 - (mode == "b") / 100
    if (x, y) == (6, 6 - year % 3):
        value = 2.0
    return Result({"Net Profit": value, "Drawdown": 0.1 + (y == 0) * 0.5})
'''
PIPELINE = """
name = "hill"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
start = 2000-01-01
end = 2005-12-31

[parameters]
x = { min = 0, max = 6 }
y = { min = 0, max = 6 }
mode = { choices = ["a", "b"] }

[constraints]
results = ["Drawdown <= 50%"]

[fitness]
use = "statistic"
statistic = "Net Profit"

[choose]
use = "plateau"

[executor]
workers = 2

[[stage]]
use = "grid"
"""
WINDOWS = ("--set", 'walk_forward={ train = "2y", test = "1y" }')
SOME = ("--set", "stage.0.use=lhs", "--set", "stage.0.trials=12")
Leanopt = Callable[..., Any]
Canonical = Callable[..., str]
Trial = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose searches choose plateaus."""
    return lay(tmp_path, STRATEGY, PIPELINE)


def parts(dump: str) -> tuple[list[Trial], list[Trial]]:
    """Return the trials and the tests of a dump."""
    lines = [json.loads(line) for line in dump.splitlines()]
    return [one for one in lines if "test" not in one], [one for one in lines if "test" in one]


def plateaus(trials: list[Trial], radius: int = 1, of=median) -> list[tuple[Any, ...]]:
    """Return value, own fitness, number and neighbours of the feasible trials, best first."""
    rows = []
    for one in trials:
        near = [other for other in trials if close(one["parameters"], other["parameters"], radius)]
        value = of([_counted(other) for other in (one, *near)])
        if _counted(one) > float("-inf"):
            rows.append((len(near) < 2, -value, -one["fitness"], one["number"], len(near)))
    rows.sort(key=lambda row: (row[0], 0 if row[0] else row[1], *row[2:]))
    return [(None if row[0] else -row[1], -row[2], *row[3:]) for row in rows]


def close(one: Trial, other: Trial, radius: int) -> bool:
    """Return whether one number differs, by at most `radius`."""
    away = sorted(abs(one[name] - other[name]) for name in ("x", "y"))
    return one["mode"] == other["mode"] and away[0] == 0 and 0 < away[1] <= radius


def _counted(trial: Trial) -> float:
    feasible = trial["fitness"] is not None and not trial["violation"]
    return trial["fitness"] if feasible else float("-inf")


@pytest.mark.parametrize("workers", [1, 3])
def test_each_window_tests_its_plateau(
    folder: Path, leanopt: Leanopt, canonical: Canonical, workers: int
) -> None:
    """Not its best trial; as many as `tested` says, the same on any number of workers."""
    options = (*WINDOWS, "--set", "choose.tested=2", "--workers", str(workers))
    leanopt(folder, "run", "pipeline.toml", *options)
    trials, tests = parts(canonical(folder))
    assert len(tests) == 8
    for search in (1, 2, 3, 4):
        own = [one for one in trials if one["search"] == search]
        expected = [row[2] for row in plateaus(own)[:2]]
        assert [one["number"] for one in tests if one["search"] == search] == sorted(expected)
        best = max(own, key=lambda one: (_counted(one), -one["number"]))["number"]
        assert best not in expected


def test_the_plan_says_what_is_chosen(folder: Path, leanopt: Leanopt) -> None:
    """With the number of tests; the default is not in the plan."""
    said = leanopt(folder, "plan", "pipeline.toml", *WINDOWS, "--set", "choose.tested=2").stdout
    assert "\nchoose: by plateau, the median of a trial and its neighbours within 1 step\n" in said
    assert "at most 392 backtests and 8 tests on" in said
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", "--json").stdout)
    rule = {"use": "plateau", "radius": 1, "statistic": "median", "tested": 1}
    assert (found["plan"]["choose"], found["tests"]) == (rule, 0)
    best = ("--set", 'choose={ use = "best" }')
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", *best, "--json").stdout)
    assert "choose" not in found["plan"]


def test_tests_of_several_trials_need_tests(folder: Path, leanopt: Leanopt) -> None:
    """A number without effect is a warning, and plateaus of pruned trials are an error."""
    said = leanopt(folder, "check", "pipeline.toml", "--set", "choose.tested=2").stderr
    assert "[choose] tested = 2 has no effect: only searches with tests" in said
    pruned = (
        *("--set", 'scenario={ universe = ["A", "B"] }', "--set", "prune.use=bound"),
        *("--set", "fitness.aggregate=worst"),
    )
    said = leanopt(folder, "check", "pipeline.toml", *pruned, check=False).stderr
    assert 'choose.use: found "plateau", expected "best" with [prune] and aggregate = ' in said
    leanopt(folder, "check", "pipeline.toml", *pruned[:-1], "fitness.aggregate=mean")
