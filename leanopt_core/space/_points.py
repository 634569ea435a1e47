"""Check points of the grid, and list their neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from leanopt_core.space._axis import Axis
from leanopt_core.space._checks import quoted, shown

Point: TypeAlias = tuple[int, ...]
"""One level per searched axis, in the order of the axes."""


def on_grid(sizes: Sequence[int], point: object) -> bool:
    """Return whether `point` is a tuple with one int level in range for each size."""
    if not isinstance(point, tuple) or len(point) != len(sizes):
        return False
    for size, level in zip(sizes, point):  # noqa: B905 - equally long, and every trial is checked
        if type(level) is not int or not 0 <= level < size:
            return False
    return True


def problem(axes: Sequence[Axis], point: object) -> str:
    """Return why `point` is not on the grid of `axes`, an empty text if it is."""
    if not isinstance(point, tuple):
        return f"a point must be a tuple of levels, found {shown(point)}"
    if len(point) != len(axes):
        return f"a point must have {len(axes)} levels, found {len(point)}"
    for axis, level in zip(axes, point, strict=True):
        if type(level) is not int:
            return f"the level of {quoted(axis.name)} must be an int, found {shown(level)}"
        if not 0 <= level < len(axis):
            return f"{quoted(axis.name)} has levels 0 to {len(axis) - 1}, found {shown(level)}"
    return ""


Metric: TypeAlias = Literal["axis", "chebyshev", "steps"]
"""Neighbourhood: changes on one axis (`axis`), or on any number of axes (`chebyshev`).

`steps` is `axis` without the choices: these have no order, so no other choice is a small step away.
"""


def on_axes(axes: Sequence[Axis], point: Point, radius: int) -> Iterator[Point]:
    """Yield the points that differ from `point` on one axis by at most `radius` steps."""
    for i, axis in enumerate(axes):
        for level in _near(axis, point[i], radius):
            if level != point[i]:
                yield (*point[:i], level, *point[i + 1 :])


def on_ordered_axes(axes: Sequence[Axis], point: Point, radius: int) -> Iterator[Point]:
    """Yield the points of `on_axes` that differ on an ordered axis, the nearest of each first."""
    for i, axis in enumerate(axes):
        own = point[i]
        for distance in range(1, min(radius, len(axis) - 1) + 1 if axis.ordered else 1):
            for level in (own - distance, own + distance):
                if 0 <= level < len(axis):
                    yield (*point[:i], level, *point[i + 1 :])


def in_box(axes: Sequence[Axis], point: Point, radius: int) -> Iterator[Point]:
    """Yield the points that differ from `point` by at most `radius` steps on every axis."""
    near = [_near(axis, level, radius) for axis, level in zip(axes, point, strict=True)]
    return (levels for levels in _box(near) if levels != point)


def _box(sides: Sequence[range]) -> Iterator[Point]:
    """Yield the product of the sides; `itertools.product` would hold every side in memory."""
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
