"""C#'s expressions, as far as values flow through them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Final

from leanopt_lean.source.syntax import (
    Argument,
    Binary,
    Call,
    Choice,
    Constant,
    Expression,
    Literal,
    Location,
    Name,
    Opaque,
    characters,
)
from leanopt_lean.source.syntax import Sequence as Items

if TYPE_CHECKING:
    from tree_sitter import Node

#: Nodes around a value that do not change it.
_SAME: Final = (
    "parenthesized_expression", "await_expression", "throw_expression", "ref_expression",
    "checked_expression", "postfix_unary_expression", "constant_pattern", "expression_element",
    "collection_element", "argument", "attribute_argument", "arrow_expression_clause",
    "global_statement",
)  # fmt: skip
#: Nodes that hold a sequence of items.
_ITEMS: Final = ("initializer_expression", "collection_expression", "tuple_expression")
_NAMES: Final = ("identifier", "predefined_type", "qualified_name", "alias_qualified_name",
                 "generic_name", "this", "base")  # fmt: skip
#: The nodes of chains, by the field of the receiver: chains can be long, and are not nesting.
_CHAINS: Final = {
    **dict.fromkeys(("member_access_expression", "element_access_expression"), "expression"),
    "binary_expression": "left", "invocation_expression": "function",
    "conditional_expression": "alternative", "conditional_access_expression": "condition",
}  # fmt: skip
_CONSTANTS: Final[dict[str, Constant]] = {"true": True, "false": False, "null": None}
_ESCAPE: Final = re.compile(r"\\(u[\da-fA-F]{4}|U[\da-fA-F]{8}|x[\da-fA-F]{1,4}|[^\n])")
_ESCAPES: Final = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
                   "v": "\v", "e": "\x1b"}  # fmt: skip
_SUFFIXES: Final = {"m": "decimal", "d": "double", "f": "float", "l": "long", "u": "uint"}


class CSharpExpressions:
    """Reads expressions of one file; `block` receives the bodies of lambdas."""

    def __init__(self, file: str, block: Callable[[Node], None]) -> None:
        self._file = file
        self._block = block
        self._links: dict[int, Expression] = {}

    def read(self, node: Node) -> Expression:
        """Return the expression of a node; one that is not understood keeps its parts."""
        if node.id in self._links:
            return self._links.pop(node.id)
        # The innermost first, so that a long chain of calls or sums needs no deep recursion.
        for link in reversed(list(_chain(node))):
            self._links[link.id] = self._read(link)
        return self._read(node)

    def _read(self, node: Node) -> Expression:
        kind = node.type
        if kind in _NAMES:
            return _named(node)
        if kind.endswith("_literal") or kind == "interpolated_string_expression":
            return self._literal(node)
        if kind in _SAME:
            inside = _inside(node)
            return self.read(inside[-1]) if inside else Opaque()
        if kind in _ITEMS:
            return Items(self._all(_inside(node)))
        # Methods are named after the nodes of the grammar.
        read = getattr(self, f"_{kind}", None)
        expression: Expression = read(node) if read is not None else self._parts(node)
        return expression

    def location(self, node: Node) -> Location:
        """Return the line where a node begins."""
        return Location(self._file, node.start_point.row + 1)

    def arguments(self, node: Node | None) -> tuple[Argument, ...]:
        """Return a call's arguments."""
        return tuple(
            Argument(self.read(one), name_of(one.child_by_field_name("name")))
            for one in (_inside(node) if node is not None else ())
        )

    def _all(self, nodes: Sequence[Node]) -> tuple[Expression, ...]:
        return tuple(self.read(node) for node in nodes)

    def _parts(self, node: Node) -> Expression:
        """Keep the parts of anything else."""
        type_ = node.child_by_field_name("type")
        return Opaque(self._all([one for one in _inside(node) if one != type_]))

    def _member_access_expression(self, node: Node) -> Expression:
        return self._member(_field(node, "expression"), _field(node, "name"))

    def _conditional_access_expression(self, node: Node) -> Expression:
        of, behind = _inside(node)[0], _inside(node)[-1]
        if behind.type == "member_binding_expression":
            return self._member(of, _field(behind, "name"))
        return Call("[]", self.arguments(behind), self.location(behind), self.read(of))

    def _member(self, of: Node, named: Node) -> Expression:
        value, name = self.read(of), name_of(named)
        if value == Name("this"):
            return Name(name, own=_own(name))
        if isinstance(value, Name):
            return Name(f"{value.path}.{name}", value.own)
        return Call(f".{name}", (), self.location(named), value)

    def _invocation_expression(self, node: Node) -> Expression:
        function = _field(node, "function")
        called, arguments = self.read(function), self.arguments(_field(node, "arguments"))
        types = _types(function)
        location = Location(self._file, function.end_point.row + 1)
        if isinstance(called, Name):
            before = called.path.rpartition(".")[0]
            of = Name(before, called.own) if before else None
            return Call(called.last, arguments, location, of, types)
        if isinstance(called, Call) and called.name.startswith("."):
            return Call(called.name[1:], arguments, called.location, called.receiver, types)
        return Opaque((called, *(one.value for one in arguments)))

    def _element_access_expression(self, node: Node) -> Expression:
        at, of = _field(node, "subscript"), _field(node, "expression")
        return Call("[]", self.arguments(at), self.location(at), self.read(of))

    def _object_creation_expression(self, node: Node) -> Expression:
        """Read what `new` makes: a call of its type, or the items that it is filled with."""
        inside = _inside(node)
        given = next((one for one in inside if one.type == "argument_list"), None)
        filled = next((one for one in inside if one.type == "initializer_expression"), None)
        made = node.child_by_field_name("type")
        arguments = (*self.arguments(given), *self._sizes(made))
        if filled is not None:
            return Items(self._all(_inside(filled)), tuple(one.value for one in arguments))
        return Call(name_of(made), arguments, self.location(node))

    def _sizes(self, made: Node | None) -> Iterator[Argument]:
        while made is not None and made.type == "array_type":
            yield from self.arguments(made.child_by_field_name("rank"))
            made = made.child_by_field_name("type")

    _implicit_object_creation_expression = _object_creation_expression
    _array_creation_expression = _object_creation_expression
    _implicit_array_creation_expression = _object_creation_expression

    def _binary_expression(self, node: Node) -> Expression:
        sign = _field(node, "operator").type
        left, right = self._all([_field(node, "left"), _field(node, "right")])
        if sign in ("+", "-", "*", "/", "%"):
            return Binary(sign, left, right)
        if sign == "&&":
            # One call for a whole chain: its length must not become depth.
            before: tuple[Argument, ...] = (Argument(left),)
            if isinstance(left, Call) and left.name == "and":
                before = left.arguments
            return Call("and", (*before, Argument(right)), self.location(node))
        if sign in ("??", "||"):
            if isinstance(left, Choice) and left.condition is None:
                return Choice((*left.options, right))
            return Choice((left, right))
        if sign in ("==", "!=") and isinstance(right, Literal) and isinstance(right.value, bool):
            same = (sign == "==") is right.value
            return left if same else Call("not", (Argument(left),), self.location(node))
        return Opaque((left, right), comparison=sign in ("==", "!="))

    def _is_pattern_expression(self, node: Node) -> Expression:
        match self._all(_inside(node)):
            case (value, Literal(value=bool() as wanted)):
                no = Call("not", (Argument(value),), self.location(node))
                return value if wanted else no
            case read:
                return Opaque(read, comparison=True)

    def _or_pattern(self, node: Node) -> Expression:
        return Items(self._all(_inside(node)))

    def _prefix_unary_expression(self, node: Node) -> Expression:
        inner = self.read(_inside(node)[-1])
        if node.children[0].type == "!":
            return Call("not", (Argument(inner),), self.location(node))
        return Binary("-", Literal(0), inner) if node.children[0].type == "-" else inner

    def _cast_expression(self, node: Node) -> Expression:
        inner = Argument(self.read(_field(node, "value")))
        return Call(name_of(_field(node, "type")), (inner,), self.location(node))

    def _conditional_expression(self, node: Node) -> Expression:
        options = self._all([_field(node, "consequence"), _field(node, "alternative")])
        return Choice(options, self.read(_field(node, "condition")))

    def _switch_expression(self, node: Node) -> Expression:
        subject, *arms = _inside(node)
        values = [_inside(one)[-1] for one in arms]
        cases = [two for one in arms for two in _inside(one)[:-1]]
        return Choice(self._all(values), Opaque(self._all([subject, *cases]), comparison=True))

    def _assignment_expression(self, node: Node) -> Expression:
        """Read the right side; calls on the left count too."""
        left, right = _field(node, "left"), self.read(_field(node, "right"))
        given = _field(node, "operator").type == "="
        before = None if given and left.type in _NAMES else self.read(left)
        if _field(node, "operator").type in ("=", "??="):
            return Choice((right,), before)
        return Opaque((right,) if before is None else (before, right))

    def _lambda_expression(self, node: Node) -> Expression:
        body = _inside(node)[-1]
        if body.type == "block":
            self._block(body)
            return Opaque()
        return Opaque((self.read(body),), later=True)

    _anonymous_method_expression = _lambda_expression

    def _declaration_expression(self, node: Node) -> Expression:
        return Name(name_of(node.child_by_field_name("name")))

    def _default_expression(self, _node: Node) -> Expression:
        return Opaque()

    _typeof_expression = _sizeof_expression = _default_expression

    def _literal(self, node: Node) -> Expression:
        text = _text(node)
        match node.type:
            case "integer_literal" | "real_literal":
                return number(text)
            case "boolean_literal" | "null_literal":
                return Literal(_CONSTANTS[text])
            case "verbatim_string_literal":
                return Literal(text[2:-1].replace('""', '"'))
            case "raw_string_literal":
                quotes = len(text) - len(text.lstrip('"'))
                (words,) = _dedented([text[quotes:-quotes]])
                return Literal(words)
        return self._interpolated(node)

    def _interpolated(self, node: Node) -> Expression:
        """Read a text with escapes and holes."""
        opened = node.children[0]
        start = _text(opened)
        raw = any(one.type == "interpolation_quote" for one in node.children)
        unescaped = "@" in start or raw
        pieces: list[str | Expression] = [""]
        for one in node.children[1:-1]:
            if one.type == "interpolation":
                pieces += [self.read(_inside(one)[1]), ""]
            elif one.type not in ("interpolation_quote", '"'):
                words = _text(one) if unescaped else _unescaped(_text(one))
                words = words.replace('""', '"') if "@" in start else words
                braces = "$" in start and not raw
                words = words.replace("{{", "{").replace("}}", "}") if braces else words
                pieces[-1] = f"{pieces[-1]}{words}"
        if raw:
            pieces[::2] = _dedented([str(one) for one in pieces[::2]])
        read = [Literal(characters(one)) if isinstance(one, str) else one for one in pieces]
        return reduce(lambda left, right: Binary("+", left, right), read)


