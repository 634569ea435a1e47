"""Views of runs as the screens are given them, and a small project to run the command on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.cli.leaders import Best, Gain, Improvement
from leanopt_core.cli.progress import StageView, View


@pytest.fixture
def view() -> View:
    """A run in its second stage of three, with something of everything."""
    return View(
        run="trend-7",
        fitness="calmar",
        elapsed=75.4,
        stages=(
            StageView("lhs", 128, 128, "ended", "trials"),
            StageView("random", 1_000, 250, "running", left=30.0),
            StageView("polish", None),
        ),
        told=378,
        feasible=120,
        backtests=300,
        cached=80,
        failures=(("strategy error", 3), ("timeout", 1)),
        failure="no bars for x = 3\n(strategy.py, line 9)",
        workers=4,
        rate=25.0,
        busy=0.964,
        best=(
            Best(
                212,
                1.25,
                {"fast": "12", "slow": "150", "exit": "trail"},
                {"annual return": "12.5%", "drawdown": "10.0%", "orders": "1,204"},
            ),
            Best(140, 0.5, {"fast": "10", "slow": "150", "exit": "fixed"}, {}),
            Best(7, 0.1, {"fast": "3", "slow": "20", "exit": "trail"}, {}),
        ),
        gain=Gain(0.75, 94, 166),
        improvements=(
            Improvement(212, 1.25, 0.75, 42.0),
            Improvement(140, 0.5, 0.4, 28.4),
            Improvement(7, 0.1),
        ),
        curve=(0.1, 0.1, 0.5, 0.5, 1.25),
        now="stage random",
        warnings=("first", "second", "third", "a fourth one\nwith a second line"),
    )


STRATEGY = '''
import time
from pathlib import Path

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """Behaves as the fixed parameter `kind` says.

    `held` waits for the gate in trials 23 and 33, with both workers: everything before is told.
    """
    x, y, kind = parameters["x"], parameters["y"], parameters["kind"]
    parameters["mode"]
    if kind == "failing" and x % 3:
        raise ValueError(f"no bars for x = {x}")
    if kind == "held" and x == 7:
        raise ValueError("no trading at seven")
    while kind == "held" and x == 4 and y in (0, 0.35) and not Path(scenario.gate).exists():
        time.sleep(0.005)
    profit = 0.5 if kind == "flat" else x / 10 - (y - 0.25) ** 2
    return Result(
        {
            "Net Profit": profit,
            "Compounding Annual Return": profit / 2,
            "Drawdown": 0.9 if kind == "deep" else 0.1,
            "Sharpe Ratio": 1.5,
            "Total Orders": 1200 + x,
        }
    )
'''

PIPELINE = """
name = "slope"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
gate = "gate"

[parameters]
x = { min = 1, max = 10 }
y = { min = 0, max = 0.5, step = 0.05 }
mode = { choices = ["a", "b"] }
kind = "rising"

[constraints]
results = ["Drawdown <= 25%"]

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 20

[[stage]]
use = "random"
trials = 20
"""

Leanopt = Callable[..., subprocess.CompletedProcess[str]]


def written(folder: Path) -> Path:
    """Write the project into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "strategy.py").write_text(STRATEGY)
    gate = f'gate = "{folder / "gate"}"'
    (folder / "pipeline.toml").write_text(PIPELINE.replace('gate = "gate"', gate))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A strategy and a pipeline of two stages over 220 points."""
    return written(tmp_path / "project")


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> Path:
    """A project with two finished runs of different plans, to be looked at only."""
    folder = written(tmp_path_factory.mktemp("searched") / "project")
    leanopt(folder, "run", "pipeline.toml")
    leanopt(folder, "run", "pipeline.toml", "--set", "parameters.kind=failing", "--seed", "4")
    return folder
