"""Conditions: an inactive parameter has its first value, and is not searched.

A condition is true or false as far as active parameters decide it: a comparison that reads an
inactive parameter is neither, so it makes nothing active.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from leanopt_core.space._axis import Axis
from leanopt_core.space._checks import AxisError, ConstraintError
from leanopt_core.space._constraint import ConstraintText, ParameterConstraint, mentioned
from leanopt_core.space._counting import Condition
from leanopt_core.space._numbers import Value
from leanopt_core.space._points import Point
from leanopt_core.space._terms import Check, terms_of
from leanopt_core.suggest import did_you_mean


def conditions_of(
    axes: Sequence[Axis],
    fixed: Mapping[str, Value],
    conditions: Mapping[str, ParameterConstraint],
) -> tuple[Condition, ...]:
    """Return the conditions over the levels of the axes, in the order of the axes.

    Raises AxisError if one belongs to no searched parameter, or depends on itself.
    """
    if not conditions:
        return ()
    places = {axis.name: place for place, axis in enumerate(axes)}
    for name in conditions:
        if name not in places:
            hint = did_you_mean(name, places)
            raise AxisError(name, f"only a searched parameter can have a condition; {hint}")
    whole = _whole(conditions, {axis.name: axis for axis in axes} | dict(fixed))
    known = terms_of(axes, fixed)
    found = []
    for name, place in places.items():
        if name in whole:
            condition = whole[name]
            reads = frozenset(places[other] for other in condition.names if other in places)
            active = condition.check(known)
            holds = _first_unless(active, place)
            found.append(Condition(condition, reads | {place}, holds, place, active))
    return tuple(found)


def active(conditions: Sequence[Condition], point: Point) -> tuple[bool, ...]:
    """Return whether each axis is active at a point."""
    inactive = {one.of for one in conditions if not one.active(point)}
    return tuple([axis not in inactive for axis in range(len(point))])


def canonical(conditions: Sequence[Condition], point: Point) -> Point:
    """Return a point with each inactive axis at its first level."""
    # Levels of inactive axes decide nothing, so one pass is enough.
    inactive = {one.of for one in conditions if not one.holds(point)}
    return tuple([0 if axis in inactive else level for axis, level in enumerate(point)])


def distinct(
    conditions: Sequence[Condition], point: Point, others: Iterable[Point]
) -> Iterator[Point]:
    """Yield the canonical points of others near a canonical point, each once."""
    for other in others:
        changes = zip(active(conditions, other), other, point, strict=True)
        # If only active axes differ, no other one of them has the same canonical point.
        if all(counts or level == own for counts, level, own in changes):
            yield canonical(conditions, other)


def controllers_first(
    names: Iterable[str], conditions: Mapping[str, ParameterConstraint], searched: Sequence[str]
) -> list[str]:
    """Return the names, each after the searched parameters that its condition reads."""
    order: dict[str, None] = {}

    def add(name: str) -> None:
        condition = conditions.get(name)
        for other in searched if condition and name not in order else ():
            if condition and other in condition.names:
                add(other)
        order[name] = None

    for name in names:
        add(name)
    return list(order)


def _first_unless(active: Check, axis: int) -> Check:
    return lambda levels: levels[axis] == 0 or active(levels)


def _whole(
    conditions: Mapping[str, ParameterConstraint], known: Mapping[str, Axis | Value]
) -> dict[str, ParameterConstraint]:
    """Return the conditions, with those of the parameters that they read written into them."""
    whole: dict[str, ParameterConstraint] = {}
    for name in _order(conditions):
        own = conditions[name]
        if own.names & whole.keys():
            texts = {other: condition.text for other, condition in whole.items()}
            text = _text(ConstraintText(own.text), own.tree, texts, truth=True)
            try:
                own = ParameterConstraint.parse(text, known)
            except ConstraintError as error:
                reads = ", ".join(sorted(own.names & whole.keys()))
                problem = f"its condition, with those of {reads}, {error.message}"
                raise AxisError(name, problem) from None
        whole[name] = own
    return whole


def _order(conditions: Mapping[str, ParameterConstraint]) -> list[str]:
    """Return the names with conditions, each after those that its condition reads."""
    reads = {name: sorted(one.names & conditions.keys()) for name, one in conditions.items()}
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        # The first and the last are the same; each is read by the next one.
        circle = error.args[1][:0:-1]
        first = circle.index(min(circle))
        turned = [*circle[first:], *circle[:first], circle[first]]
        raise AxisError(turned[0], f"its condition depends on itself: {_arrows(turned)}") from None


def _arrows(names: Sequence[str]) -> str:
    return " reads ".join(names)


def _text(
    source: ConstraintText, node: ast.expr, conditions: Mapping[str, str], *, truth: bool
) -> str:
    """Return an expression that is true if a node is true, or false, by active parameters alone."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _text(source, operand, conditions, truth=not truth)
        case ast.BoolOp(op=op, values=values):
            parts = [_text(source, value, conditions, truth=truth) for value in values]
            return "(" + (" and " if isinstance(op, ast.And) is truth else " or ").join(parts) + ")"
    reads = sorted(mentioned(node) & conditions.keys())
    own = f"({source.written(node)})" if truth else f"not ({source.written(node)})"
    return "(" + " and ".join([*(f"({conditions[name]})" for name in reads), own]) + ")"
