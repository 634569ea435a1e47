"""Draw from spaces of which so few points are feasible that rejection would take too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from math import prod
from random import Random
from typing import Literal

from attrs import frozen

from leanopt_core.space._axis import Axis
from leanopt_core.space._bounds import verdict_of
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._counting import (
    Condition,
    Rule,
    TooManyError,
    groups_of,
    order_of,
    rules_of,
)
from leanopt_core.space._numbers import Value
from leanopt_core.space._permutation import Permutation
from leanopt_core.space._points import Point
from leanopt_core.space._ranges import Verdict, conditional
from leanopt_core.space._search import Judge, Search
from leanopt_core.space._sums import sum_of
from leanopt_core.space._table import Table, narrow_order
from leanopt_core.space._terms import Check, Term, every, terms_of

#: A space is sparse if fewer than so many of so many draws are feasible: one in 10,000.
_FEW, _DRAWS = 20, 200_000
#: With conditions, a draw takes longer: one in 200.
_CONDITIONAL_DRAWS = 4000
#: The most boxes of one search for a point, and how often it is tried.
_BOXES, _TRIES = 500, 10
#: How many repeats there are in a row before all points are listed.
_REPEATS = 30


@frozen
class Sampling:
    """How `Space.sample` finds feasible points.

    `rejection`: it draws points until one is feasible. `counted`: it has counted the feasible
    points, and chooses among them. `searched`: it searches, so not all are equally likely. `size`
    is the number of feasible points, None if unknown; `found` is false if a search found none.
    """

    how: Literal["rejection", "counted", "searched"]
    size: int | None = None
    found: bool = True


def is_sparse(sizes: Sequence[int], holds: Check) -> bool:
    """Return whether rejection takes more than 10,000 draws a point; the same on every call."""
    draw = Random(0).random  # noqa: S311 - reproducible
    return prod(sizes) > _DRAWS and _few(
        holds([int(draw() * length) for length in sizes]) for _ in range(_DRAWS)
    )


def is_sparse_in(base: Sparse, holds: Check) -> bool:
    """Return whether rejection takes more than 200 draws of `base` a point."""
    random = Random(0)  # noqa: S311 - reproducible
    return base.size > _CONDITIONAL_DRAWS and _few(
        holds(base.ranked(random.randrange(base.size))) for _ in range(_CONDITIONAL_DRAWS)
    )


def _few(hits: Iterator[bool]) -> bool:
    return sum(1 for _ in islice(filter(None, hits), _FEW)) < _FEW


@frozen
class Sparse:
    """The feasible points of a sparse space, by groups of constraints that share no axis.

    `tables` are the groups that could be counted, each with its number of points, `searches` the
    others; no constraint reads the axes in `free`.
    """

    sizes: Sequence[int]
    free: Sequence[int]
    tables: tuple[tuple[Table, int], ...]
    searches: tuple[Search, ...]

    def sampling(self) -> Sampling:
        """Return how points are found, and whether there are any."""
        size = self.size
        if not self.searches or not size:
            return Sampling("counted", size)
        try:
            found = self._draw(Random(0))  # noqa: S311 - reproducible
        except TooManyError:
            return Sampling("searched", found=False)
        return Sampling("counted", 0) if found is None else Sampling("searched")

    def points(self, seed: int) -> Iterator[Point]:
        """Yield every feasible point once, in random order."""
        size = self.size
        if self.searches and size:
            yield from self._searched(seed)
            return
        order = Permutation(size, seed) if size else None
        for i in range(size):
            yield tuple(self.ranked(order(i) if order else 0))

    @property
    def size(self) -> int:
        """Return the number of points, but for the groups that are searched."""
        counts = (count for _, count in self.tables)
        return prod(counts) * prod(self.sizes[axis] for axis in self.free)

    def ranked(self, rank: int) -> list[int]:
        """Return the levels of a rank, but for the groups that are searched."""
        levels = [0] * len(self.sizes)
        for axis in self.free:
            rank, levels[axis] = divmod(rank, self.sizes[axis])
        for table, count in self.tables:
            rank, own = divmod(rank, count)
            table.point(own, levels)
        return levels

    def _searched(self, seed: int) -> Iterator[Point]:
        random = Random(seed)  # noqa: S311 - reproducible
        seen, repeats = set[Point](), 0
        while repeats < _REPEATS:
            try:
                point = self._draw(random)
            except TooManyError:
                return
            if point is None:
                return
            repeats = repeats + 1 if point in seen else 0
            if not repeats:
                seen.add(point)
                yield point
        yield from (point for point in self._listed() if point not in seen)

    def _draw(self, random: Random) -> Point | None:
        """Return a random point, None if there is none; raises TooManyError."""
        levels = self.ranked(random.randrange(self.size))
        for search in self.searches:
            found = search.any(random, _BOXES, _TRIES)
            if found is None:
                return None
            for axis in search.places:
                levels[axis] = found[axis]
        return tuple(levels)

    def _listed(self) -> Iterator[Point]:
        """Yield every point, in an order of no meaning."""
        for rank in range(self.size):
            yield from map(tuple, self._completed(self.ranked(rank), self.searches))

    def _completed(self, levels: list[int], searches: Sequence[Search]) -> Iterator[list[int]]:
        if not searches:
            yield levels
            return
        for found in searches[0].all():
            both = list(levels)
            for axis in searches[0].places:
                both[axis] = found[axis]
            yield from self._completed(both, searches[1:])


def sparse_of(
    axes: Sequence[Axis],
    fixed: Mapping[str, Value],
    constraints: Sequence[ParameterConstraint],
    steps: int = 1_000_000,
    more: Sequence[Rule] = (),
) -> Sparse:
    """Return the feasible points of a space; groups of more `steps` to count are searched.

    `more` are its conditions, and further rules.
    """
    sizes = [len(axis) for axis in axes]
    known = terms_of(axes, fixed)
    # Parts of one constraint can be of different groups.
    parts = [part for constraint in constraints for part in constraint.parts()]
    tables: list[tuple[Table, int]] = []
    searches: list[Search] = []
    bound = set[int]()
    for group in groups_of((*rules_of(axes, fixed, parts), *more)):
        bound.update(*(rule.axes for rule in group))
        counted = _counted(group, known, sizes, steps)
        if counted is not None:
            tables.append(counted)
            continue
        judges = [Judge(one.axes, _verdict(one, axes, fixed)) for one in group]
        holds = every([rule.holds for rule in group])
        searches.append(Search(order_of(sizes, group), sizes, tuple(judges), holds))
    free = [place for place in range(len(sizes)) if place not in bound]
    return Sparse(sizes, free, tuple(tables), tuple(searches))


def _verdict(rule: Rule, axes: Sequence[Axis], fixed: Mapping[str, Value]) -> Verdict:
    verdict = verdict_of(rule.constraint, axes, fixed)
    return conditional(verdict, rule.of) if isinstance(rule, Condition) else verdict


def _counted(
    group: Sequence[Rule], known: Mapping[str, Term], sizes: Sequence[int], steps: int
) -> tuple[Table, int] | None:
    """Return a group's points and their number, None if counting takes more steps."""
    if not any(rule.axes for rule in group):
        # Fixed parameters alone decide.
        return Table((), (), (), sizes), int(all(rule.holds(()) for rule in group))
    constraints = [rule for rule in group if not isinstance(rule, Condition)]
    sums = {rule: sum_of(rule, known, sizes) for rule in constraints}
    linear = [one for one in sums.values() if one is not None]
    others = [rule for rule in group if sums.get(rule) is None]
    # The first is short for chains, the second where few constraints leave little.
    for order in (narrow_order(group), order_of(sizes, group)):
        table = Table(order, linear, others, sizes)
        with suppress(TooManyError):
            return table, table.count(steps)
    return None
