"""The statistics that the engine says LEAN reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from leanopt_lean.sections import read_statistics
from leanopt_lean.statistic_names import STATISTICS, reported

DOCUMENT = (
    Path(__file__).parents[3] / "tests" / "lean-results" / "documents/completed/backtest.json"
)


def test_those_of_a_real_document() -> None:
    """All numbers of it but the strategy's own, which this one calls `Final Fast EMA`."""
    values = read_statistics(json.loads(DOCUMENT.read_text())).values
    numbers = {name for name, value in values.items() if isinstance(value, float)}
    assert {*STATISTICS} == numbers - {"Final Fast EMA"}
    assert len({*STATISTICS}) == len(STATISTICS)


def test_all_of_a_real_document_are_known() -> None:
    """Also texts, so that none of them is refused as a misspelt name."""
    values = read_statistics(json.loads(DOCUMENT.read_text())).values
    assert {*values} - {*(reported([]) or ())} == {"Final Fast EMA"}


@pytest.mark.parametrize(
    ("name", "text", "adds"),
    [
        ("main.py", "self.set_summary_statistic('mine', 1)", True),
        ("main.py", "self.SetRuntimeStatistic('mine', 1)", True),
        ("Main.cs", 'SetSummaryStatistic("mine", 1);', True),
        ("Main.cs", "var x = Statistics.SharpeRatio;", False),
        ("notes.md", "set_summary_statistic", False),
    ],
)
def test_a_strategy_that_adds_statistics(tmp_path: Path, name: str, text: str, adds: bool) -> None:
    """Its source says how; then no name is certainly wrong."""
    file = tmp_path / name
    file.write_text(text)
    assert (reported([file]) is None) is adds
    assert reported([tmp_path / "absent.py"]) is None
