"""Whether a space has a point: proven empty, counted, or only sampled."""

from __future__ import annotations

import pytest
from attrs import evolve

from leanopt_core.errors import PipelineError
from leanopt_core.search.feasible import require_feasible
from leanopt_core.space import Axis, ParameterConstraint, Space


def space(size: int, *texts: str) -> Space:
    """Return a space of three axes of `size` values under constraints."""
    axes = [Axis.integers(name, 1, size, 1) for name in "abc"]
    return Space(axes, {}, [ParameterConstraint.parse(text, "abc") for text in texts])


@pytest.mark.parametrize(
    ("size", "texts", "value", "exact"),
    [
        (10, (), 1000, True),
        (10, ("a < b",), 450, True),
        (10**6, (), 10**18, True),
    ],
)
def test_sizes(load, size, texts, value, exact) -> None:
    """Exact without a constraint, and where counting is quick."""
    found = require_feasible(evolve(load(), space=space(size, *texts)))
    assert (found.value, found.exact, found.warning) == (value, exact, None)


def test_a_space_too_large_to_count_is_estimated(load) -> None:
    """Half of all pairs, about."""
    found = require_feasible(evolve(load(), space=space(10**4, "a < b")))
    assert not found.exact
    assert found.value == pytest.approx(10**12 / 2, rel=0.05)


def test_nothing_sampled_is_a_warning(load) -> None:
    """It is no proof."""
    found = require_feasible(evolve(load(), space=space(10**4, "a * b == 99999999")))
    assert (found.value, found.exact) == (0, False)
    assert found.warning == (
        "no sampled point satisfies constraints.parameters; "
        "if none does, the search will find nothing to try"
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ("a > 10",),
            "found 'a > 10', expected a constraint that leaves at least one point of the grid",
        ),
        (
            ("a > 1", "a < b", "c != 3", "b < c", "c < a"),
            (
                "found 'a < b' and 'b < c' and 'c < a', "
                "expected constraints that together leave at least one point of the grid"
            ),
        ),
    ],
)
def test_a_proof_names_the_constraints_and_no_others(load, texts, message) -> None:
    """A minimal set that leaves nothing."""
    with pytest.raises(PipelineError) as caught:
        require_feasible(evolve(load(), space=space(10, *texts)))
    assert str(caught.value) == f"pipeline.toml: constraints.parameters: {message}"
