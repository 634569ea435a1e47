"""The number of trials of a strategy goes on after changes, deletions and looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import leanopt_core
from leanopt_core.store.tried import Tried
from tests.projects import lay

Leanopt = Callable[..., "CompletedProcess[str]"]

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """It fails at some points, and earns something else on other days."""
    x = parameters["x"]
    if x % 10 == 3:
        raise ValueError("no prices")
    return Result({"Net Profit": x / 100 + int(str(scenario.start)[:4]) / 1e4, "Drawdown": x / 50})
'''
PIPELINE = """
name = "slope"
seed = 3

[strategy]
entry = "strategy.py:run"
id = "slope"

[scenario]
symbol = "AB"
start = 2010-01-01
end = 2014-12-31

[parameters]
x = { min = 1, max = 40 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "random"
trials = 12

[holdout]
start = 2015-01-01
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has been searched once."""
    folder = tmp_path / "project"
    folder.mkdir()
    return lay(folder, STRATEGY, PIPELINE)


def tried(folder: Path, strategy: str = "slope") -> Tried:
    """Return the strategy's trials."""
    with leanopt_core.open_store(folder) as store:
        return store.tried(strategy)


def points(leanopt: Leanopt, folder: Path, run: str) -> set[int]:
    """Return the points that a run's export has."""
    lines = leanopt(folder, "export", run, "--to", "jsonl").stdout.splitlines()
    trials = [json.loads(line) for line in lines]
    return {one["parameters"]["x"] for one in trials if "parameters" in one}


@pytest.mark.long
def test_the_number_goes_on(project: Path, leanopt: Leanopt) -> None:
    """After an edit, another seed and fitness, single backtests, looks and deletions."""
    run = ("run", "pipeline.toml", "--again")
    leanopt(project, *run)
    first = points(leanopt, project, "slope-1")
    assert tried(project).total == len(first) == 12
    assert 0 < tried(project).searches[0].failed < 12

    leanopt(project, *run)
    leanopt(project, *run, "--set", "fitness.statistic=Drawdown")
    assert tried(project).total == 12

    leanopt(project, *run, "--seed", "4")
    seeds = first | points(leanopt, project, "slope-4")
    assert tried(project).total == len(seeds) > 12

    (project / "strategy.py").write_text(STRATEGY + "\n# a comment\n")
    leanopt(project, *run)
    total = len(seeds) + 12
    assert tried(project).total == total

    (new, *_) = sorted(set(range(1, 41)) - first - {3, 13, 23, 33})
    for x, count in ((new, 1), (new, 1), (min(first), 1)):
        leanopt(project, "backtest", "pipeline.toml", "--param", f"x={x}", check=False)
        assert tried(project).single == count
    for _ in range(2):
        leanopt(project, "holdout", "slope-5", "--best", "2")
        found = tried(project)
        assert (found.single, found.looks, found.total) == (1, 2, total + 3)

    for number in (1, 3, 2, 5, 4):
        leanopt(project, "delete", f"slope-{number}", "--yes")
        assert tried(project).total == total + 3
    assert tried(project).deleted == total
    assert tried(project, "another").total == 0

    leanopt(project, *run)
    assert tried(project).total == total + 3 + 12


def test_a_backtest_made_again_for_its_curve_is_the_same(project: Path, leanopt: Leanopt) -> None:
    """A run that it answers has no trial of its own."""
    curve = "times=[86400, 172800], equity=[1.0, 1.0 + x / 100])"
    (project / "strategy.py").write_text(STRATEGY.replace("/ 50})", f"/ 50}}, {curve}"))
    leanopt(project, "run", "pipeline.toml")
    leanopt(project, "backtest", "--of", "slope-1", "--to", "equity", "-o", "curves")
    leanopt(project, "run", "pipeline.toml", "--set", "fitness.statistic=Drawdown")
    assert tried(project).total == tried(project).in_runs == 12


@pytest.mark.long
def test_each_search_has_its_own(project: Path, leanopt: Leanopt) -> None:
    """Of two symbols, also in deleted runs."""
    sets = ("--symbol", "AB,CD", "--set", "scenario.separate=true")
    leanopt(project, "run", "pipeline.toml", *sets)
    found = tried(project)
    assert [(one.number, len(one.trials)) for one in found.searches] == [(1, 12), (2, 12)]
    leanopt(project, "delete", "slope-1", "--yes")
    assert tried(project).total == tried(project).deleted == 24
