"""Reads C#'s statements."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from leanopt_lean.source.csharp_expressions import CONTROL, Expressions
from leanopt_lean.source.groups import (
    Group,
    Item,
    find,
    operator,
    split,
    word,
)
from leanopt_lean.source.syntax import (
    Argument,
    Class,
    Expression,
    Function,
    Member,
    Opaque,
    Place,
    Scope,
    Statement,
)
from leanopt_lean.source.tokens import Token


@define
class Found:
    """What is found in a file as it is read."""

    classes: list[Class] = field(factory=list)
    functions: list[Function] = field(factory=list)
    statements: list[Statement] = field(factory=list)
    members: list[Member] = field(factory=list)


class Code:
    """Reads the statements of one function, or the values of a type's fields.

    `later` marks those of a lambda.
    """

    def __init__(self, file: str, found: Found, scope: Scope, *, later: bool = False) -> None:
        self._file = file
        self._found = found
        self._scope = scope
        self._later = later
        self._expressions = Expressions(file, self._lambda)

    def function(self, taken: Group) -> None:
        """Note what the function takes."""
        takes: list[Argument | str] = []
        for one in split(taken.items, ","):
            equals = find(one, "=")
            names = [item.text for item in one[:equals] if isinstance(item, Token) and word(item)]
            if names and equals is not None:
                takes.append(Argument(self._expressions.read(one[equals + 1 :]), names[-1]))
            elif names:
                takes.append(names[-1])
        self._found.functions.append(Function(self._scope, tuple(takes)))

    def argument(self, brackets: Group) -> Expression | None:
        """Return the first argument between brackets."""
        given = self._expressions.arguments(brackets)
        return given[0].value if given else None

    def block(self, items: Sequence[Item]) -> None:
        """Read statements."""
        start = 0
        for place, item in enumerate(items):
            if operator(item, ";"):
                self.statement(items[start:place])
                start = place + 1
            elif isinstance(item, Group) and item.open == "{":
                before = items[start:place]
                if not _expression(before):
                    inside = self._head(before)
                    inside.block(item.items)
                    start = place + 1
        self.statement(items[start:])

    def _lambda(self, items: Sequence[Item]) -> None:
        Code(self._file, self._found, self._scope, later=True).block(items)

    def _head(self, items: Sequence[Item]) -> Code:
        """Read what stands before a block; returns who reads the block."""
        if _local(items):
            return self._local(items)
        self.statement(items)
        return self

    def _local(self, items: Sequence[Item]) -> Code:
        name, taken = items[-2], items[-1]
        if not isinstance(name, Token) or not isinstance(taken, Group):
            return self
        code = Code(self._file, self._found, Scope(self._scope.owner, name.text))
        code.function(taken)
        return code

    def statement(self, items: Sequence[Item]) -> None:
        """Read a statement without a block of its own."""
        arrow = find(items, "=>")
        if arrow and _local(items[:arrow]):
            self._local(items[:arrow]).block(items[arrow + 1 :])
            return
        if len(items) > 1 and word(items[0], "foreach") and isinstance(head := items[1], Group):
            self._each(head)
            items = items[2:]
        for one in split(items, ","):
            equals = find(one, "=", "=>")
            if equals and operator(one[equals], "="):
                left = one[:equals]
                target = left[-1]
                if any(isinstance(item, Group) for item in left):
                    self._add(left, self._expressions.read(left))
                name = target.text if isinstance(target, Token) and word(target) else ""
                self.assigned(name, one[equals + 1 :])
            elif one:
                self._add(one, self._expressions.read(one))

    def assigned(self, target: str, value: Sequence[Item]) -> Expression:
        """Note a value and the name that it is given to; a lambda is a function of that name."""
        arrow = find(value, "=>")
        taken = value[0] if arrow in (1, 2) else None
        if taken is not None and target and arrow is not None:
            code = Code(self._file, self._found, Scope(self._scope.owner, target))
            group_ = (
                taken
                if isinstance(taken, Group)
                else Group("(", tuple(value[arrow - 1 : arrow]), 0)
            )
            code.function(group_)
            body = value[arrow + 1 :]
            first = body[0] if body else None
            code.block(first.items if isinstance(first, Group) and first.open == "{" else body)
            return Opaque()
        read = self._expressions.read(value)
        self._add(value, read, target)
        return read

    def _each(self, head: Group) -> None:
        place = next((at for at, one in enumerate(head.items) if word(one, "in")), None)
        if not place:
            return
        value = self._expressions.read(head.items[place + 1 :])
        target = head.items[place - 1]
        if isinstance(target, Token):
            self._add(head.items, value, target.text, each=True)
            return
        for position, one in enumerate(split(target.items, ",")):
            name = one[-1] if one else None
            text = name.text if isinstance(name, Token) else ""
            self._add(head.items, value, text, each=True, position=position)

    def _add(
        self,
        items: Sequence[Item],
        value: Expression,
        target: str = "",
        *,
        each: bool = False,
        position: int | None = None,
    ) -> None:
        place = Place(self._file, items[0].line if items else 0)
        self._found.statements.append(
            Statement(self._scope, value, place, target, each, position, self._later)
        )


def _expression(items: Sequence[Item]) -> bool:
    """Say whether braces behind these items belong to an expression."""
    if find(items, "=", "=>", "??=", "+=") is not None:
        return True
    return bool(items) and word(items[0], "return", "throw", "await", "new", "yield", "with")


def _local(items: Sequence[Item]) -> bool:
    """Say whether items are the head of a function inside a function."""
    match items:
        case [*_, type_, name, Group(open="(")] if word(name):
            typed = word(type_) or operator(type_, "?") or isinstance(type_, Group)
            return typed and not any(word(one, *CONTROL) for one in items)
    return False
