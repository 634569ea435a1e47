"""Makes a design's points feasible and new, with the least loss of evenness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leanopt_lhs._designs import peers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from leanopt_core.api import Point, Space
    from leanopt_lhs._designs import Rows

#: Exchanges tried for one point; each checks the constraints twice.
EXCHANGES: Final = 200
#: Redraws within its strata tried for one point.
REDRAWS: Final = 50
#: The largest distance of a substitute, in levels.
FARTHEST: Final = 256


class Repair:
    """Repairs a design for a space; no step changes good rows.

    A row is bad if it is infeasible, repeats another or is `known` from before; `taken` are the
    points that are not free. A row stands for its canonical point: the levels of inactive
    parameters only count once an exchange makes them active.
    """

    def __init__(self, space: Space, rows: Rows, random: Random, known: frozenset[Point]) -> None:
        self._space = space
        self._rows = rows
        self._random = random
        self._lengths = [len(axis) for axis in space.axes]
        self._taken = set(known)
        self._bad = {index for index, row in enumerate(rows) if not self._take(row)}

    def exchange(self) -> None:
        """Exchange one level of a bad row with another row's, which keeps the levels of every axis.

        A Latin hypercube under constraints is best found by permuting its columns [Petelet, Iooss,
        Asserin, Loredo 2010, Latin hypercube sampling with inequality constraints].
        """
        self._each_bad(self._exchanged)

    def redraw(self) -> None:
        """Draw bad rows again within their own strata."""
        self._each_bad(self._redrawn)

    def replace(self, anywhere: Iterator[Point]) -> None:
        """Move bad rows to a free feasible point nearby, or else to the next one of `anywhere`."""
        self._each_bad(
            lambda row: self._moved(row, self._nearby(tuple(row))) or self._moved(row, anywhere)
        )

    def points(self) -> list[Point]:
        """Return the good rows in the design's order, without those beyond repair."""
        return [self._point(row) for index, row in enumerate(self._rows) if index not in self._bad]

    def _each_bad(self, repair: Callable[[list[int]], bool]) -> None:
        for index in sorted(self._bad):
            row = self._rows[index]
            if self._take(row) or repair(row):
                self._bad.discard(index)

    def _point(self, row: Sequence[int]) -> Point:
        return self._space.canonical(tuple(row))

    def _take(self, row: Sequence[int]) -> bool:
        point = self._point(row)
        if point in self._taken or not self._space.feasible(point):
            return False
        self._taken.add(point)
        return True

    def _exchanged(self, row: list[int]) -> bool:
        for _ in range(EXCHANGES):
            partner = self._random.randrange(len(self._rows))
            axis = self._random.randrange(len(row))
            if row[axis] != self._rows[partner][axis] and self._try(row, partner, axis):
                return True
        return False

    def _try(self, row: list[int], partner: int, axis: int) -> bool:
        """Exchange if `row` becomes good and its partner does not become bad."""
        other = self._rows[partner]
        before = self._point(other)
        row[axis], other[axis] = other[axis], row[axis]
        if self._take(row):
            if partner in self._bad:
                return True
            if self._point(other) == before:
                return True
            if self._take(other):
                self._taken.discard(before)
                return True
            self._taken.discard(self._point(row))
        row[axis], other[axis] = other[axis], row[axis]
        return False

    def _redrawn(self, row: list[int]) -> bool:
        count = len(self._rows)
        spans = [peers(level, count, n) for level, n in zip(row, self._lengths, strict=True)]
        return self._moved(row, (tuple(map(self._random.choice, spans)) for _ in range(REDRAWS)))

    def _moved(self, row: list[int], candidates: Iterator[Point]) -> bool:
        """Move to the first candidate that is feasible and free."""
        point = next(filter(self._take, candidates), None)
        if point is not None:
            row[:] = point
        return point is not None

    def _nearby(self, point: Point) -> Iterator[Point]:
        """Return feasible points on the axes through `point`, further and further away."""
        radius = 1
        while radius < 2 * max(self._lengths) and radius <= FARTHEST:
            near = list(self._space.neighbours(point, radius))
            self._random.shuffle(near)  # otherwise most moves would be along the first axis
            yield from near
            radius *= 2
