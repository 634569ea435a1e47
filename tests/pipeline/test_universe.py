"""Scenarios of a universe: one for each symbol, with what is its own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from leanopt_core.pipeline import Pipeline, load_pipeline
from leanopt_core.plugins import discover

PIPELINE = """
name = "universe"

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 1, max = 9 }

[[stage]]
use = "random"
trials = 9

[fitness]
use = "calmar"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project's folder."""
    (tmp_path / "strategy.py").write_text("def run(parameters, scenario):\n    return {}\n")
    return tmp_path


def load(folder: Path, more: str) -> Pipeline:
    """Return the pipeline with this text at its end, read with the installed plugins."""
    file = folder / "pipeline.toml"
    file.write_text(PIPELINE + more)
    return load_pipeline(file, discover({}), environment={})


def test_weights_count_with_weighted_only(folder: Path) -> None:
    """Anything else would drop them without a word, so it is said."""
    weights = '\n[[scenario]]\nsymbol = "SPY"\nweight = 2.5\n\n[[scenario]]\nsymbol = "QQQ"\n'
    found = load(folder, weights)
    assert [one.weight for one in found.scenarios] == [Decimal("2.5"), None]
    [note] = found.notes
    assert "scenario 'SPY' has a weight, which fitness.aggregate = \"mean\" does not use" in note
    assert load(folder, f'aggregate = "weighted"\n{weights}').notes == ()
