"""Python's expressions, as far as values flow through them."""
# ruff: noqa: D102 - what a visitor's method reads is in its name

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import Final

from leanopt_lean.source.syntax import (
    Argument,
    Binary,
    Call,
    Choice,
    Expression,
    Literal,
    Location,
    Name,
    Opaque,
    Scope,
    characters,
)
from leanopt_lean.source.syntax import Sequence as Items

#: The implicit first parameters of methods.
SELF: Final = ("self", "cls")
_OPERATORS: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_INTS: Final = 2**31
_EQUAL: Final = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


class PythonExpressions(ast.NodeVisitor):
    """Reads the expressions of one scope.

    `block` receives the iterations of comprehensions, `assign` the names assigned inside.
    """

    def __init__(
        self,
        file: str,
        scope: Scope,
        block: Callable[[Sequence[ast.AST], Scope], None],
        assign: Callable[[ast.expr, ast.expr, Scope], None],
    ) -> None:
        self._file = file
        self._scope = scope
        self._block = block
        self._assign = assign
        self._links: dict[int, Expression] = {}

    def read(self, node: ast.expr) -> Expression:
        """Return the expression of a node; one that is not understood keeps its parts."""
        if id(node) in self._links:
            return self._links.pop(id(node))
        # The innermost first, so that a long chain of calls or sums needs no deep recursion.
        for link in reversed(list(_chain(node))):
            self._links[id(link)] = self.visit(link)
        read: Expression = self.visit(node)
        return read

    def _all(self, nodes: Sequence[ast.expr | None]) -> tuple[Expression, ...]:
        return tuple(self.read(node) for node in nodes if node is not None)

    def generic_visit(self, node: ast.AST) -> Expression:
        """Keep the parts of anything else; what a comprehension goes through comes first."""
        inside = list(ast.iter_child_nodes(node))
        self._block([one for one in inside if isinstance(one, ast.comprehension)], self._scope)
        return Opaque(self._all([one for one in inside if isinstance(one, ast.expr)]))

    def visit_Constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if isinstance(value, float):
            # By its text, so that 0.1 stays 0.1.
            number = Decimal(repr(value))
            return Literal(number, "double") if number.is_finite() else Opaque()
        if isinstance(value, str):
            return Literal(characters(value))
        if isinstance(value, int):
            return Literal(value, _overload(value))
        return Literal(None) if value is None else Opaque()

    def visit_Name(self, node: ast.Name) -> Expression:
        return Name(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> Expression:
        if isinstance(node.value, ast.Name) and node.value.id in SELF:
            return Name(node.attr, own=True)
        of = self.read(node.value)
        if isinstance(of, Name):
            return Name(f"{of.path}.{node.attr}", of.own)
        return Call(f".{node.attr}", (), self._location(node), of)

    def visit_Call(self, node: ast.Call) -> Expression:
        given = [Argument(one) for one in self._all(node.args)]
        given += [Argument(self.read(one.value), one.arg or "**") for one in node.keywords]
        arguments, location = tuple(given), self._location(node)
        called = self.read(node.func)
        if isinstance(called, Name):
            before = called.path.rpartition(".")[0]
            of = Name(before, called.own) if before else None
            return Call(called.last, arguments, location, of)
        if isinstance(called, Call) and called.name.startswith("."):
            receiver = called.receiver
            if isinstance(receiver, Call) and receiver.name == "super":
                # C#'s name for it, so that one rule serves both languages.
                receiver = Name("base")
            return Call(called.name[1:], arguments, location, receiver)
        return Opaque((called, *(one.value for one in arguments)))

    def visit_Lambda(self, node: ast.Lambda) -> Expression:
        return Opaque((self.read(node.body),), later=True)

    def visit_Subscript(self, node: ast.Subscript) -> Expression:
        inside = (Argument(self.read(node.slice)),)
        return Call("[]", inside, self._location(node), self.read(node.value))

    def visit_BinOp(self, node: ast.BinOp) -> Expression:
        if (sign := _OPERATORS.get(type(node.op))) is None:
            return self.generic_visit(node)
        return Binary(sign, self.read(node.left), self.read(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Expression:
        inner = self.read(node.operand)
        if isinstance(node.op, ast.Not):
            return Call("not", (Argument(inner),), self._location(node))
        return Binary("-", Literal(0), inner) if isinstance(node.op, ast.USub) else Opaque((inner,))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Expression:
        return reduce(_join, (Literal(""), *self._all(node.values)))

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Expression:
        value = self.read(node.value)
        return Opaque((value, self.read(node.format_spec))) if node.format_spec else value

    def visit_BoolOp(self, node: ast.BoolOp) -> Expression:
        values = self._all(node.values)
        if isinstance(node.op, ast.Or):
            return Choice(values)
        return Call("and", tuple(map(Argument, values)), self._location(node))

    def visit_IfExp(self, node: ast.IfExp) -> Expression:
        return Choice(self._all([node.body, node.orelse]), self.read(node.test))

    def visit_Compare(self, node: ast.Compare) -> Expression:
        match node:
            case ast.Compare(ops=[sign], comparators=[ast.Constant(value=bool() as wanted)]):
                inner = self.read(node.left)
                if isinstance(sign, ast.Eq | ast.Is | ast.NotEq | ast.IsNot):
                    same = isinstance(sign, ast.Eq | ast.Is) is wanted
                    return inner if same else Call("not", (Argument(inner),), self._location(node))
                return Opaque((inner,))
        equal = any(isinstance(one, _EQUAL) for one in node.ops)
        return Opaque(self._all([node.left, *node.comparators]), equal)

    def visit_Tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Expression:
        return Items(self._all(node.elts))

    visit_List = visit_Set = visit_Tuple  # noqa: N815 - as the visitor asks for them

    def visit_Dict(self, node: ast.Dict) -> Expression:
        return Items(self._all(node.keys), self._all(node.values))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Expression:
        self._assign(node.target, node.value, self._scope)
        return Name(node.target.id)

    def _location(self, node: ast.expr) -> Location:
        return Location(self._file, node.lineno)


def _chain(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the receivers of a chain, as `a.f(1)` and `a` of `a.f(1).g(2)`; not nesting."""
    while True:
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case ast.BinOp(left=inner) | ast.IfExp(orelse=inner):
                node = inner
            case _:
                return
        yield node


def _overload(value: int) -> str:
    """Return a value as Python.NET passes it: a bool becomes a double."""
    if isinstance(value, bool):
        return "double"
    return "int" if -_INTS <= value < _INTS else "decimal"


def _join(left: Expression, right: Expression) -> Expression:
    return Binary("+", left, right)


def last(node: ast.expr) -> str:
    """Return the name after the last dot, empty if there is none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Starred(value=value):
            return last(value)
    return ""
