"""Points of the grid: what is one, and what is wrong with what is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from leanopt_core.space._axis import Axis
from leanopt_core.space._errors import quoted, shown

Point: TypeAlias = tuple[int, ...]
"""One level for each searched axis, in the axes' order."""


def on_grid(sizes: Sequence[int], point: object) -> bool:
    """Say whether `point` is a tuple of one int level in range for each of so many levels."""
    if not isinstance(point, tuple) or len(point) != len(sizes):
        return False
    for size, level in zip(sizes, point, strict=True):
        if type(level) is not int or not 0 <= level < size:
            return False
    return True


def problem(axes: Sequence[Axis], point: object) -> str:
    """Return why `point` is not on the grid of `axes`, or an empty text."""
    if not isinstance(point, tuple):
        return f"a point is a tuple of levels, found {shown(point)}"
    if len(point) != len(axes):
        return f"a point has {len(axes)} levels here, found {len(point)}"
    for axis, level in zip(axes, point, strict=True):
        if type(level) is not int:
            return f"the level of {quoted(axis.name)} is an int, found {shown(level)}"
        if not 0 <= level < len(axis):
            return f"{quoted(axis.name)} has levels 0 to {len(axis) - 1}, found {shown(level)}"
    return ""
