"""Count feasible points depth first, and find the constraints that leave none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor, prod, sqrt
from typing import Literal

from attrs import frozen

from leanopt_core.space._axis import Axis
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._numbers import Value
from leanopt_core.space._permutation import Permutation
from leanopt_core.space._terms import Check, Levels, every, terms_of


@frozen(eq=False)
class Rule:
    """A constraint over levels: the positions of the axes it reads, and its closure."""

    constraint: ParameterConstraint
    axes: frozenset[int]
    holds: Check


@frozen(eq=False)
class Condition(Rule):
    """The rule that the axis `of` has its first level unless `active` holds."""

    of: int
    active: Check


def rules_of(
    axes: Sequence[Axis], fixed: Mapping[str, Value], constraints: Iterable[ParameterConstraint]
) -> tuple[Rule, ...]:
    """Return constraints over the levels of the axes."""
    places = {axis.name: i for i, axis in enumerate(axes)}
    known = terms_of(axes, fixed)
    return tuple(
        Rule(
            constraint,
            frozenset(places[name] for name in constraint.names if name in places),
            constraint.check(known),
        )
        for constraint in constraints
    )


class TooManyError(Exception):
    """The limit was reached before the search finished."""


def satisfying(sizes: Sequence[int], group: Sequence[Rule], limit: int) -> Iterator[None]:
    """Yield once per assignment of the group's axes that satisfies it, depth first.

    A rule is checked as soon as its last axis is set. Raises TooManyError after `limit` steps.
    """
    order = order_of(sizes, group)
    due = _due(order, group)
    levels, upcoming = [0] * len(sizes), [0] * len(order)
    depth, left = (0 if due[0](levels) else -1), limit
    if depth == len(order):
        yield None
    while 0 <= depth < len(order):
        axis = order[depth]
        if upcoming[depth] == sizes[axis]:
            upcoming[depth] = 0
            depth -= 1
            continue
        levels[axis] = upcoming[depth]
        upcoming[depth] += 1
        left -= 1
        if left < 0:
            raise TooManyError
        if due[depth + 1](levels):
            depth += 1
            if depth == len(order):
                yield None
                depth -= 1


def order_of(sizes: Sequence[int], group: Iterable[Rule]) -> list[int]:
    """Order the axes to check rules early: next comes the rule with the fewest unset axes."""
    order: list[int] = []
    left = list(group)
    while left:
        costs = [prod(sizes[axis] for axis in rule.axes.difference(order)) for rule in left]
        rule = left.pop(costs.index(min(costs)))
        own = rule.of if isinstance(rule, Condition) else None
        order += sorted(
            rule.axes.difference(order),
            # A condition is known before its own axis is set.
            key=lambda axis: (axis == own, sizes[axis], axis),
        )
    return order


def _due(order: Sequence[int], group: Iterable[Rule]) -> list[Check]:
    """Return, by number of axes set (from 0), the check of the rules that are due then."""
    due: list[list[Check]] = [[] for _ in range(len(order) + 1)]
    for rule in group:
        due[max((order.index(axis) + 1 for axis in rule.axes), default=0)].append(rule.holds)
    return [every(checks) for checks in due]


_ERRORS = 3
"""Width of an estimate's interval, in standard errors."""


@frozen
class Count:
    """The number of feasible points and how it was found.

    `exact`: the product of the axes, without constraints. `counted`: by enumeration; 0 is then a
    proof. `estimated`: from a sample; 0 then only means that no sample was feasible. The true
    number is between `low` and `high`: both equal `value` unless it is estimated; then they contain
    it for about 997 of 1000 spaces.
    """

    value: int
    how: Literal["exact", "counted", "estimated"]
    low: int
    high: int


