"""Parts of an expression as closures over exact integers.

A number is read as `read(levels) / scale` with one scale for the whole grid, so constraints compare
ints, not decimals. Only a division by a varying number makes fractions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import TypeAlias, cast

from attrs import evolve, frozen

from leanopt_core.space._axis import Axis, exact_table, kinds_of
from leanopt_core.space._numbers import Kind, Value, kind_of, units_of

Levels: TypeAlias = Sequence[int]
Number: TypeAlias = int | Fraction
Numeric: TypeAlias = Callable[[Levels], Number]
Check: TypeAlias = Callable[[Levels], bool]

_NUMBER: frozenset[Kind] = frozenset({"number"})


@frozen
class Term:
    """A value that depends on the levels.

    `kinds` are its possible kinds, None if unknown. `constant` means that `read` ignores the
    levels. `texts` are the texts of a choices axis.
    """

    read: Callable[[Levels], Number | str]
    kinds: frozenset[Kind] | None
    scale: int = 1
    constant: bool = False
    texts: tuple[str, ...] | None = None

    def only(self, kind: Kind) -> bool:
        """Return whether the term has only this kind, or an unknown kind."""
        return self.kinds is None or self.kinds == {kind}


def unknown() -> Term:
    """Return a term that cannot be read, for a parameter of which only the name is known."""
    return Term(lambda _levels: 0, None)


def of_value(value: Value) -> Term:
    """Return the term of a fixed value or a literal."""
    kinds = frozenset({kind_of(value)})
    if isinstance(value, str | bool):
        return Term(lambda _levels: value, kinds, constant=True)
    units, places = units_of(value)
    return Term(lambda _levels: units, kinds, 10**places, constant=True)


def of_axis(axis: Axis, position: int) -> Term:
    """Return the term of the axis at `position` of the levels."""
    kinds = kinds_of(axis.values)
    if kinds == {"number"}:
        table, scale = exact_table(axis.values)
        return Term(lambda levels: table[levels[position]], kinds, scale)
    values = tuple(Fraction(v) if isinstance(v, Decimal) else v for v in axis.values)
    texts = tuple(value for value in values if isinstance(value, str))
    return Term(lambda levels: values[levels[position]], kinds, texts=texts)


def terms_of(axes: Sequence[Axis], fixed: Mapping[str, Value]) -> dict[str, Term]:
    """Return the terms of all parameters of a space by name."""
    known = {axis.name: of_axis(axis, position) for position, axis in enumerate(axes)}
    return known | {name: of_value(value) for name, value in fixed.items()}


def of_place(position: int, kinds: frozenset[Kind] = _NUMBER) -> Term:
    """Return the term of the value at `position` of what the closure is given."""
    return Term(lambda values: values[position], kinds)


def truth(check: Check) -> Term:
    """Return the term of a comparison or a combination of comparisons."""
    return Term(check, frozenset({"truth"}))


def check_of(term: Term) -> Check:
    """Return a truth value's closure."""
    return cast("Check", term.read)


def number_of(term: Term) -> Callable[[Sequence[Fraction]], Fraction]:
    """Return a number's closure over exact numbers; of a term that uses no axis."""
    read, scale = cast("Callable[[Sequence[Fraction]], Fraction]", term.read), term.scale
    return read if scale == 1 else lambda numbers: Fraction(read(numbers), scale)


def negative(term: Term) -> Term:
    """Return the negative of a number."""
    read = _number(term)
    return evolve(term, read=lambda levels: -read(levels))


def arithmetic(operator: type[ast.operator], left: Term, right: Term) -> Term:
    """Return `left operator right` of numbers.

    The closure raises ZeroDivisionError if that has no value.
    """
    if operator is ast.Mult:
        read = _multiplied(_number(left), _number(right))
        return _result(read, left.scale * right.scale, (left, right))
    divisor = _constant(right) if operator is ast.Div else None
    if divisor:
        read = _multiplied(_number(left), lambda _levels: divisor.denominator)
        quotient = _result(read, left.scale * abs(divisor.numerator), (left, right))
        return negative(quotient) if divisor < 0 else quotient
    (a, b), scale = _common((left, right))
    result = _result(_ARITHMETIC[operator](a, b), scale, (left, right))
    return evolve(result, scale=1) if operator in (ast.Div, ast.FloorDiv) else result


def call(name: str, parts: Sequence[Term]) -> Term:
    """Return `abs`, `min` or `max` of numbers."""
    reads, scale = _common(parts)
    return _result(_CALLS[name](reads), scale, parts)


