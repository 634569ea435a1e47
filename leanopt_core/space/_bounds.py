"""What a constraint is over a box of levels: true, false, or not the same for all of its points."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, TypeAlias, cast

from attrs import frozen

from leanopt_core.space._axis import Axis, kinds_of
from leanopt_core.space._compiler import compile_number
from leanopt_core.space._constraint import ConstraintText, ParameterConstraint
from leanopt_core.space._numbers import Value, kind_of
from leanopt_core.space._ranges import (
    Bounds,
    Box,
    Truth,
    Verdict,
    arithmetic,
    called,
    negative,
    of_axis,
    ordered,
)
from leanopt_core.space._terms import of_value

#: Further values: texts and truth values that a parameter can have.
Among: TypeAlias = Callable[[Box], frozenset[Any]]


def verdict_of(
    constraint: ParameterConstraint, axes: Sequence[Axis], fixed: Mapping[str, Value]
) -> Verdict:
    """Return a function that judges a constraint over a box of levels of the axes."""
    operators = {type(node) for node in ast.walk(constraint.tree)}
    divides = bool(operators & {ast.Div, ast.FloorDiv, ast.Mod})
    source = ConstraintText(constraint.text)
    return _Bounds(source, axes, fixed, divides).truth(constraint.tree)


@frozen
class _Bounds:
    """Converts each node of a constraint to a function of a box."""

    source: ConstraintText
    axes: Sequence[Axis]
    fixed: Mapping[str, Value]
    divides: bool

    def truth(self, node: ast.expr) -> Verdict:
        """Return the function of a node that is true or false."""
        match node:
            case ast.BoolOp(op=op, values=values):
                decisive = isinstance(op, ast.Or)
                return _joined(
                    [self.truth(value) for value in values], decisive=decisive, divides=self.divides
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _inverse(self.truth(operand))
            case ast.Compare():
                return self._compared(node)
        among = self._among(node)
        return lambda box: _only(among(box))

    def _compared(self, node: ast.Compare) -> Verdict:
        parts = (node.left, *node.comparators)
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            listed = cast("ast.Tuple | ast.List | ast.Set", node.comparators[0])
            equal = [self._pair(ast.Eq, node.left, one) for one in listed.elts]
            found = _joined(equal, decisive=True, divides=self.divides)
            return found if isinstance(node.ops[0], ast.In) else _inverse(found)
        pairs = zip(node.ops, pairwise(parts), strict=True)
        checks = [self._pair(type(op), *pair) for op, pair in pairs]
        return _joined(checks, decisive=False, divides=self.divides)

    def _pair(self, operator: type[ast.cmpop], left: ast.expr, right: ast.expr) -> Verdict:
        if self._numeric(left) and self._numeric(right):
            return ordered(operator, self._number(left), self._number(right))
        if self._numeric(left) or self._numeric(right) or self.divides:
            # Left to the exact check of each point.
            return lambda _box: None
        x, y = self._among(left), self._among(right)
        equal = _inverse(_distinct(x, y))
        return equal if operator is ast.Eq else _inverse(equal)

    def _numeric(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                axis = self._axis(name)
                if axis is not None:
                    return kinds_of(self.axes[axis].values) == {"number"}
                return name in self.fixed and kind_of(self.fixed[name]) == "number"
            case ast.Constant(value=value):
                return isinstance(value, int | float) and not isinstance(value, bool)
            case ast.UnaryOp(op=op):
                return not isinstance(op, ast.Not)
        return isinstance(node, ast.BinOp | ast.Call)

    def _axis(self, name: str) -> int | None:
        return next((at for at, axis in enumerate(self.axes) if axis.name == name), None)

    def _number(self, node: ast.expr) -> Bounds:
        match node:
            case ast.Name(id=name) if (axis := self._axis(name)) is not None:
                return of_axis(self.axes[axis].values, axis)
            case ast.UnaryOp(op=op, operand=operand):
                number = self._number(operand)
                return number if isinstance(op, ast.UAdd) else negative(number)
            case ast.BinOp(left=left, op=op, right=right):
                return arithmetic(type(op), self._number(left), self._number(right))
            case ast.Call(func=ast.Name(id=name), args=args):
                return called(name, [self._number(one) for one in args])
        known = {name: of_value(value) for name, value in self.fixed.items()}
        term = compile_number(self.source, node, known)
        value = Fraction(cast("int", term.read(()))) / term.scale
        return lambda _box: (value, value)

    def _among(self, node: ast.expr) -> Among:
        """Return the function of a node that is a text or a truth value."""
        match node:
            case ast.Name(id=name) if (axis := self._axis(name)) is not None:
                values = self.axes[axis].values
                return lambda box: frozenset(values[box[0][axis] : box[1][axis] + 1])
            case ast.Name(id=name):
                named = frozenset({self.fixed.get(name, name == "true")})
                return lambda _box: named
            case ast.Constant(value=value):
                written = frozenset({value})
                return lambda _box: written
        truth = self.truth(node)
        return lambda box: _BOTH if (known := truth(box)) is None else frozenset({known})


_BOTH: Final = frozenset({True, False})


def _only(values: frozenset[Any]) -> Truth:
    return next(iter(values)) is True if len(values) == 1 else None


def _joined(verdicts: Sequence[Verdict], *, decisive: bool, divides: bool) -> Verdict:
    """Return the verdict of several, of which a single `decisive` one decides.

    With `divides`, an unknown one may divide by zero, which makes the whole constraint false.
    """

    def joined(box: Box) -> Truth:
        unknown = False
        for verdict in verdicts:
            known = verdict(box)
            if known is decisive:
                return None if unknown and divides else decisive
            unknown |= known is None
        return None if unknown else not decisive

    return joined


def _inverse(verdict: Verdict) -> Verdict:
    return lambda box: None if (known := verdict(box)) is None else not known


def _distinct(x: Among, y: Among) -> Verdict:
    def distinct(box: Box) -> Truth:
        a, b = ({(type(one) is bool, one) for one in some(box)} for some in (x, y))
        if not a & b:
            return True
        return False if len(a) == len(b) == 1 else None

    return distinct
