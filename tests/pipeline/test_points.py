"""Points that a user gives, however they are written: the grid has them, or it says why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.canonical import canonical_json
from leanopt_core.pipeline.listed_files import cell_value
from leanopt_core.pipeline.points import PointError, grid_point, read_point
from leanopt_core.pipeline.toml import parse_toml, toml_value
from leanopt_core.space import Axis, Space, number_text
from leanopt_core.testing import spaces


def ways(values: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the values as TOML, JSON and a CSV file give them back."""
    return [
        dict(values),
        parse_toml(f"point = {toml_value(dict(values))}")["point"],  # type: ignore[list-item]
        json.loads(canonical_json(dict(values)), parse_float=Decimal),
        {name: cell_value(number_text(value)) for name, value in values.items()},
    ]


@given(spaces.spaces(), st.integers(0, 2**32))
def test_a_point_of_the_grid_is_found_however_it_is_written(space: Space, seed: int) -> None:
    """And is the same one: nothing of it is off the grid or broken."""
    for point in islice(space.sample(seed), 5):
        for written in ways(space.values(point)):
            read = read_point(space, written)
            assert (read.off, read.broken) == ({}, ())
            assert dict(read.values) == space.values(point)
            assert grid_point(space, written) == point


@given(spaces.spaces(), st.integers(0, 2**32))
def test_inactive_parameters_may_be_left_out(space: Space, seed: int) -> None:
    """They have their first value; any other one missing is named."""
    point = next(space.sample(seed))
    values, active = space.values(point), space.active(point)
    counting = {name for name, one in zip(space.names, active, strict=True) if one}
    assert grid_point(space, {name: values[name] for name in counting}) == point
    for left_out in counting - space.conditions.keys():
        given_values = {name: values[name] for name in values if name != left_out}
        with pytest.raises(PointError) as error:
            read_point(space, given_values)
        assert left_out in error.value.missing


@given(st.decimals(-50, 50, places=3), st.integers(-50, 50))
def test_what_is_off_the_grid_is_kept_exactly(number: Decimal, whole: int) -> None:
    """With the nearest value of the grid, as a plain search finds it."""
    values = [Decimal(n) / 4 for n in range(-8, 9)]
    space = Space((Axis.decimals("a", Decimal(-2), Decimal(2), Decimal("0.25")),), {"f": 1})
    read = read_point(space, {"a": number, "f": whole})
    assert read.values == {"a": number, "f": whole}
    assert ("a" in read.off) == (number not in values)
    if "a" in read.off:
        nearest = min(values, key=lambda one: (abs(one - number), one))
        assert read.off["a"].endswith(f"(nearest: {number_text(nearest)})")
    assert ("f" in read.off) == (whole != 1)
