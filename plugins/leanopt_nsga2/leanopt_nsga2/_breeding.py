"""Crossover and mutation on grids; DEAP's own draw from the global random generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from leanopt_core.api import Axis, Point


def crossover(one: Point, two: Point, random: Random) -> Point:
    """Return a point with each level from either parent."""
    return tuple(random.choice(pair) for pair in zip(one, two, strict=True))


def mutation(axes: Sequence[Axis], rate: float, point: Point, random: Random) -> Point:
    """Return a point with each level moved at this rate, to another one."""
    return tuple(
        moved(axis, level, random) if len(axis) > 1 and random.random() < rate else level
        for axis, level in zip(axes, point, strict=True)
    )


def moved(axis: Axis, level: int, random: Random) -> int:
    """Return another level: on an ordered axis half the time a near one, else any."""
    size = len(axis)
    if axis.ordered and random.random() < 0.5:  # noqa: PLR2004 - half the time
        # All orders of magnitude of the distance are equally likely.
        distance = min(random.randint(1, 1 << random.randrange((size - 1).bit_length())), size - 1)
        sides = [to for to in (level - distance, level + distance) if 0 <= to < size]
        if sides:
            return random.choice(sides)
    other = random.randrange(size - 1)
    return other + (other >= level)