def count(sizes: Sequence[int], rules: Sequence[Rule], limit: int, samples: int) -> Count:
    """Return how many points of a grid of `sizes` satisfy all rules.

    Each independent group of rules visits at most `limit` partial points; beyond that it is
    estimated from `samples` points, the same on every call.
    """
    if not rules:
        return _known(prod(sizes), "exact")
    parts = []
    for group in groups_of(rules):
        part = _counted(sizes, group, limit) or _estimated(sizes, group, samples)
        if part.high == 0:
            return part
        parts.append(part)
    bound = _axes(rules)
    free = prod(size for axis, size in enumerate(sizes) if axis not in bound)
    return Count(
        free * prod(part.value for part in parts),
        "estimated" if any(part.how == "estimated" for part in parts) else "counted",
        free * prod(part.low for part in parts),
        free * prod(part.high for part in parts),
    )


def emptying(sizes: Sequence[int], rules: Sequence[Rule], limit: int) -> list[Rule]:
    """Return a minimal set of rules that together leave no point; empty if that is not proven.

    By deletion: a rule is kept if the others alone do not prove that no point is left. Conditions
    are part of the grid, and not returned.
    """
    core = next((group for group in groups_of(rules) if _empty(sizes, group, limit)), [])
    constraints = [rule for rule in core if not isinstance(rule, Condition)]
    for rule in list(constraints):
        others = [other for other in core if other is not rule]
        if any(_empty(sizes, group, limit) for group in groups_of(others)):
            core = others
            constraints.remove(rule)
    return constraints


def groups_of(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Return the rules in groups that share no axis."""
    groups: list[list[Rule]] = []
    for rule in rules:
        joined, apart = [rule], []
        for group in groups:
            if any(other.axes & rule.axes for other in group):
                joined = group + joined
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups


def _axes(rules: Iterable[Rule]) -> list[int]:
    return sorted(frozenset[int]().union(*(rule.axes for rule in rules)))


def _known(value: int, how: Literal["exact", "counted"]) -> Count:
    return Count(value, how, value, value)


def _counted(sizes: Sequence[int], group: Sequence[Rule], limit: int) -> Count | None:
    try:
        return _known(sum(1 for _ in satisfying(sizes, group, limit)), "counted")
    except TooManyError:
        return None


def _empty(sizes: Sequence[int], group: Sequence[Rule], limit: int) -> bool:
    """Return whether no point satisfies the group, as far as can be proven within the limit."""
    try:
        return not any(True for _ in satisfying(sizes, group, limit))
    except TooManyError:
        return False


def _estimated(sizes: Sequence[int], group: Sequence[Rule], samples: int) -> Count:
    axes = _axes(group)
    levels = [0] * len(sizes)

    def ranked(rank: int) -> Levels:
        for axis in axes:
            rank, levels[axis] = divmod(rank, sizes[axis])
        return levels

    size = prod(sizes[axis] for axis in axes)
    return estimate(size, ranked, every([rule.holds for rule in group]), samples)


def estimate(size: int, ranked: Callable[[int], Levels], holds: Check, samples: int) -> Count:
    """Return how many of `size` points satisfy a check, from a sample of them.

    `ranked` returns the levels of the point of a rank. If all are in the sample, it is a count.
    """
    if size == 0:
        return _known(0, "counted")
    order, drawn = Permutation(size, 0), min(samples, size)
    hits = sum(holds(ranked(order(i))) for i in range(drawn))
    if drawn == size:
        return _known(hits, "counted")
    low, high = _share(hits, drawn)
    return Count(
        round(Fraction(size * hits, drawn)),
        "estimated",
        max(floor(size * low), hits),
        min(ceil(size * high), size - (drawn - hits)),
    )


def _share(hits: int, drawn: int) -> tuple[Fraction, Fraction]:
    """Return Wilson's score interval of three standard errors for hits / drawn.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    square = _ERRORS**2
    middle = (hits + square / 2) / (drawn + square)
    half = _ERRORS / (drawn + square) * sqrt(hits * (drawn - hits) / drawn + square / 4)
    return Fraction(max(middle - half, 0.0)), Fraction(min(middle + half, 1.0))
