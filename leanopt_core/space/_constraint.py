"""A constraint between parameters: an expression that is parsed, never run as Python."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import ClassVar

from attrs import field, frozen

from leanopt_core.errors import SpaceError
from leanopt_core.space import _terms as terms
from leanopt_core.space._axis import Axis
from leanopt_core.space._checks import (
    ConstraintError,
    exact_value,
    quoted,
    usable_in_constraints,
)
from leanopt_core.space._compiler import compile_check
from leanopt_core.space._numbers import Value
from leanopt_core.space._syntax import ExpressionText, value_names
from leanopt_core.space._terms import Check, Term
from leanopt_core.suggest import did_you_mean


class ConstraintText(ExpressionText):
    """The text of one constraint."""

    error: ClassVar = ConstraintError

    def unknown(self, node: ast.Name, known: Collection[str]) -> tuple[str, str]:
        """Return that a name is no parameter, and the nearest one."""
        if self.written(node) != node.id:
            return f"is read as {quoted(node.id)}", "rename the parameter"
        usable = filter(usable_in_constraints, known)
        return "is not a parameter", _unusable(self.text, known) or did_you_mean(node.id, usable)


@frozen
class ParameterConstraint:
    """An expression over parameters' values, made by `parse`.

    It supports comparisons and chains (`5 < fast < slow`), `and`, `or`, `not`, `in (1, 2)`,
    `+ - * / // %`, `abs`, `min`, `max`, numbers, quoted text, `true` and `false`. Arithmetic is
    exact. `//` and `%` round down, as in Python. A division by zero makes the whole constraint
    false, but `and`, `or`, `in` and chains stop as soon as the outcome is known: at b = 0
    `b == 0 or a / b > 2` is true.
    `names` are the parameters it uses.
    """

    text: str
    names: frozenset[str]
    tree: ast.expr = field(eq=False, repr=False)

    @classmethod
    def parse(
        cls, text: str, names_known: Iterable[str] | Mapping[str, Axis | Value]
    ) -> ParameterConstraint:
        """Parse a constraint.

        `names_known` are the parameters' names; with a mapping to axes and fixed values, kinds are
        checked too. Raises ConstraintError (text, column, message, hint) if the text is not such
        an expression, is longer than 2000 characters, is nested deeper than 60 levels, names no
        parameter or an unknown one, or compares values that are never equal.
        """
        source = ConstraintText(text)
        names = tuple(names_known)
        tree = source.parse(_unusable(text, names))
        given = names_known if isinstance(names_known, Mapping) else {}
        known = {name: _term(given[name], name) if given else terms.unknown() for name in names}
        compile_check(source, tree, known)
        used = mentioned(tree) & frozenset(names)
        if not used:
            source.fail(1, "does not use any parameter")
        return cls(text, used, tree)

    def parts(self) -> tuple[ParameterConstraint, ...]:
        """Return the constraints that it joins by `and` and by chains: where all of them hold."""
        return tuple(
            ParameterConstraint(self.text, mentioned(part) & self.names, part)
            for part in _conjuncts(self.tree)
        )

    def check(self, known: Mapping[str, Term]) -> Check:
        """Return the constraint as a closure over levels; raises ConstraintError for bad kinds."""
        return compile_check(ConstraintText(self.text), self.tree, known)

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Return whether the constraint holds at `values`; further names are ignored.

        Raises SpaceError if a value is missing or not exact, ConstraintError if it has the wrong
        kind. For many points of one space, `Space.feasible` is faster.
        """
        missing = sorted(self.names - set(values))
        if missing:
            raise SpaceError(f"constraint {quoted(self.text)} needs a value of {missing[0]}")
        return self.check({name: _term(values[name], name) for name in self.names})(())


def _unusable(text: str, names: Iterable[str]) -> str:
    """Return a hint if `text` names a parameter that constraints cannot use, else empty text."""
    for name in names:
        if name in text and not usable_in_constraints(name):
            return f"constraints cannot use {quoted(name)}: its name is not an identifier"
    return ""


def _conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that all must be true; of a chain, each comparison."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for value in tree.values:
            yield from _conjuncts(value)
    elif isinstance(tree, ast.Compare) and len(tree.ops) > 1:
        pairs = pairwise((tree.left, *tree.comparators))
        for operator, (left, right) in zip(tree.ops, pairs, strict=True):
            yield ast.copy_location(ast.Compare(left, [operator], [right]), tree)
    else:
        yield tree


def mentioned(tree: ast.expr) -> frozenset[str]:
    """Return the names used as values; a parameter may be called min, like the function."""
    return frozenset(node.id for node in value_names(tree))


def _term(given: Axis | Value, name: str = "") -> Term:
    if isinstance(given, Axis):
        return terms.of_axis(given, 0)
    return terms.of_value(exact_value(name, "the value", given))
