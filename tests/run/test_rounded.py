"""A strategy that cuts fractions off is noticed by its results, also in a resumed run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.stored import told

WHOLE = """
import os
import time

from leanopt_harness import Result, backtest


STAYS = os.path.join(os.path.dirname(__file__), ".HILL_STAYS")


@backtest
def run(parameters, scenario):
    if parameters["x"] >= 3 and os.path.islink(STAYS):
        time.sleep(600)
    x, y, mode = int(parameters["x"]), parameters["y"], parameters["mode"]
    return Result({"Net Profit": x - y, "Drawdown": 0.1, "Total Orders": 3, "Note": mode})
"""
HALVES = ("--set", "parameters.x={min=1, max=4, step=0.5}", "--set", "parameters.y=0.5")
GRID = ("--set", "constraints.parameters=[]", "--set", 'stage=[{use="grid"}]')


def warnings(said: str) -> list[str]:
    """Return the warnings about trials that are alike."""
    return [line for line in said.splitlines() if "and have equal statistics" in line]


def test_fractions_that_change_nothing_are_a_warning(project: Path, leanopt, shown) -> None:
    """With the parameter and both trials; the run goes on."""
    (project / "strategy.py").write_text(WHOLE)
    said = leanopt(project, "run", "pipeline.toml", *HALVES, *GRID).stderr
    (warning,) = warnings(said)
    assert "differ only in x (1 and 1.5)" in warning
    assert shown(project)["trials"]["completed"] == 14


@pytest.mark.long
def test_whole_numbers_are_none(project: Path, leanopt) -> None:
    """Where only they are searched, and where each makes a difference."""
    (project / "strategy.py").write_text(WHOLE)
    whole = ("--set", "parameters.x={min=1, max=4, step=1}", *HALVES[2:], *GRID)
    assert not warnings(leanopt(project, "run", "pipeline.toml", *whole).stderr)
    (project / "strategy.py").write_text(WHOLE.replace("int(parameters", "float(parameters"))
    assert not warnings(leanopt(project, "run", "pipeline.toml", *HALVES, *GRID).stderr)


@pytest.mark.long
def test_a_resumed_run_says_the_same(project: Path, leanopt, start) -> None:
    """The pair had been told before the run was killed: its trials come from the store."""
    (project / "strategy.py").write_text(WHOLE)
    process = start(project, "run", "pipeline.toml", *HALVES, *GRID, HILL_STAYS="1")
    while told(project) < 4:
        assert process.poll() is None, process.communicate()[1]
    os.kill(process.pid, signal.SIGKILL)
    before = process.communicate()[1]
    said = leanopt(project, "run", "pipeline.toml", *HALVES, *GRID, "--resume").stderr
    assert warnings(said) == warnings(before)
    assert len(warnings(said)) == 1