def compare(operator: type[ast.cmpop], left: Term, right: Term) -> Check:
    """Return `left operator right`; texts and truth values can only be equal or not."""
    if left.only("number") and right.only("number"):
        (a, b), _ = _common((left, right))
        return _COMPARE[operator](a, b)
    if left.kinds == right.kinds and left.only("text"):
        return _COMPARE[operator](_number(left), _number(right))
    x, y, equal = _unscaled(left), _unscaled(right), operator is ast.Eq
    return lambda levels: _same(x(levels), y(levels)) is equal


def every(checks: Sequence[Check]) -> Check:
    """Return a check that all checks hold; stops at the first that does not."""
    if len(checks) == 1:
        return checks[0]

    def hold(levels: Levels) -> bool:
        for check in checks:  # noqa: SIM110  # half the time of all(): this is the hot path
            if not check(levels):
                return False
        return True

    return hold


def some(checks: Sequence[Check]) -> Check:
    """Return a check that any check holds; stops at the first that does."""

    def hold(levels: Levels) -> bool:
        for check in checks:  # noqa: SIM110  # as above
            if check(levels):
                return True
        return False

    return hold


def inverse(check: Check) -> Check:
    """Return the negation of a check."""
    return lambda levels: not check(levels)


def _multiplied(a: Numeric, b: Numeric) -> Numeric:
    return lambda levels: a(levels) * b(levels)


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Numeric, Numeric], Numeric]] = MappingProxyType(
    {
        ast.Add: lambda a, b: lambda levels: a(levels) + b(levels),
        ast.Sub: lambda a, b: lambda levels: a(levels) - b(levels),
        ast.Mod: lambda a, b: lambda levels: a(levels) % b(levels),
        ast.FloorDiv: lambda a, b: lambda levels: a(levels) // b(levels),
        ast.Div: lambda a, b: lambda levels: Fraction(a(levels), b(levels)),
    }
)

_COMPARE: Mapping[type[ast.cmpop], Callable[[Numeric, Numeric], Check]] = MappingProxyType(
    {
        ast.Lt: lambda a, b: lambda levels: a(levels) < b(levels),
        ast.LtE: lambda a, b: lambda levels: a(levels) <= b(levels),
        ast.Gt: lambda a, b: lambda levels: a(levels) > b(levels),
        ast.GtE: lambda a, b: lambda levels: a(levels) >= b(levels),
        ast.Eq: lambda a, b: lambda levels: a(levels) == b(levels),
        ast.NotEq: lambda a, b: lambda levels: a(levels) != b(levels),
    }
)

_CALLS: Mapping[str, Callable[[Sequence[Numeric]], Numeric]] = MappingProxyType(
    {
        "abs": lambda reads: lambda levels: cast("Number", abs(reads[0](levels))),
        "min": lambda reads: lambda levels: min(read(levels) for read in reads),
        "max": lambda reads: lambda levels: max(read(levels) for read in reads),
    }
)


def _number(term: Term) -> Numeric:
    return cast("Numeric", term.read)


def _constant(term: Term) -> Fraction | None:
    try:
        return Fraction(_number(term)(())) / term.scale if term.constant else None
    except ZeroDivisionError:
        return None


def _result(read: Numeric, scale: int, parts: Sequence[Term]) -> Term:
    return Term(read, _NUMBER, scale, all(part.constant for part in parts))


def _common(parts: Sequence[Term]) -> tuple[list[Numeric], int]:
    """Return the terms as closures at one scale, the smallest for all."""
    scale = lcm(*(part.scale for part in parts))
    return [_scaled(part, scale) for part in parts], scale


def _scaled(term: Term, scale: int) -> Numeric:
    read, factor, constant = _number(term), scale // term.scale, _constant(term)
    if constant is not None:
        units = int(constant * scale)
        return lambda _levels: units
    return read if factor == 1 else lambda levels: read(levels) * factor


def _unscaled(term: Term) -> Callable[[Levels], Number | str]:
    if not term.only("number"):
        return term.read
    read, scale, constant = _number(term), term.scale, _constant(term)
    if constant is not None:
        return lambda _levels: constant
    return read if scale == 1 else lambda levels: Fraction(read(levels), scale)


def _same(left: Number | str, right: Number | str) -> bool:
    """Return whether two values are equal; unlike in Python, true does not equal 1."""
    return left == right and isinstance(left, bool) is isinstance(right, bool)
