"""Comparisons of linear sums: each axis adds a number that depends on its own level alone."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Final, cast

from attrs import frozen

from leanopt_core.space._compiler import compile_number
from leanopt_core.space._constraint import ConstraintText
from leanopt_core.space._counting import Rule
from leanopt_core.space._terms import Levels, Term, arithmetic

#: The whole numbers, least and most, that a sum may be to compare with 0 as demanded.
_DEMANDED: Final[Mapping[type[ast.cmpop], tuple[float, float]]] = MappingProxyType(
    {
        ast.Eq: (0, 0),
        ast.Lt: (-inf, -1),
        ast.LtE: (-inf, 0),
        ast.Gt: (1, inf),
        ast.GtE: (0, inf),
    }
)


#: The most levels of an axis that are listed.
_LONGEST: Final = 20_000


@frozen(eq=False)
class Sum:
    """A sum that must be from `least` to `most`: `base`, and what each axis adds by its level.

    All are whole numbers; axes are given by their places.
    """

    base: int
    adds: Mapping[int, Sequence[int]]
    least: float
    most: float

    def holds(self, low: int, high: int) -> bool | None:
        """Return whether a sum between two bounds is as it must be, None if only some are."""
        if high < self.least or low > self.most:
            return False
        return True if self.least <= low and high <= self.most else None


def sum_of(rule: Rule, known: Mapping[str, Term], sizes: Sequence[int]) -> Sum | None:
    """Return a constraint as a sum, None if it is anything else; `known` are all parameters."""
    constraint, tree = rule.constraint, rule.constraint.tree
    if not (isinstance(tree, ast.Compare) and type(tree.ops[0]) in _DEMANDED):
        return None
    if max(sizes) > _LONGEST:
        return None
    least, most = _DEMANDED[type(tree.ops[0])]
    sides = (tree.left, tree.comparators[0])
    varying = frozenset(name for name in constraint.names if not known[name].constant)
    if not all(_linear(side, known, varying) for side in sides):
        return None
    source = ConstraintText(constraint.text)
    left, right = (compile_number(source, side, known) for side in sides)
    # In units of one scale: a linear sum has no fractions.
    read = cast("Callable[[Levels], int]", arithmetic(ast.Sub, left, right).read)
    levels = [0] * len(sizes)
    base = read(levels)
    adds: dict[int, list[int]] = {}
    for place in sorted(rule.axes):
        adds[place] = []
        for level in range(sizes[place]):
            levels[place] = level
            adds[place].append(read(levels) - base)
        levels[place] = 0
    return Sum(base, adds, least, most)


def _linear(node: ast.expr, known: Mapping[str, Term], varying: frozenset[str]) -> bool:
    """Return whether a number is a linear sum of axes."""
    match node:
        case ast.Name(id=name):
            return name in known and known[name].only("number")
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _linear(operand, known, varying)
        case ast.BinOp(left=left, op=op, right=right):
            both = _linear(left, known, varying) and _linear(right, known, varying)
            return both and _keeps_linear(op, left, right, varying)
    return False


def _keeps_linear(
    op: ast.operator, left: ast.expr, right: ast.expr, varying: frozenset[str]
) -> bool:
    """Return whether an operator makes a linear sum of two."""
    match op:
        case ast.Add() | ast.Sub():
            return True
        case ast.Mult():
            return _fixed(left, varying) or _fixed(right, varying)
        case ast.Div():
            return isinstance(right, ast.Constant)
    return False


def _fixed(node: ast.expr, varying: frozenset[str]) -> bool:
    return not any(isinstance(one, ast.Name) and one.id in varying for one in ast.walk(node))
