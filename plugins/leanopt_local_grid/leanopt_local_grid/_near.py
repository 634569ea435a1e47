"""The points around a centre, nearest first."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from leanopt_core.api import Axis, Point, Space


def nearest_first(space: Space, centre: Point, radius: int, random: Random) -> Iterator[Point]:
    """Yield the feasible points within `radius` steps on every axis, without the centre itself.

    Where a change makes a parameter inactive, that takes its first value.

    Points that differ on one axis come first, then those on two, and so on. The order of axes and
    directions is random, so that a search that ends early favours none. Any other choice is one
    step away.
    """
    moves = {
        place: _levels(axis, centre[place], radius, random)
        for place, axis in enumerate(space.axes)
        if len(axis) > 1
    }
    places = random.sample(sorted(moves), len(moves))
    for count in range(1, len(places) + 1):
        for chosen in combinations(places, count):
            for levels in product(*(moves[place] for place in chosen)):
                point = _changed(centre, dict(zip(chosen, levels, strict=True)))
                # A change of an inactive parameter changes nothing.
                if space.conditions and not _all_active(space, point, chosen):
                    continue
                point = space.canonical(point)
                if space.feasible(point):
                    yield point


def _levels(axis: Axis, level: int, radius: int, random: Random) -> list[int]:
    """Return the other levels within `radius`, nearest first, equally near ones shuffled."""
    if not axis.ordered:
        near = range(len(axis))
    else:
        near = range(max(level - radius, 0), min(level + radius + 1, len(axis)))
    others = [other for other in near if other != level]
    random.shuffle(others)
    return sorted(others, key=lambda other: abs(other - level)) if axis.ordered else others


def _all_active(space: Space, point: Point, places: Iterable[int]) -> bool:
    active = space.active(point)
    return all(active[place] for place in places)


def _changed(point: Point, levels: dict[int, int]) -> Point:
    return tuple([levels.get(place, level) for place, level in enumerate(point)])