def _chain(node: Node) -> Iterator[Node]:
    """Yield the receivers of a chain, as `a.F(1)` and `a` of `a.F(1).G(2)`."""
    while (field := _CHAINS.get(node.type)) is not None:
        # `??` groups from the right, all other operators from the left.
        ifnull = field == "left" and _field(node, "operator").type == "??"
        if (inner := node.child_by_field_name("right" if ifnull else field)) is None:
            return
        yield inner
        node = inner


def _inside(node: Node) -> list[Node]:
    """Return the nodes that a node is made of, without comments and names of arguments."""
    name = node.child_by_field_name("name") if node.type.endswith("argument") else None
    # The grammar has these two as words, not as named nodes.
    own = [one for one in node.children if one.is_named or one.type in ("this", "base")]
    return [one for one in own if one.type not in ("comment", "modifier") and one != name]


def _field(node: Node, name: str) -> Node:
    """Return the child in a grammar's field, or the last child if the field is missing."""
    # In invalid C# a field can be missing, and that is read as far as possible.
    return node.child_by_field_name(name) or node.children[-1]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _types(function: Node) -> tuple[str, ...]:
    """Return the type arguments that a function is called with."""
    named = function.child_by_field_name("name") or function
    given = [one for one in named.named_children if one.type == "type_argument_list"]
    return tuple(name_of(one) for one in (given[0].named_children if given else ()))


