"""Compile an expression's syntax tree to a closure; only listed node types are allowed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NoReturn, TypeAlias

from leanopt_core.space import _terms as terms
from leanopt_core.space._checks import cut
from leanopt_core.space._numbers import TOO_LONG, Kind, units_of
from leanopt_core.space._syntax import ExpressionText
from leanopt_core.space._terms import Check, Term
from leanopt_core.suggest import did_you_mean

DEEPEST = 60
"""Maximum depth of operations; keeps the recursion below Python's limit."""

_LITERALS: Mapping[str, bool] = {"true": True, "false": False}
_CALLS = frozenset({"abs", "min", "max"})
_KINDS: Mapping[Kind, str] = {"number": "a number", "text": "a text", "truth": "true or false"}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_HINTS: Mapping[type[ast.AST], str] = {
    ast.Pow: "write x * x",
    ast.BitAnd: "write and",
    ast.BitOr: "write or",
    ast.BitXor: "write x * x for a power",
    ast.Invert: "write not",
    ast.Is: "write ==",
    ast.IsNot: "write !=",
    ast.Tuple: "a list is allowed only after in",
    ast.List: "a list is allowed only after in",
    ast.IfExp: "use and, or, not",
}


def compile_check(source: ExpressionText, tree: ast.expr, known: Mapping[str, Term]) -> Check:
    """Return the closure that tells whether a constraint holds; raises the source's `error`.

    An expression without a value (a division by zero) makes the whole constraint false.
    """
    check = _Compiler(source, known).check(tree)
    if not any(isinstance(node, ast.Div | ast.FloorDiv | ast.Mod) for node in ast.walk(tree)):
        return check

    def holds(levels: Sequence[int]) -> bool:
        try:
            return check(levels)
        except ZeroDivisionError:
            return False

    return holds


def compile_number(source: ExpressionText, tree: ast.expr, known: Mapping[str, Term]) -> Term:
    """Return the term of an expression that gives a number; raises the source's `error`."""
    return _Compiler(source, known).number(tree)


_Part: TypeAlias = tuple[ast.expr, Term]


