"""Walks through the levels that satisfy a set of constraints, depth first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from attrs import frozen

from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._terms import Check, every


@frozen
class Rule:
    """A constraint over levels: the positions of the axes it reads, and its closure."""

    constraint: ParameterConstraint
    axes: frozenset[int]
    holds: Check


class TooManyError(Exception):
    """The limit is reached before the search is through."""


def satisfying(sizes: Sequence[int], group: Sequence[Rule], limit: int) -> Iterator[None]:
    """Yield once for each way to set the group's axes that satisfies it, depth first.

    A rule is asked as soon as its last axis is set. Raises TooManyError past `limit` settings.
    """
    order = _order(sizes, group)
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


def _order(sizes: Sequence[int], group: Iterable[Rule]) -> list[int]:
    """Return the axes so that rules come due early: next the rule with the least left to set."""
    order: list[int] = []
    left = list(group)
    while left:
        costs = [prod(sizes[axis] for axis in rule.axes.difference(order)) for rule in left]
        rule = left.pop(costs.index(min(costs)))
        order += sorted(rule.axes.difference(order), key=lambda axis: (sizes[axis], axis))
    return order


def _due(order: Sequence[int], group: Iterable[Rule]) -> list[Check]:
    """Return for each number of axes set, from 0, the check of the rules that come due then."""
    due: list[list[Check]] = [[] for _ in range(len(order) + 1)]
    for rule in group:
        due[max((order.index(axis) + 1 for axis in rule.axes), default=0)].append(rule.holds)
    return [every(checks) for checks in due]
