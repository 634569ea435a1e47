"""Count a group's feasible points by dynamic programming, and number them.

Axes are set one after the other. Of those set so far only a state matters: the sums so far, and the
levels that other constraints still read. Points with the same state share their count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from attrs import define, evolve, field

from leanopt_core.space._counting import Condition, Rule, TooManyError
from leanopt_core.space._steps import PartialSum, State, Step
from leanopt_core.space._sums import Sum


@define
class Table:
    """The feasible points of the axes `order`: their number, and each by its rank."""

    order: Sequence[int]
    sums: Sequence[Sum]
    rules: Sequence[Rule]
    sizes: Sequence[int]
    _left: int = field(default=0, init=False)
    _steps: tuple[Step, ...] = field(default=(), init=False)
    _counts: list[dict[State, int]] = field(factory=list, init=False)
    # For a step that forgets: the number of points with a lower level, by level.
    _below: list[list[int]] = field(factory=list, init=False)
    _levels: list[int] = field(factory=list, init=False)

    def count(self, limit: int) -> int:
        """Return the number of points; raises TooManyError after `limit` steps."""
        self._left = limit
        self._steps = tuple(self._step(depth) for depth in range(len(self.order)))
        self._counts = [{} for _ in self.order]
        self._below = [[] for _ in self.order]
        self._levels = [0] * len(self.sizes)
        return self._count(0, ())

    def point(self, rank: int, levels: list[int]) -> None:
        """Set the levels of the point of a rank, from 0 to the count - 1."""
        state: State = ()
        for depth, step in enumerate(self._steps):
            if step.forgets:
                below = self._below[depth]
                rank += below[self._allowed(step, state).start]
                level = bisect_right(below, rank) - 1
                rank -= below[level]
            else:
                level, rank = self._found(depth, state, rank)
            levels[step.axis] = level
            state = self._next(step, state, level) or ()

    def _found(self, depth: int, state: State, rank: int) -> tuple[int, int]:
        """Return the level of a rank, and its rank among the points with this level."""
        step = self._steps[depth]
        levels = self._allowed(step, state)
        if step.closes:
            more, rank = divmod(rank, self._after(depth, step, state, levels.start))
            return levels.start + more, rank
        for level in levels:
            below = self._after(depth, step, state, level)
            if rank < below:
                return level, rank
            rank -= below
        raise IndexError(rank)

    def _count(self, depth: int, state: State) -> int:
        if depth == len(self._steps):
            return 1
        known = self._counts[depth].get(state)
        if known is not None:
            return known
        step = self._steps[depth]
        levels = self._allowed(step, state)
        if step.forgets:
            below = self._below[depth] or self._summed(depth)
            total = below[levels.stop] - below[levels.start] if levels else 0
        elif step.closes:
            total = len(levels) * self._after(depth, step, state, levels.start) if levels else 0
        else:
            total = sum(self._each(depth, step, state, levels))
        self._counts[depth][state] = total
        return total

    def _each(self, depth: int, step: Step, state: State, levels: range) -> Iterator[int]:
        """Yield the number of points with each of some levels."""
        self._left -= 1 + len(levels)
        if self._left < 0:
            raise TooManyError
        for level in levels:
            yield self._after(depth, step, state, level)

    def _after(self, depth: int, step: Step, state: State, level: int) -> int:
        """Return the number of points with a level after a state."""
        following = self._next(step, state, level)
        return 0 if following is None else self._count(depth + 1, following)

    def _summed(self, depth: int) -> list[int]:
        """Return how many points have a lower level of an axis than each, and than any."""
        step = self._steps[depth]
        new = evolve(step, sums=tuple(one for one in step.sums if one.pending))
        each = self._each(depth, new, (), range(step.size))
        self._below[depth] = [0, *accumulate(each)]
        return self._below[depth]

    def _next(self, step: Step, state: State, level: int) -> State | None:
        """Return the state after a level, None if no feasible point has it."""
        after: list[int | None] = []
        for one in step.sums:
            value = one.value(state)
            if value is not None:
                value += one.adds[level] if one.adds else 0
                holds = one.whole.holds(value + one.low, value + one.high)
                if holds is False:
                    return None
                value = None if holds else value
            if one.pending:
                after.append(value)
        if step.due or step.keeps:
            levels = self._held(step, state)
            levels[step.axis] = level
            if not all(rule.holds(levels) for rule in step.due):
                return None
            after += (levels[axis] for axis in step.keeps)
        return tuple(after)

    def _allowed(self, step: Step, state: State) -> range:
        """Return a range with all levels that a feasible point can have after a state."""
        found = step.levels(state)
        if step.condition is None or step.condition.active(self._held(step, state)):
            return found
        return range(found.start, min(found.stop, 1))

    def _held(self, step: Step, state: State) -> list[int]:
        """Return the levels, those set that are read here or later."""
        for place, axis in step.held:
            self._levels[axis] = state[place] or 0
        return self._levels

    def _step(self, depth: int) -> Step:
        axis = self.order[depth]
        done, later = set(self.order[:depth]), set(self.order[depth + 1 :])
        before = [
            one for one in self.sums if done & one.adds.keys() and not one.adds.keys() <= done
        ]
        kept = self._kept(done)
        here = [one for one in self.sums if one in before or axis in one.adds]
        sums = tuple(
            PartialSum(
                one,
                before.index(one) if one in before else None,
                one.adds.get(axis, ()),
                sum(min(one.adds[other]) for other in one.adds.keys() & later),
                sum(max(one.adds[other]) for other in one.adds.keys() & later),
                pending=bool(one.adds.keys() & later),
            )
            for one in here
        )
        decided = [rule for rule in self.rules if axis in rule.axes and not rule.axes & later]
        own = [rule for rule in decided if isinstance(rule, Condition) and rule.of == axis]
        return Step(
            axis,
            self.sizes[axis],
            sums,
            tuple((len(before) + place, other) for place, other in enumerate(kept)),
            self._kept({*done, axis}),
            tuple(rule for rule in decided if rule not in own),
            next(iter(own), None),
        )

    def _kept(self, done: set[int]) -> tuple[int, ...]:
        """Return the axes in `done` that a rule reads together with one that is not."""
        read = frozenset[int]().union(*(one.axes for one in self.rules if not one.axes <= done))
        return tuple(axis for axis in self.order if axis in done and axis in read)


def narrow_order(group: Sequence[Rule]) -> list[int]:
    """Return the axes that constraints read in an order in which few are open at any time.

    An axis is open while a constraint reads it together with a later one. An axis with a condition
    comes after those that its condition reads.
    """
    groups = [rule.axes for rule in group]
    first = {rule.of: rule.axes - {rule.of} for rule in group if isinstance(rule, Condition)}
    order: list[int] = []
    left = sorted(frozenset[int]().union(*groups))
    while left:
        ready = [axis for axis in left if first.get(axis, frozenset()).isdisjoint(left)]
        axis = min(ready, key=lambda axis: _open(groups, {*order, axis}))
        left.remove(axis)
        order.append(axis)
        groups = [axes for axes in groups if not axes.issubset(order)]
    return order


def _open(groups: Sequence[frozenset[int]], done: set[int]) -> tuple[int, int]:
    """Return how many axes are open, and how many constraints."""
    open_ = [axes for axes in groups if not axes.isdisjoint(done) and not axes <= done]
    return len(frozenset[int]().union(*open_) & done), len(open_)