def _named(node: Node) -> Name:
    if node.type in ("qualified_name", "alias_qualified_name"):
        path = ".".join(name_of(one) for one in _inside(node))
        return Name(path, own=_own(path))
    name = name_of(node)
    return Name(name, own=_own(name))


def _own(name: str) -> bool:
    """Return whether a name can be LEAN's member: those begin with a capital letter."""
    return name[:1].isupper()


def name_of(node: Node | None) -> str:
    """Return a name or a type's without namespace and type arguments."""
    if node is None:
        return ""
    inside = [one for one in node.named_children if one.type != "type_argument_list"]
    if not inside:
        return _text(node).removeprefix("@")
    if node.type == "array_type":
        return f"{name_of(inside[0])}[]"
    return name_of(inside[-1] if node.type.endswith("qualified_name") else inside[0])


def number(text: str) -> Expression:
    """Return a number as it is written; a suffix says that it is decimal."""
    plain = text.replace("_", "").lower()
    try:
        if plain.startswith(("0x", "0b")):
            return Literal(int(plain.rstrip("ul"), 0), "int")
        digits = plain.rstrip("uldfm")
        whole = digits.isdecimal() and not plain.endswith(("d", "f", "m"))
        type_ = _SUFFIXES.get(plain[-1], "int" if whole else "double")
        # Decimals stay exact; one with too large an exponent fails here.
        return Literal(int(digits) if whole else Decimal(digits), type_)
    except (ValueError, ArithmeticError):
        return Opaque()


def _unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            number_ = int(code[1:], 16)
            # `\U` can name what is no character.
            return chr(number_) if number_ <= sys.maxunicode else ""
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(plain, text)


def _dedented(words: list[str]) -> list[str]:
    """Take off the margin that the closing quotes' line sets, and the first and last line's end."""
    margin = re.search(r"\n([^\S\n]*)\Z", words[-1])
    if margin is None or not re.match(r"[^\S\n]*\n", words[0]):
        return words
    words = [one.replace(margin[0], "\n") for one in words]
    words[0] = words[0].partition("\n")[2]
    words[-1] = words[-1].rpartition("\n")[0]
    return words
