"""Arithmetic and comparisons of numbers that are only known to lie between bounds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import floor
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from leanopt_core.space._axis import exact_table
from leanopt_core.space._numbers import Value

#: The lowest and the highest level of each axis.
Box: TypeAlias = tuple[Sequence[int], Sequence[int]]
#: True or false for every point of a box, None if that is not known.
Truth: TypeAlias = bool | None
#: The bounds of a number over a box; None if it may have no value.
Range: TypeAlias = tuple[Fraction | int, Fraction | int] | None
Bounds: TypeAlias = Callable[[Box], Range]
Verdict: TypeAlias = Callable[[Box], Truth]


def _less(a: Any, b: Any, c: Any, d: Any) -> Truth:
    return True if b < c else False if a >= d else None


def _at_most(a: Any, b: Any, c: Any, d: Any) -> Truth:
    return True if b <= c else False if a > d else None


def _equal(a: Any, b: Any, c: Any, d: Any) -> Truth:
    if b < c or d < a:
        return False
    return True if a == b == c == d else None


def _unequal(a: Any, b: Any, c: Any, d: Any) -> Truth:
    return None if (equal := _equal(a, b, c, d)) is None else not equal


_DECIDE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any, Any, Any], Truth]]] = MappingProxyType(
    {
        ast.Lt: _less,
        ast.LtE: _at_most,
        ast.Gt: lambda a, b, c, d: _less(c, d, a, b),
        ast.GtE: lambda a, b, c, d: _at_most(c, d, a, b),
        ast.Eq: _equal,
        ast.NotEq: _unequal,
    }
)


def ordered(operator: type[ast.cmpop], left: Bounds, right: Bounds) -> Verdict:
    decide = _DECIDE[operator]

    def judged(box: Box) -> Truth:
        a, b = left(box), right(box)
        return None if a is None or b is None else decide(*a, *b)

    return judged


def of_axis(values: Sequence[Value], axis: int) -> Bounds:
    table, scale = exact_table(values)
    rising = not isinstance(values, tuple) or all(a < b for a, b in pairwise(table))

    def bounds(box: Box) -> Range:
        low, high = box[0][axis], box[1][axis]
        ends = (table[low], table[high])
        if not rising:
            some = table[low : high + 1]
            ends = (min(some), max(some))
        return ends if scale == 1 else (Fraction(ends[0], scale), Fraction(ends[1], scale))

    return bounds


def negative(number: Bounds) -> Bounds:
    return lambda box: None if (one := number(box)) is None else (-one[1], -one[0])


def conditional(active: Verdict, axis: int) -> Verdict:
    """Return the verdict that an axis has its first level unless another verdict is true."""

    def judged(box: Box) -> Truth:
        lows, highs = box
        known = highs[axis] == 0 or active(box)
        return None if known is False and lows[axis] == 0 else known

    return judged


def arithmetic(operator: type[ast.operator], left: Bounds, right: Bounds) -> Bounds:
    combine = _COMBINE[operator]

    def bounds(box: Box) -> Range:
        a, b = left(box), right(box)
        return None if a is None or b is None else combine(a, b)

    return bounds


def _product(a: Any, b: Any) -> Range:
    corners = [x * y for x, y in product(a, b)]
    return min(corners), max(corners)


def _quotient(a: Any, b: Any) -> Range:
    if b[0] <= 0 <= b[1]:
        return None
    corners = [Fraction(x) / y for x, y in product(a, b)]
    return min(corners), max(corners)


def _floored(a: Any, b: Any) -> Range:
    found = _quotient(a, b)
    return None if found is None else (floor(found[0]), floor(found[1]))


def _remainder(a: Any, b: Any) -> Range:
    if b[0] != b[1] or b[0] == 0:
        return None if b[0] <= 0 <= b[1] else (min(b[0], 0), max(b[1], 0))
    if a[0] // b[0] == a[1] // b[0]:
        ends = (a[0] % b[0], a[1] % b[0])
        return min(ends), max(ends)
    return min(b[0], 0), max(b[0], 0)


_COMBINE: Final[Mapping[type[ast.operator], Callable[[Any, Any], Range]]] = MappingProxyType(
    {
        ast.Add: lambda a, b: (a[0] + b[0], a[1] + b[1]),
        ast.Sub: lambda a, b: (a[0] - b[1], a[1] - b[0]),
        ast.Mult: _product,
        ast.Div: _quotient,
        ast.FloorDiv: _floored,
        ast.Mod: _remainder,
    }
)


def called(name: str, parts: Sequence[Bounds]) -> Bounds:
    def bounds(box: Box) -> Range:
        found = [part(box) for part in parts]
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return None
        lows, highs = [one[0] for one in known], [one[1] for one in known]
        if name == "abs":
            low, high = lows[0], highs[0]
            nearest = max(low, -high, 0)
            return nearest, max(high, -low)
        pick = min if name == "min" else max
        return pick(lows), pick(highs)

    return bounds
