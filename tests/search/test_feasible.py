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


@pytest.mark.long
def test_an_estimate_is_not_called_exact() -> None:
    """Nor is anything warned of where points were found."""
    size = size_of(space(10**6, "x < y"))
    assert (size.exact, size.warning) == (False, None)
    assert size.value == pytest.approx(10**12 / 2, rel=0.05)


def test_few_points_that_can_be_counted_are_exact() -> None:
    """Of 10**8 points 5,000 are left; a sample would show about how many."""
    assert size_of(space(10**4, "x + 5000 == y")) == Size(5000, exact=True)


FEW = "fewer than one point in 10,000 satisfies constraints.parameters"


@pytest.mark.long
def test_few_points_that_must_be_searched_for_are_a_warning() -> None:
    """What random points are then like is said before the run."""
    size = size_of(space(10**5, "x * y == 30_030"))
    assert not size.exact
    assert size.warning == (
        f"{FEW}, and they are too many to count: random points are searched for; every feasible "
        "point can come, but not all are equally likely"
    )


@pytest.mark.long
def test_a_search_that_finds_none_is_a_warning() -> None:
    """It proves nothing."""
    size = size_of(space(10**6, "x * y % 999_983 == 77_773", "x * x % 999_979 == y"))
    assert (size.value, size.exact) == (0, False)
    assert size.warning == (f"{FEW}, and a search found none; the search may find no point to try")
