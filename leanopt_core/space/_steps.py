"""One step of counting: an axis is set, and of the axes so far only a state matters."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

from attrs import frozen

from leanopt_core.space._counting import Condition, Rule
from leanopt_core.space._sums import Sum

#: For each pending sum its value, None if it holds for all levels that follow; then the levels
#: still read.
State: TypeAlias = tuple[int | None, ...]


@frozen
class PartialSum:
    """A sum while one axis is set.

    `place` is that of its value in the state before, None if it begins here. `adds` is what the
    axis adds by its level, `low` and `high` bound what later axes add: there are some if it
    is `pending`.
    """

    whole: Sum
    place: int | None
    adds: Sequence[int]
    low: int
    high: int
    pending: bool

    def value(self, state: State) -> int | None:
        """Return the value in the state before."""
        return self.whole.base if self.place is None else state[self.place]

    def levels(self, value: int) -> range:
        """Return a range with all levels of the axis after which the sum can still hold."""
        adds, size = self.adds, len(self.adds)
        lowest, highest = self.whole.least - self.high - value, self.whole.most - self.low - value
        if self.rising:
            return range(bisect_left(adds, lowest), bisect_right(adds, highest))
        if self.falling:
            down = [-one for one in (lowest, highest)]
            key = operator.neg
            return range(bisect_left(adds, down[1], key=key), bisect_right(adds, down[0], key=key))
        return range(size)

    @property
    def ordered(self) -> bool:
        """Whether the levels that fit are a range."""
        return self.rising or self.falling

    @cached_property
    def rising(self) -> bool:
        """Whether higher levels add more."""
        return all(a < b for a, b in pairwise(self.adds))

    @cached_property
    def falling(self) -> bool:
        """Whether higher levels add less."""
        return all(a > b for a, b in pairwise(self.adds))


@frozen
class Step:
    """What setting one axis does.

    `held` are the places in the state of levels that
    are read here or later, by axis; `keeps` are the axes whose levels are read later. `due` are
    the constraints that are decided here; `condition` is the axis's own, if it is known by now.
    """

    axis: int
    size: int
    sums: tuple[PartialSum, ...]
    held: tuple[tuple[int, int], ...]
    keeps: tuple[int, ...]
    due: tuple[Rule, ...]
    condition: Condition | None = None

    @cached_property
    def forgets(self) -> bool:
        """Whether the axis's level alone decides how many points follow, and a range which fit."""
        begins = all(one.place is None for one in self.sums if one.pending)
        return begins and not self.keeps and self._fits_a_range and not self.closes

    @cached_property
    def closes(self) -> bool:
        """Whether the axis's level decides nothing that follows, and a range fits."""
        idle = all(not one.adds for one in self.sums if one.pending)
        return idle and self.axis not in self.keeps and self._fits_a_range

    @property
    def _fits_a_range(self) -> bool:
        return not self.due and all(one.ordered for one in self.sums if not one.pending)

    def levels(self, state: State) -> range:
        """Return a range with all levels that a feasible point can have."""
        found = range(self.size)
        for one in self.sums:
            value = one.value(state)
            if one.adds and value is not None:
                own = one.levels(value)
                found = range(max(found.start, own.start), min(found.stop, own.stop))
        return found
