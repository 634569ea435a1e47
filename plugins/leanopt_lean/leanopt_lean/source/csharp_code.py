"""Reads C#'s statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from leanopt_lean.source.csharp_expressions import CSharpExpressions, name_of
from leanopt_lean.source.syntax import (
    Argument,
    Class,
    Condition,
    Expression,
    Function,
    Location,
    Member,
    Opaque,
    Scope,
    Statement,
)

if TYPE_CHECKING:
    from tree_sitter import Node

#: Nodes made of further statements; everything else between them is an expression.
_BLOCKS: Final = ("block", "switch_body", "finally_clause",
                  "catch_filter_clause", "arrow_expression_clause", "ERROR")  # fmt: skip
_FLAT: Final = ("catch_declaration", "empty_statement", "break_statement", "continue_statement",
                "goto_statement", "comment", "modifier")  # fmt: skip


@define
class CSharpFile:
    """The declarations and statements found in a C# file."""

    file: str
    classes: list[Class] = field(factory=list)
    functions: list[Function] = field(factory=list)
    statements: list[Statement] = field(factory=list)
    members: list[Member] = field(factory=list)
    #: Locations of code that is nested too deeply to be read.
    deep: list[Location] = field(factory=list)

    def location(self, node: Node) -> Location:
        """Return the line where a node begins."""
        return Location(self.file, node.start_point.row + 1)


