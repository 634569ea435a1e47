"""Search for feasible points: boxes of levels are narrowed and halved until all of it is feasible.

Constraints are propagated over the axes: an end of an axis that leaves one of them no point is cut
off. Then an axis is halved, and the search goes back where both halves have no point.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from random import Random

from attrs import frozen

from leanopt_core.space._counting import TooManyError
from leanopt_core.space._ranges import Box, Verdict
from leanopt_core.space._terms import Check


@frozen
class Judge:
    """A constraint over boxes, and the axes that it reads."""

    axes: frozenset[int]
    verdict: Verdict


@frozen
class Open:
    """A box to look at, and the constraints that are not known to hold in all of it."""

    lows: list[int]
    highs: list[int]
    judges: tuple[Judge, ...]


@frozen
class Search:
    """The feasible points of the axes at `places`; `judges` judge boxes, `holds` points."""

    places: Sequence[int]
    sizes: Sequence[int]
    judges: tuple[Judge, ...]
    holds: Check

    def any(self, random: Random, limit: int, tries: int) -> list[int] | None:
        """Return the levels of a random feasible point, None if there is none at all.

        Every point can come, but not all are equally likely. Begins again after `limit` boxes;
        raises TooManyError after so many tries.
        """
        for _ in range(tries):
            try:
                box = next(self._boxes(random.random, limit), None)
            except TooManyError:
                continue
            if box is None:
                return None
            levels = list(box[0])
            for place in self.places:
                levels[place] += int(random.random() * (box[1][place] - box[0][place] + 1))
            return levels
        raise TooManyError

    def all(self) -> Iterator[list[int]]:
        """Yield the levels of every feasible point, in the order of the search."""
        for lows, highs in self._boxes(lambda: 0.0, None):
            spans = [range(lows[place], highs[place] + 1) for place in self.places]
            for found in product(*spans):
                levels = list(lows)
                for place, level in zip(self.places, found, strict=True):
                    levels[place] = level
                yield levels

    def _boxes(self, toss: Callable[[], float], limit: int | None) -> Iterator[Box]:
        """Yield boxes of which every point is feasible; `toss` decides which half comes first."""
        highs = [0] * len(self.sizes)
        for place in self.places:
            highs[place] = self.sizes[place] - 1
        boxes = [Open([0] * len(self.sizes), highs, self.judges)]
        looked = 0
        while boxes:
            looked += 1
            if limit is not None and looked > limit:
                raise TooManyError
            box = self._narrowed(boxes.pop())
            if box is None:
                continue
            open_ = [place for place in self.places if box.lows[place] < box.highs[place]]
            if not box.judges:
                yield box.lows, box.highs
            elif open_:
                boxes += _halves(box, open_[0], toss())
            elif self.holds(box.lows):
                # A single point may be unknown for want of a value.
                yield box.lows, box.highs

    def _narrowed(self, box: Open) -> Open | None:
        """Return a box without ends of axes that have no feasible point, None if none is left."""
        for judge in box.judges:
            for axis in judge.axes:
                if not _cut(box, judge, axis):
                    return None
        unknown = []
        for judge in box.judges:
            known = judge.verdict((box.lows, box.highs))
            if known is False:
                return None
            if known is None:
                unknown.append(judge)
        return Open(box.lows, box.highs, tuple(unknown))


def _cut(box: Open, judge: Judge, axis: int) -> bool:
    """Cut the ends of an axis with which a constraint fails; return whether anything is left."""
    lows, highs = box.lows, box.highs
    first, last = lows[axis], highs[axis]

    def fails(low: int, high: int) -> bool:
        lows[axis], highs[axis] = low, high
        return judge.verdict((lows, highs)) is False

    # The fewest levels from either end that do not fail: still fewer would fail too.
    steps = range(last - first + 1)
    more = bisect_left(steps, x=True, key=lambda step: not fails(first, first + step))
    if more == len(steps):
        return False
    less = bisect_left(steps, x=True, key=lambda step: not fails(last - step, last))
    lows[axis], highs[axis] = first + more, last - less
    return first + more <= last - less


def _halves(box: Open, axis: int, toss: float) -> tuple[Open, Open]:
    """Return the halves of a box on an axis; the one to look at first comes last."""
    low, high = box.lows[axis], box.highs[axis]
    middle = (low + high) // 2
    below, above = list(box.highs), list(box.lows)
    below[axis], above[axis] = middle, middle + 1
    first = Open(list(box.lows), below, box.judges)
    second = Open(above, list(box.highs), box.judges)
    return (second, first) if toss < (middle - low + 1) / (high - low + 1) else (first, second)
