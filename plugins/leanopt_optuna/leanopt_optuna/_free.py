"""Finds points that were not tried: the nearest one to a given point, or any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from leanopt_core.api import Point, Space

#: How many points around a proposal to check before taking a random one.
LOOKS: Final = 1000


class FreePoints:
    """The feasible points of a space that are not taken."""

    def __init__(self, space: Space, seed: int, taken: Iterable[Point]) -> None:
        self._space = space
        self._taken = set(taken)
        self._anywhere = space.sample(seed)

    def take(self, point: Point) -> None:
        """Mark the point as taken."""
        self._taken.add(point)

    def has(self, point: Point) -> bool:
        """Return whether a point of the grid is feasible and not taken."""
        return point not in self._taken and self._space.feasible(point)

    def nearest(self, point: Point, random: Random) -> Point | None:
        """Return the nearest free point, None if none is among the first `LOOKS`.

        A step leads to the next level of one axis, or to any other choice; `random` decides between
        equally near points.
        """
        seen = {point}
        ring = [point]
        while ring and len(seen) < LOOKS:
            ring = self._next_ring(ring, seen)
            random.shuffle(ring)
            found = next(filter(self.has, ring), None)
            if found is not None:
                return found
        return None

    def any(self) -> Point | None:
        """Return a random free point, None if there is none."""
        return next((point for point in self._anywhere if point not in self._taken), None)

    def _next_ring(self, ring: Iterable[Point], seen: set[Point]) -> list[Point]:
        """Return the points one step farther out, even infeasible ones: free ones may follow."""
        farther: list[Point] = []
        for point in ring:
            for stepped in self._steps(point):
                if len(seen) >= LOOKS:
                    return farther
                if stepped not in seen:
                    seen.add(stepped)
                    farther.append(stepped)
        return farther

    def _steps(self, point: Point) -> Iterator[Point]:
        for place, axis in enumerate(self._space.axes):
            own = point[place]
            near: Iterable[int] = (own - 1, own + 1) if axis.ordered else range(len(axis))
            for level in near:
                if 0 <= level < len(axis) and level != own:
                    yield self._space.canonical((*point[:place], level, *point[place + 1 :]))