class Code:
    """Reads the statements of one function, or the values of a type's fields.

    `like` is a statement with the properties that all statements read here share.
    """

    def __init__(self, found: CSharpFile, scope: Scope, like: Statement | None = None) -> None:
        self._found = found
        self._scope = scope
        self._like = like or Statement(scope, Opaque(), Location("", 0))
        self._expressions = CSharpExpressions(found.file, self.later)
        #: The conditions of what follows a statement that can return.
        self.behind: tuple[Condition, ...] = ()

    def arguments(self, node: Node) -> tuple[Argument, ...]:
        """Return the arguments between brackets."""
        return self._expressions.arguments(node)

    def function(self, node: Node) -> None:
        """Note a function's parameters."""
        takes: list[Argument | str] = []
        types: list[str] = []
        extends = False
        listed = node.child_by_field_name("parameters")
        for one in listed.named_children if listed is not None else ():
            inside = one.named_children
            extends = extends or (not takes and "this" in modifiers(one))
            named = one.child_by_field_name("name") or one
            if one.type == "parameter" and inside[-1] not in (named, one):
                takes.append(Argument(self._expressions.read(inside[-1]), name_of(named)))
            elif one.type in ("parameter", "identifier"):
                takes.append(name_of(named))
            else:
                continue
            types.append(name_of(one.child_by_field_name("type")))
        if not takes and listed is not None and listed.type == "implicit_parameter":
            takes, types = [name_of(listed)], [""]
        self._found.functions.append(Function(self._scope, tuple(takes), tuple(types), extends))

    def later(self, body: Node) -> None:
        """Read the body of a lambda, which does not run at its place."""
        Code(self._found, self._scope, evolve(self._like, later=True)).statement(body)

    def statement(self, node: Node) -> None:
        """Read a statement or an expression, and everything inside it."""
        self.behind = ()
        try:
            self._statement(node)
        except RecursionError:
            # The rest of the file is read all the same; only this place is in doubt.
            self._found.deep.append(self._found.location(node))

    def _statement(self, node: Node) -> None:
        # Methods are named after the nodes of the grammar.
        if (read := getattr(self, f"_{node.type}", None)) is not None:
            read(node)
        elif node.type.endswith("_statement") or node.type in _BLOCKS:
            self.block(node.named_children)
        elif node.type not in _FLAT:
            self._add(node, self._expressions.read(node))

    def block(self, nodes: Sequence[Node]) -> None:
        """Read one statement after another."""
        code = self
        for one in nodes:
            if one.type not in _FLAT and not one.type.endswith("_type"):
                code.statement(one)
                for behind in code.behind:
                    code = code._under(behind.test, met=behind.met)
        self.behind = ()

    def _under(self, test: Expression, *, met: bool = True) -> Code:
        """Return the reader of code that runs if a test is met, or not met."""
        conditions = (*self._like.conditions, Condition(test, met))
        return Code(self._found, self._scope, evolve(self._like, conditions=conditions))

    def _if_statement(self, node: Node) -> None:
        """Read an `if` and its `else if` branches in a loop."""
        code: Code = self
        branch: Node | None = node
        left, returning = list[Condition](), True
        test: Expression = Opaque()
        # No recursion: a long chain of `else if` is not deep nesting.
        while branch is not None and branch.type == "if_statement":
            test = code._test(branch)
            if (first := branch.child_by_field_name("consequence")) is not None:
                code._under(test).statement(first)
            # If an earlier branch goes on, what follows is reached by that too.
            returning = returning and _leaves(first)
            left += [Condition(test, met=False)] if returning else []
            code = code._under(test, met=False)
            branch = branch.child_by_field_name("alternative")
        if branch is not None:
            code.statement(branch)
            if branch == node.child_by_field_name("alternative") and _leaves(branch):
                # Its `else` leaves, so what follows runs only if the test was met.
                left.append(Condition(test))
        self.behind = tuple(left)

    def _test(self, node: Node) -> Expression:
        tested = node.child_by_field_name("condition")
        test = self._expressions.read(tested) if tested is not None else Opaque()
        self._add(node, test)
        return test

    def _switch_statement(self, node: Node) -> None:
        """Read the cases of a `switch`, then its sections."""
        subject, body = node.child_by_field_name("value"), node.child_by_field_name("body")
        sections = body.named_children if body is not None else []
        cases = [two for one in sections for two in one.named_children if "pattern" in two.type]
        read = [self._expressions.read(one) for one in [*([subject] if subject else []), *cases]]
        self._add(node, Opaque(tuple(read), comparison=True))
        for one in sections:
            inside = [two for two in one.named_children if two not in cases]
            # Which section runs is not worked out.
            self._under(Opaque()).block(inside)

    def _while_statement(self, node: Node) -> None:
        # The body may never run; whether it does is not worked out.
        self._under(Opaque()).block(node.named_children)

    _catch_clause = _while_statement

    def _try_statement(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        others = [one for one in node.named_children if one != body]
        # A conversion that fails there is handled, so it requires no type.
        caught = self._like.caught or any(one.type == "catch_clause" for one in others)
        tried = Code(self._found, self._scope, evolve(self._like, caught=caught))
        tried.block([body] if body is not None else [])
        self.block(others)

    def _variable_declaration(self, node: Node) -> None:
        type_ = name_of(node.child_by_field_name("type"))
        for one in node.named_children:
            if one.type == "variable_declarator":
                self.declared(one, type_)

    def _local_function_statement(self, node: Node) -> None:
        self._local(node, name_of(node.child_by_field_name("name")))

    def _local(self, node: Node, name: str) -> None:
        """Read a function inside this one, or a lambda that is given a name."""
        code = Code(self._found, Scope(self._scope.owner, name))
        code.function(node)
        code.statement(node.child_by_field_name("body") or node.named_children[-1])

    def _assignment_expression(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = node.child_by_field_name("operator")
        # `+=` and the like change a value that is not followed.
        if left is None or right is None or sign is None or sign.type != "=":
            self._add(node, self._expressions.read(node))
            return
        target = left.child_by_field_name("name") or left
        if left.type not in ("identifier", "generic_name"):
            self._add(left, self._expressions.read(left))
        known = target.type in ("identifier", "generic_name")
        self.assigned(name_of(target) if known else "", right)

    def declared(self, node: Node, type_: str) -> Expression | None:
        """Note a variable and its value; returns the latter where there is one."""
        first, last = node.named_children[0], node.named_children[-1]
        if last == first or last.type == "bracketed_argument_list":
            return None
        if first.type == "tuple_pattern":
            read = self._expressions.read(last)
            for one in first.named_children:
                self._add(node, Opaque((read,)), name_of(one))
            return read
        return self.assigned(name_of(first), last, type_)

    def assigned(self, target: str, value: Node, type_: str = "") -> Expression:
        """Note a value and the name that it is given to; a lambda is a function of that name."""
        if value.type == "lambda_expression" and target:
            self._local(value, target)
            return Opaque()
        read = self._expressions.read(value)
        self._add(value, read, target, type_)
        return read

    def _foreach_statement(self, node: Node) -> None:
        self._each(node)
        self.block(node.named_children[-1:])

    def _each(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        read = self._expressions.read(right)
        if left.type != "tuple_pattern":
            self._add(node, read, name_of(left), each=True)
            return
        for position, one in enumerate(left.named_children):
            self._add(node, read, name_of(one), each=True, position=position)

    def _add(
        self,
        node: Node,
        value: Expression,
        target: str = "",
        type_: str = "",
        *,
        each: bool = False,
        position: int | None = None,
    ) -> None:
        location = self._found.location(node)
        self._found.statements.append(
            evolve(
                self._like, value=value, location=location, target=target, type=type_, each=each,
                position=position,
            )
        )  # fmt: skip


def _leaves(branch: Node | None) -> bool:
    """Return whether a branch ends its function, or this iteration of a loop."""
    while branch is not None and branch.type == "block":
        branch = branch.named_children[-1] if branch.named_children else None
    return branch is not None and branch.type in ("return_statement", "continue_statement")


def modifiers(node: Node) -> set[str]:
    """Return the modifiers of a declaration, as `public`."""
    texts = [one.text or b"" for one in node.children if one.type == "modifier"]
    return {text.decode() for text in texts}