class _Compiler:
    """Convert each node to a term; raises for an invalid form, name or kind."""

    def __init__(self, source: ExpressionText, known: Mapping[str, Term]) -> None:
        self._source = source
        self._known = known
        self._depth = 0

    def check(self, node: ast.expr) -> Check:
        """Return the closure of a node that must be true or false."""
        return terms.check_of(self._only("truth", node))

    def number(self, node: ast.expr) -> Term:
        """Return the term of a node that must be a number."""
        return self._only("number", node)

    def _only(self, kind: Kind, node: ast.expr) -> Term:
        term = self._term(node)
        self._demand(kind, node, term)
        return term

    def _demand(self, kind: Kind, node: ast.expr, term: Term) -> None:
        if not term.only(kind):
            self._refuse(node, f"is {_described(term)}, not {_KINDS[kind]}")

    def _term(self, node: ast.expr) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            self._source.refuse(node, f"is nested deeper than {DEEPEST} levels")
        term = self._form(node)
        self._depth -= 1
        return term

    def _form(self, node: ast.expr) -> Term:
        match node:
            case ast.BoolOp():
                term = self._combined(node)
            case ast.UnaryOp():
                term = self._unary(node)
            case ast.BinOp():
                term = self._binary(node)
            case ast.Compare():
                term = self._compared(node)
            case ast.Call():
                term = self._called(node)
            case ast.Name():
                term = self._named(node)
            case ast.Constant():
                term = self._literal(node)
            case _:
                self._refuse_form(node, _HINTS.get(type(node), ""))
        return term

    def _combined(self, node: ast.BoolOp) -> Term:
        checks = [self.check(value) for value in node.values]
        both = isinstance(node.op, ast.And)
        return terms.truth(terms.every(checks) if both else terms.some(checks))

    def _unary(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            return terms.truth(terms.inverse(self.check(node.operand)))
        if isinstance(node.op, ast.Invert):
            self._refuse_form(node, _HINTS[ast.Invert])
        number = self._only("number", node.operand)
        return terms.negative(number) if isinstance(node.op, ast.USub) else number

    def _binary(self, node: ast.BinOp) -> Term:
        operator = type(node.op)
        if operator not in _OPERATORS:
            self._refuse_form(node, _HINTS.get(operator, ""))
        left, right = self._only("number", node.left), self._only("number", node.right)
        divides = operator in (ast.Div, ast.FloorDiv, ast.Mod)
        if divides and isinstance(node.right, ast.Constant) and node.right.value == 0:
            self._refuse(node, "divides by zero")
        return terms.arithmetic(operator, left, right)

    def _compared(self, node: ast.Compare) -> Term:
        if any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops):
            return self._membership(node)
        parts = [(part, self._term(part)) for part in (node.left, *node.comparators)]
        checks = [
            self._pair(type(operator), left, right)
            for operator, (left, right) in zip(node.ops, pairwise(parts), strict=True)
        ]
        return terms.truth(terms.every(checks))

    def _membership(self, node: ast.Compare) -> Term:
        listed = node.comparators[0]
        if len(node.ops) > 1:
            self._refuse(node, "has in inside a chain of comparisons", "join them with and")
        if not isinstance(listed, ast.Tuple | ast.List | ast.Set) or not listed.elts:
            self._refuse(listed, "is not a list", "write a list as (1, 2), with one value (1,)")
        left = (node.left, self._term(node.left))
        checks = [self._pair(ast.Eq, left, (item, self._term(item))) for item in listed.elts]
        among = terms.some(checks)
        return terms.truth(among if isinstance(node.ops[0], ast.In) else terms.inverse(among))

    def _pair(self, operator: type[ast.cmpop], left: _Part, right: _Part) -> Check:
        if operator in _ORDERS:
            self._demand("number", *left)
            self._demand("number", *right)
        elif operator in _HINTS:
            self._refuse(left[0], "is compared with is", _HINTS[operator])
        else:
            self._can_be_equal(left, right)
        return terms.compare(operator, left[1], right[1])

    def _can_be_equal(self, left: _Part, right: _Part) -> None:
        (node, term), (_, other) = left, right
        # Two constants have one outcome, whatever it is; with given values all terms are constant.
        varies = not (term.constant and other.constant)
        if varies and term.kinds and other.kinds and not term.kinds & other.kinds:
            is_other = f"{cut(self._source.written(right[0]))} is {_described(other)}"
            self._refuse(node, f"is {_described(term)} and {is_other}: never equal")
        for (choice, of), (literal, _) in ((left, right), (right, left)):
            text = literal.value if isinstance(literal, ast.Constant) else None
            if of.texts and isinstance(text, str) and text not in of.texts:
                problem = f"is not a choice of {cut(self._source.written(choice))}"
                self._refuse(literal, problem, did_you_mean(text, of.texts))

    def _called(self, node: ast.Call) -> Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _CALLS:
            self._refuse(node.func, "is not a function here", "use abs, min or max")
        enough = len(node.args) == 1 if name == "abs" else len(node.args) > 1
        if not enough or node.keywords:
            takes = "one number" if name == "abs" else "two or more"
            self._refuse(node, f"is not valid: {name} takes {takes}")
        return terms.call(name, [self._only("number", argument) for argument in node.args])

    def _named(self, node: ast.Name) -> Term:
        name = self._source.written(node)
        # Python reads some letters as others.
        plain = name == node.id or name in self._source.names
        if plain and name in _LITERALS:
            return terms.of_value(_LITERALS[name])
        if not plain or name not in self._known:
            self._refuse(node, *self._source.unknown(node, self._known))
        return self._known[name]

    def _literal(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, str | bool):
            return terms.of_value(value)
        if not isinstance(value, int | float):
            self._refuse_form(node)
        try:
            number = value if isinstance(value, int) else Decimal(self._digits(node))
            units_of(number)
        except ArithmeticError:  # an exponent too large for Decimal
            self._refuse(node, TOO_LONG)
        except ValueError as error:
            self._refuse(node, str(error))
        return terms.of_value(number)

    def _digits(self, node: ast.Constant) -> str:
        return self._source.written(node).replace("_", "")

    def _refuse_form(self, node: ast.expr, hint: str = "") -> NoReturn:
        self._refuse(node, f"is not allowed in a {self._source.error.what}", hint)

    def _refuse(self, node: ast.expr, problem: str, hint: str = "") -> NoReturn:
        self._source.refuse(node, f"{cut(self._source.written(node))} {problem}", hint)


def _described(term: Term) -> str:
    kinds = [name for kind, name in _KINDS.items() if kind in (term.kinds or ())]
    return " or ".join(kinds)
