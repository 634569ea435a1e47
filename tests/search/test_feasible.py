"""How many points there are to search: counted, estimated, or none found."""

from __future__ import annotations

import pytest

from leanopt_core.search.advice import Size, size_of
from leanopt_core.space import Axis, ParameterConstraint, Space


def space(length: int, *texts: str) -> Space:
    """Return a space of two axes x and y of this length under these constraints."""
    axes = (Axis.integers("x", 1, length), Axis.integers("y", 1, length))
    return Space(axes, {}, [ParameterConstraint.parse(text, ["x", "y"]) for text in texts])


def test_a_count_that_is_sure_is_called_exact() -> None:
    """Without constraints by multiplying, with them by counting."""
    assert size_of(space(10**9)) == Size(10**18, exact=True)
    assert size_of(space(100, "x < y")) == Size(4950, exact=True)


def test_an_estimate_is_not_called_exact() -> None:
    """Nor is anything warned of where points were found."""
    size = size_of(space(10**6, "x < y"))
    assert (size.exact, size.warning) == (False, None)
    assert size.value == pytest.approx(10**12 / 2, rel=0.05)


def test_finding_none_among_samples_is_a_warning() -> None:
    """It proves nothing."""
    size = size_of(space(10**6, "x * 2 == y * 2 + 1"))
    assert (size.value, size.exact) == (0, False)
    assert size.warning == (
        "no sampled point satisfies constraints.parameters; the search may find no point to try"
    )
