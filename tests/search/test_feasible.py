"""Whether there is anything to search: counted, estimated with a warning, or an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Choice, ExecutorSettings, Pipeline, SearchSettings
from leanopt_core.plugins import Registered
from leanopt_core.search.feasible import Size, require_feasible
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.specs import PluginSpec


@pytest.fixture
def pipeline():
    """Return what makes a pipeline over two int axes x and y under these constraints."""
    chosen = Choice("demo", Registered(PluginSpec("demo", "demo:make"), "demo", "1.0"), None)

    def made(length: int, *texts: str) -> Pipeline:
        axes = (Axis.integers("x", 1, length), Axis.integers("y", 1, length))
        constraints = [ParameterConstraint.parse(text, ["x", "y"]) for text in texts]
        return Pipeline(
            file=Path("here/pipeline.toml"),
            folder=Path("here"),
            name="demo",
            seed=1,
            engine=chosen,
            strategy_id="demo",
            scenarios=(),
            space=Space(axes, {}, constraints),
            constraints=(),
            fitness=chosen,
            search=SearchSettings(),
            executor=ExecutorSettings(chosen),
            stages=(),
        )

    return made


def test_a_count_that_is_sure_is_called_exact(pipeline) -> None:
    """Without constraints by multiplying, with them by counting."""
    assert require_feasible(pipeline(10**9)) == Size(10**18, exact=True)
    assert require_feasible(pipeline(100, "x < y")) == Size(4950, exact=True)


def test_an_estimate_is_not_called_exact(pipeline) -> None:
    """Nor is anything warned of where points were found."""
    size = require_feasible(pipeline(10**6, "x < y"))
    assert (size.exact, size.warning) == (False, None)
    assert 0.48e12 < size.value < 0.52e12


def test_finding_none_among_samples_is_a_warning(pipeline) -> None:
    """It proves nothing."""
    assert require_feasible(pipeline(10**6, "x * 2 == y * 2 + 1")) == Size(
        0,
        exact=False,
        warning="no sampled point satisfies constraints.parameters; "
        "if none does, the search will find nothing to try",
    )


TOGETHER = "expected constraints that together leave at least one point of the grid"
ALONE = "expected a constraint that leaves at least one point of the grid"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["x > 3", "x < y", "y < x"], f"found 'x < y' and 'y < x', {TOGETHER}"),
        (["x < y", "x > 500"], f"found 'x > 500', {ALONE}"),
    ],
)
def test_a_proven_lack_of_points_is_an_error(pipeline, texts, message) -> None:
    """It names the constraints that together leave none, and no others."""
    with pytest.raises(PipelineError) as caught:
        require_feasible(pipeline(50, *texts))
    assert str(caught.value) == f"here/pipeline.toml: constraints.parameters: {message}"
