"""The statistics that the engine says LEAN reports."""

from __future__ import annotations

import json
from pathlib import Path

from leanopt_lean.statistic_names import STATISTICS

from leanopt_core.statistics import Statistics

DOCUMENT = (
    Path(__file__).parents[3] / "tests" / "lean-results" / "documents/completed/backtest.json"
)


def test_those_of_a_real_document() -> None:
    """All numbers of it but the strategy's own, which this one calls `Final Fast EMA`."""
    values = Statistics.read(json.loads(DOCUMENT.read_text())).values
    numbers = {name for name, value in values.items() if isinstance(value, float)}
    assert {*STATISTICS} == numbers - {"Final Fast EMA"}
    assert len({*STATISTICS}) == len(STATISTICS)
