"""Enumerates all feasible points in order, without checking every infeasible one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leanopt_core.api import Point, Space


def feasible_points(space: Space) -> Iterator[Point]:
    """Yield each feasible point once, keeping only the current one.

    The axes turn like an odometer's wheels, the last one fastest, except that those in constraints
    turn slowest. A violated constraint stays violated until one of its own wheels turns, so the
    turns of faster wheels before that are skipped. A wheel with a condition is faster than those
    that its condition reads: while it is inactive, its own turns are skipped.
    """
    order = _order(space)
    wheels = [len(space.axes[axis]) for axis in order]
    places = [order.index(axis) for axis in range(len(order))]
    fastest = _fastest_wheels(space, order)
    levels, wheel = [0] * len(order), 0
    while wheel >= 0:
        point = tuple([levels[place] for place in places])
        canonical = space.canonical(point)
        if canonical != point:
            moved = (a != b for a, b in zip(canonical, point, strict=True))
            wheel = min(wheel for wheel, axis in zip(places, moved, strict=True) if axis) - 1
        elif space.feasible(point):
            yield point
            wheel = len(order) - 1
        else:
            wheel = min(fastest[violated.text] for violated in space.violated(point))
        wheel = _turn(levels, wheels, wheel)


def _order(space: Space) -> list[int]:
    """Return the axes from the slowest: constraint by constraint, then those that none mentions."""
    names = space.names
    bound = [name for rule in space.constraints for name in names if name in rule.names]
    return [names.index(name) for name in space.controllers_first([*bound, *names])]


def _fastest_wheels(space: Space, order: Sequence[int]) -> dict[str, int]:
    """Return the fastest wheel of each constraint, -1 if it mentions fixed parameters only."""
    wheels = {space.names[axis]: wheel for wheel, axis in enumerate(order)}
    return {
        rule.text: max((wheels[name] for name in rule.names if name in wheels), default=-1)
        for rule in space.constraints
    }


def _turn(levels: list[int], sizes: Sequence[int], wheel: int) -> int:
    """Turn a wheel by one, carry into the slower wheels, and reset the faster ones.

    Return the slowest wheel that turned, -1 after the last point.
    """
    for faster in range(wheel + 1, len(levels)):
        levels[faster] = 0
    while wheel >= 0 and levels[wheel] == sizes[wheel] - 1:
        levels[wheel] = 0
        wheel -= 1
    if wheel >= 0:
        levels[wheel] += 1
    return wheel
