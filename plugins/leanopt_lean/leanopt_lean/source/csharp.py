"""Reads C# sources: classes, functions, fields and statements."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from attrs import evolve

from leanopt_lean.source.csharp_code import Code, CSharpFile, modifiers
from leanopt_lean.source.csharp_directives import RELEASE, live
from leanopt_lean.source.csharp_expressions import name_of
from leanopt_lean.source.syntax import (
    Class,
    Literal,
    Location,
    Member,
    Scope,
    Unit,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES: Final = ("class_declaration", "struct_declaration", "record_declaration",
                 "interface_declaration")  # fmt: skip
_BASES: Final = ("identifier", "generic_name", "qualified_name", "primary_constructor_base_type")
_NOWHERE: Final = Location("", 0)
_OPEN: Final = frozenset({"public", "protected", "internal"})
#: What holds declarations, and what holds nothing that runs.
_HOLDERS: Final = ("namespace_declaration", "declaration_list", "ERROR")
_SKIPPED: Final = ("enum_declaration", "delegate_declaration", "comment",
                   "file_scoped_namespace_declaration", "extern_alias_directive")  # fmt: skip


def read_csharp(file: str, text: str, symbols: Collection[str] = RELEASE) -> Unit:
    """Return the content of a C# source; `file` is its name in messages.

    `symbols` are those that the project defines for `#if`. Invalid C# is read as far as possible;
    `unread` are the places.
    """
    # Only here: projects in Python need no parser of C#.
    import tree_sitter_c_sharp
    from tree_sitter import Language, Parser

    # The patterns of directives know one end of line.
    plain = live(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), symbols)
    parser = Parser(Language(tree_sitter_c_sharp.language()))
    root = parser.parse(plain.encode("utf-8", "replace")).root_node
    reader = _DeclarationReader(file)
    reader.declarations(root, "")
    found = reader.found
    return Unit(
        tuple(found.classes),
        tuple(found.functions),
        tuple(found.statements),
        tuple(found.members),
        tuple(dict.fromkeys([*(Location(file, line) for line in _broken(root)), *found.deep])),
    )


def _broken(root: Node) -> Iterator[int]:
    """Yield the lines that are not valid C#."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        # The grammar lacks the empty interpolated string, `$""`, and reads it as a plain one.
        if (node.is_error and node.text != b"$") or node.is_missing:
            yield node.start_point.row + 1
        elif node.has_error:
            waiting += reversed(node.children)


class _DeclarationReader:
    """Reads the declarations of one file."""

    def __init__(self, file: str) -> None:
        self.found = CSharpFile(file)
        # The targets of `using` aliases, by alias.
        self._renamed: dict[str, str] = {}

    def declarations(self, node: Node, owner: str) -> None:
        """Read the members of a file, a namespace or a type."""
        for one in node.named_children:
            if one.type in _TYPES:
                self._type(one)
            elif one.type in _HOLDERS:
                self.declarations(one, owner)
            elif one.type == "using_directive":
                self._using(one)
            elif one.type in ("field_declaration", "event_field_declaration"):
                self._field(one, owner)
            elif one.type in ("property_declaration", "indexer_declaration"):
                self._property(one, owner)
            elif one.child_by_field_name("parameters") is not None:
                self._function(one, owner)
            elif one.type not in _SKIPPED:
                Code(self.found, Scope(owner)).statement(one)

    def _using(self, node: Node) -> None:
        """Note an alias of a class; a global alias counts as a derived class."""
        if (named := node.child_by_field_name("name")) is None:
            return
        name, of = name_of(named), name_of(node.named_children[-1])
        self._renamed[name] = of
        if any(one.type == "global" for one in node.children):
            location = self.found.location(node)
            self.found.classes.append(Class(name, (of,), location, concrete=False))

    def _type(self, node: Node) -> None:
        name = name_of(node.child_by_field_name("name"))
        listed = next((one for one in node.children if one.type == "base_list"), None)
        if node.type != "interface_declaration":
            below = listed.named_children if listed else ()
            bases = [name_of(one) for one in below if one.type in _BASES]
            bases = [self._renamed.get(one, one) for one in bases]
            concrete = not {"abstract", "static"} & modifiers(node)
            location = self.found.location(node.child_by_field_name("name") or node)
            self.found.classes.append(Class(name, tuple(bases), location, concrete))
        if body := node.child_by_field_name("body"):
            self.declarations(body, name)

    def _function(self, node: Node, owner: str) -> None:
        code = Code(self.found, Scope(owner, name_of(node.child_by_field_name("name"))))
        code.function(node)
        for one in node.named_children:
            if one.type in ("block", "arrow_expression_clause", "constructor_initializer"):
                code.statement(one)

    def _field(self, node: Node, owner: str) -> None:
        code = Code(self.found, Scope(owner))
        (declared,) = [one for one in node.named_children if one.type == "variable_declaration"]
        type_ = name_of(declared.child_by_field_name("type"))
        # Reflection can set a readonly field, but no constant and no static readonly one.
        fixed = "const" in modifiers(node) or {"static", "readonly"} <= modifiers(node)
        for one in (one for one in declared.named_children if one.type == "variable_declarator"):
            given = code.declared(one, type_)
            name = name_of(one.child_by_field_name("name"))
            self._mark(node, Member(owner, name, None, type_, _NOWHERE, given, fixed=fixed))

    def _property(self, node: Node, owner: str) -> None:
        name = name_of(node.child_by_field_name("name"))
        type_ = name_of(node.child_by_field_name("type"))
        value = node.child_by_field_name("value")
        code = Code(self.found, Scope(owner))
        given = code.assigned(name, value, type_) if value is not None else None
        accessors = node.child_by_field_name("accessors")
        setter = None
        for one in accessors.named_children if accessors is not None else ():
            if any(word.type in ("set", "init") for word in one.children):
                setter = one
            if body := one.child_by_field_name("body"):
                Code(self.found, Scope(owner, name)).statement(body)
        hidden = setter is not None and "private" in modifiers(setter)
        member = Member(owner, name, None, type_, _NOWHERE, given)
        self._mark(node, evolve(member, fixed=setter is None, private_setter=hidden))

    def _mark(self, node: Node, member: Member) -> None:
        """Note a member marked `[Parameter]`, with the location and the name of the mark."""
        code = Code(self.found, Scope(member.owner))
        lists = [one for one in node.named_children if one.type == "attribute_list"]
        for mark in (one for marks in lists for one in marks.named_children):
            if name_of(mark.child_by_field_name("name")) not in ("Parameter", "ParameterAttribute"):
                continue
            brackets = [one for one in mark.named_children if one.type.endswith("argument_list")]
            named = code.arguments(brackets[0])[:1] if brackets else ()
            value = named[0].value if named and named[0].value != Literal(None) else None
            # In C# a member without a modifier is private.
            private = not _OPEN & modifiers(node)
            location = self.found.location(mark)
            self.found.members.append(
                evolve(member, named=value, location=location, private=private)
            )
