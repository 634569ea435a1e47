"""Names of statistics that resemble one of the engine's are pointed out before anything runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover

LEAN = """
[strategy]
engine = "lean"
project = "."
data = "data"
check_data = false

[parameters]
fast = { min = 1, max = 9 }

[constraints]
results = ["Drawdwn <= 25%", "Final Fast EMA > 1", "total orders >= 30", "lossRate < 1"]

[[stage]]
use = "random"
trials = 9
"""
STATISTIC = "[fitness]\nuse = 'statistic'\nstatistic = '{}'\n"
EXPRESSION = "[fitness]\nuse = 'expression'\nformula = '{}'\n"
SAID = " (among those that engine 'lean' always reports)"
Write = Callable[[str], Path]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a pipeline for LEAN with this fitness."""

    def written(fitness: str) -> Path:
        file = tmp_path / "pipeline.toml"
        file.write_text("name = 'names'\n" + LEAN + fitness)
        return file

    return written


def notes(file: Path) -> list[str]:
    """Return the warnings of a pipeline."""
    found = load_pipeline(file, discover({}), environment={}).notes
    assert all(note.endswith(SAID) for note in found)
    return [note.removesuffix(SAID) for note in found]


@pytest.mark.parametrize(
    ("fitness", "said"),
    [
        (STATISTIC.format("Sharp Ratio"), "statistic: no statistic 'Sharp Ratio': did you mean "),
        (STATISTIC.format("sharpe ratio"), None),
        (STATISTIC.format("My own score"), None),
        (STATISTIC.format("TotalPerformance.PortfolioStatistics.SharpeRatio"), None),
        (EXPRESSION.format("[Sharpe Ratio] * min(1, [Total Orders] / 100)"), None),
        (EXPRESSION.format("[Sharp Ratio] / 3"), "formula: no statistic 'Sharp Ratio': did you m"),
        (EXPRESSION.format("[Drawdown] - [Zzz]"), None),
        ("[fitness]\nuse = 'calmar'\n", None),
    ],
)
def test_names_of_lean(fitness: str, said: str | None, write: Write) -> None:
    """Each with its key; names of the strategy's own statistics pass."""
    first, *rest = notes(write(fitness))
    assert first == "constraints.results[0]: no statistic 'Drawdwn': did you mean 'Drawdown'?"
    assert len(rest) == (said is not None)
    assert all(one.startswith(f"fitness.{said}") for one in rest)


def test_python_strategies_report_what_they_like(tmp_path: Path) -> None:
    """Their engine knows no names, so there is nothing to warn of."""
    file = tmp_path / "pipeline.toml"
    text = LEAN.replace('engine = "lean"\nproject = "."', 'entry = "strategy.py:run"')
    text = text.replace("check_data = false\n", "")
    file.write_text("name = 'names'\n" + text + STATISTIC.format("Sharp Ratio"))
    assert notes(file) == []


ALGORITHM = """
from AlgorithmImports import *


class Trend(QCAlgorithm):
    def initialize(self):
        self.add_equity("SPY", Resolution.DAILY)
        self.fast = int(self.get_parameter("fast"))
"""


@pytest.mark.parametrize("adds", [False, True])
def test_check_refuses_a_misspelt_name(write: Write, leanopt: Leanopt, adds: bool) -> None:
    """All of them with their keys, if the source adds no statistics; then they are warnings."""
    file = write(STATISTIC.format("Sharp Ratio"))
    text = ALGORITHM + ('        self.set_summary_statistic("Final", 1)\n' if adds else "")
    (file.parent / "main.py").write_text(text)
    (file.parent / "data").mkdir()
    said = leanopt(file.parent, "check", "--no-import", check=False)
    assert said.returncode == (0 if adds else 3)
    wrong = [
        "constraints.results[0]: no statistic 'Drawdwn': did you mean 'Drawdown'?",
        "fitness.statistic: no statistic 'Sharp Ratio': did you mean 'Sharpe Ratio'?",
    ]
    mark, tail = ("leanopt: warning: ", SAID) if adds else ("pipeline.toml: ", "")
    lines = said.stderr.removeprefix("" if adds else "leanopt: ").splitlines()
    assert lines == [f"{mark}{one}{tail}" for one in wrong]
