"""A small project in a folder, and the real command run on it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import processes
from tests.projects import DELAYED, lay

#: Deterministic in its parameters; each point takes another time. Some points fail, some violate.
STRATEGY = (
    DELAYED
    + '''

@backtest
def run(parameters, scenario):
    """A hill with holes in it."""
    x, y = parameters["x"], parameters["y"]
    time.sleep(Random(f"{x} {y}").random() * delay())
    if (x * 7 + parameters["mode"].count("s")) % 13 == 0:
        raise ValueError(f"no trading at x = {x}")
    profit = 1 - (x / 40 - 0.6) ** 2 - (y - 0.3) ** 2 + 0.05 * (parameters["mode"] == "fast")
    days = [86400 * day + 75600 for day in range(4)]
    return Result(
        {
            "Net Profit": profit,
            "Compounding Annual Return": profit / 2,
            "Drawdown": 0.1 + 0.2 * y,
            "Total Orders": 2 * x,
        },
        times=days,
        equity=[100.0, 100 + x, 99 + y, 100 * (1 + profit)],
    )
'''
)

PIPELINE = """
name = "hill"
seed = 7

[strategy]
entry = "strategy.py:run"

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
lookahead = 5

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 24

[[stage]]
use = "random"
trials = 200
patience = 40
"""

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


def written(folder: Path) -> Path:
    """Write the project into a new folder."""
    folder.mkdir()
    lay(folder, STRATEGY, PIPELINE)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a strategy and a pipeline of two stages over 1,680 points."""
    return written(tmp_path / "project")


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> str:
    """The canonical dump of an undisturbed run of the project on two workers."""
    folder = written(tmp_path_factory.mktemp("truth") / "project")
    leanopt(folder, "run", "pipeline.toml")
    return leanopt(folder, "export", "--to", "jsonl", "--canonical").stdout


@pytest.fixture
def shown(leanopt: Leanopt) -> Callable[..., Mapping[str, Any]]:
    """Return what `leanopt show --json` says."""

    def show(folder: Path, *arguments: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = json.loads(
            leanopt(folder, "show", "--json", *arguments).stdout
        )
        return document

    return show


@pytest.fixture
def processes_of() -> Callable[[Path], list[int]]:
    """Return the processes whose environment or command names a folder."""
    return processes.processes_of
