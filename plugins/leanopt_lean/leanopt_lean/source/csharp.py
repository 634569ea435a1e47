"""Reads C# sources: classes, functions, fields and statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leanopt_lean.source.csharp_code import Code, Found
from leanopt_lean.source.groups import (
    Group,
    Item,
    find,
    group,
    grouped,
    operator,
    split,
    word,
)
from leanopt_lean.source.syntax import (
    Class,
    Expression,
    Literal,
    Member,
    Place,
    Scope,
    Unit,
)
from leanopt_lean.source.tokens import Token, tokens

_TYPES: Final = ("class", "struct", "record", "interface")
_SKIPPED: Final = ("using", "enum", "delegate", "extern")
_MODIFIERS: Final = (
    "public", "private", "protected", "internal", "static", "readonly", "const", "virtual", "event",
    "override", "abstract", "sealed", "async", "unsafe", "partial", "new", "volatile", "required",
    "extern", "file", "operator",
)  # fmt: skip
_ATTRIBUTES: Final = ("Parameter", "ParameterAttribute")


def read_csharp(file: str, text: str) -> Unit:
    """Return what a C# source holds; `file` is its name in messages."""
    reader = _File(file)
    reader.declarations(grouped(tokens(text)), "")
    found = reader.found
    return Unit(
        tuple(found.classes), tuple(found.functions), tuple(found.statements), tuple(found.members)
    )


class _File:
    """Collects what the declarations of one file hold."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.found = Found()

    def _code(self, owner: str, function: str = "") -> Code:
        return Code(self._file, self.found, Scope(owner, function))

    def declarations(self, items: Sequence[Item], owner: str) -> None:
        """Read the members of a file, a namespace or a type."""
        at = 0
        while at < len(items):
            marks = []
            while at < len(items) and isinstance(mark := items[at], Group) and mark.open == "[":
                marks.append(mark)
                at += 1
            end = _end(items, at)
            if end > at:
                self._declaration(items[at:end], owner, marks)
            at = end + (end == at)

    def _declaration(self, items: Sequence[Item], owner: str, marks: list[Group]) -> None:
        valued = find(items, "=", "=>")
        head = items[:valued]
        body = next((one for one in head if isinstance(one, Group) and one.open == "{"), None)
        head = [one for one in head if one is not body and not operator(one, ";")]
        value = items[valued + 1 :] if valued is not None else ()
        kind = next((place for place, one in enumerate(head) if word(one, *_TYPES)), None)
        if kind is not None and any(word(one) for one in head[kind + 1 :]):
            self._type(head, kind, body)
        elif head and word(head[0], "namespace"):
            self.declarations(body.items if body else (), owner)
        elif not head or word(head[0], *_SKIPPED):
            return
        elif (brackets := _brackets(head)) is not None:
            self._function(head, brackets, owner, body, value)
        else:
            self._field(head, owner, marks, body, value)

    def _type(self, head: Sequence[Item], kind: int, body: Group | None) -> None:
        names = [one for one in head[kind + 1 :] if isinstance(one, Token) and word(one)]
        named = next((one for one in names if not word(one, *_TYPES)), names[-1])
        bound = next((at for at, one in enumerate(head) if word(one, "where")), len(head))
        colon = find(head[:bound], ":")
        bases = split(head[colon + 1 : bound], ",") if colon is not None else []
        words = [
            [one.text for one in base if isinstance(one, Token) and word(one)] for base in bases
        ]
        if not word(head[kind], "interface"):
            concrete = not any(word(one, "abstract", "static") for one in head[:kind])
            found = tuple(base[-1] for base in words if base)
            self.found.classes.append(Class(named.text, found, self._place(named), concrete))
        self.declarations(body.items if body else (), named.text)

    def _function(
        self, head: Sequence[Item], at: int, owner: str, body: Group | None, value: Sequence[Item]
    ) -> None:
        name, taken = head[at - 1], head[at]
        if not isinstance(name, Token) or not isinstance(taken, Group):
            return
        code = self._code(owner, name.text)
        code.function(taken)
        code.block(body.items if body else ())
        code.block(head[at + 1 :])
        code.block(value)

    def _field(
        self,
        head: Sequence[Item],
        owner: str,
        marks: list[Group],
        body: Group | None,
        value: Sequence[Item],
    ) -> None:
        names = [one for one in head if isinstance(one, Token) and word(one)]
        if not names:
            return
        code = self._code(owner)
        first, *others = split([one for one in value if not operator(one, ";")], ",") or [()]
        given = code.assigned(names[-1].text, first) if first else None
        for other in others:
            code.statement(other)
        if body is not None:
            self._code(owner, names[-1].text).block(body.items)
        self._mark(names, owner, marks, given)

    def _mark(
        self, names: list[Token], owner: str, marks: list[Group], given: Expression | None
    ) -> None:
        words = [one.text for one in names]
        code = self._code(owner)
        for mark in (one for item in marks for one in split(item.items, ",")):
            called = [one.text for one in mark if isinstance(one, Token) and word(one)]
            if not called or called[-1] not in _ATTRIBUTES:
                continue
            brackets = mark[-1]
            given_name = code.argument(brackets) if isinstance(brackets, Group) else None
            if isinstance(given_name, Literal) and given_name.value is None:
                given_name = None
            type_ = next((one for one in reversed(words[:-1]) if one not in _MODIFIERS), "")
            open_ = {"public", "protected", "internal"} & set(words)
            self.found.members.append(
                Member(
                    owner,
                    words[-1],
                    given_name,
                    type_,
                    self._place(mark[0]),
                    given,
                    private=not open_,
                )
            )

    def _place(self, item: Item) -> Place:
        return Place(self._file, item.line)


def _end(items: Sequence[Item], at: int) -> int:
    """Return where the member that begins here ends."""
    valued = False
    for place in range(at, len(items)):
        item = items[place]
        valued = valued or operator(item, "=", "=>")
        if operator(item, ";"):
            return place + 1
        if group(item, "{") and not valued:
            after = items[place + 1] if place + 1 < len(items) else None
            if not operator(after, "="):
                return place + 1
    return len(items)


def _brackets(head: Sequence[Item]) -> int | None:
    """Return where the brackets of a function's parameters are, None where it is no function."""
    for place in range(1, len(head)):
        before = head[place - 1]
        if group(head[place], "(") and word(before) and not word(before, *_MODIFIERS):
            return place
    return None
