"""Points a few steps away on the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from leanopt_core.space._axis import Axis
from leanopt_core.space._points import Point

Metric: TypeAlias = Literal["axis", "chebyshev"]
"""What counts as near: a change on one axis, or on any number of axes at once."""


def on_axes(axes: Sequence[Axis], point: Point, radius: int) -> Iterator[Point]:
    """Yield the points that differ from `point` on one axis, by at most `radius` steps."""
    for i, axis in enumerate(axes):
        for level in _near(axis, point[i], radius):
            if level != point[i]:
                yield (*point[:i], level, *point[i + 1 :])


def in_box(axes: Sequence[Axis], point: Point, radius: int) -> Iterator[Point]:
    """Yield the points that differ from `point`, on every axis by at most `radius` steps."""
    near = [_near(axis, level, radius) for axis, level in zip(axes, point, strict=True)]
    return (levels for levels in _box(near) if levels != point)


def _box(sides: Sequence[range]) -> Iterator[Point]:
    """Yield what `itertools.product` would, which holds all levels of each side in memory."""
    if not sides:
        yield ()
        return
    for rest in _box(sides[:-1]):
        for level in sides[-1]:
            yield (*rest, level)


def _near(axis: Axis, level: int, radius: int) -> range:
    """Return the levels within `radius` steps; any other choice is one step away."""
    if not axis.ordered:
        return range(len(axis))
    return range(max(level - radius, 0), min(level + radius + 1, len(axis)))
