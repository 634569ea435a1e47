"""What a fitness function needs besides statistics: by its specification, and by its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Pipeline, load_pipeline
from leanopt_core.plugins import discover

TEXT = """
name = "needs"

[strategy]
entry = "strategy.py:run"

[parameters]
x = {{ min = 1, max = 9 }}

[fitness]
{fitness}

[search]
curves = "{curves}"

[[stage]]
use = "random"
trials = 9
"""
EXPRESSION = "use = 'expression'\nformula = '[x]'\n"


def load(folder: Path, fitness: str, curves: str = "daily") -> Pipeline:
    """Return a pipeline with this fitness."""
    file = folder / "pipeline.toml"
    file.write_text(TEXT.format(fitness=fitness, curves=curves))
    return load_pipeline(file, discover({}), environment={})


@pytest.mark.parametrize(
    ("fitness", "needs"),
    [
        ("use = 'calmar'", set()),
        ("use = 'sharpe'", {"returns"}),
        ("use = 'deflated_sharpe'", {"returns"}),
        ("use = 'sqn'", {"returns", "trades"}),
        (EXPRESSION, set()),
        (f"{EXPRESSION}min_years = 0", set()),
        (f"{EXPRESSION}min_years = 0.5", {"returns"}),
    ],
)
def test_needs(fitness: str, needs: set[str], tmp_path: Path) -> None:
    """A minimum of years needs returns, also where the function itself does not."""
    assert load(tmp_path, fitness).outputs.needs == needs


def test_without_returns(tmp_path: Path) -> None:
    """A function that needs them cannot do without, one that does not can."""
    assert load(tmp_path, EXPRESSION, "none").outputs.needs == set()
    for fitness in ("use = 'sharpe'", f"{EXPRESSION}min_years = 5"):
        with pytest.raises(PipelineError, match="curves"):
            load(tmp_path, fitness, "none")
