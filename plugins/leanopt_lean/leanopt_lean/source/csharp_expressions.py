"""C#'s expressions, as far as values flow through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Final

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
    Argument,
    Binary,
    Call,
    Choice,
    Constant,
    Expression,
    Literal,
    Name,
    Opaque,
    Place,
    characters,
)
from leanopt_lean.source.syntax import Sequence as Items
from leanopt_lean.source.tokens import Token

#: Words before an expression that do not change its value.
_PREFIXES: Final = ("return", "throw", "await", "out", "ref", "in", "var", "const", "yield")
#: Words before brackets that call nothing.
CONTROL: Final = ("if", "while", "for", "foreach", "switch", "using", "lock", "catch", "fixed",
                  "when", "else", "do", "try", "return", "throw", "await", "new", "in", "is", "as",
                  "and", "or", "not", "case", "goto", "checked", "unchecked")  # fmt: skip
#: Operators from the weakest on, those that neither join texts nor count.
_OTHERS: Final = (("||", "&&"), ("|", "^", "&"), ("==", "!="), ("<", ">", "<=", ">="), ("..",))
_ASSIGNED: Final = ("=", "+=", "-=", "*=", "/=", "??=", "%=", "|=", "&=", "^=")
_CONSTANTS: Final[dict[str, Constant]] = {"true": True, "false": False, "null": None}


class Expressions:
    """Reads expressions of one file; `block` is handed the statements of lambdas."""

    def __init__(self, file: str, block: Callable[[Sequence[Item]], None]) -> None:
        self._file = file
        self._block = block

    def read(self, items: Sequence[Item]) -> Expression:
        """Return what items say; what is not understood keeps its parts."""
        while items and word(items[0], *_PREFIXES):
            items = items[1:]
        place = find(items, "=>", *_ASSIGNED)
        if place is not None:
            return self._assigned(items[:place], items[place], items[place + 1 :])
        if (choice := self._choice(items)) is not None:
            return choice
        for several in _OTHERS:
            found = split(items, *several)
            if len(found) > 1:
                return Opaque(tuple(map(self.read, found)), comparison=several[0] == "==")
        return self._arithmetic(items)

    def _assigned(self, left: Sequence[Item], sign: Item, right: Sequence[Item]) -> Expression:
        """Read what stands on the right; calls on the left are calls too."""
        value = self.read(right)
        if operator(sign, "=>"):
            return Opaque((value,), later=True)
        calls = any(isinstance(item, Group) for item in left)
        before = self.read(left) if calls else None
        if operator(sign, "=", "??="):
            return Choice((value,), before)
        return Opaque((value,) if before is None else (before, value))

    def _choice(self, items: Sequence[Item]) -> Expression | None:
        asked = find(items, "?")
        other = find(items[asked:], ":") if asked else None
        if asked and other:
            options = (items[asked + 1 : asked + other], items[asked + other + 1 :])
            return Choice(tuple(map(self.read, options)), self.read(items[:asked]))
        options_ = split(items, "??")
        return Choice(tuple(map(self.read, options_))) if len(options_) > 1 else None

    def _arithmetic(self, items: Sequence[Item]) -> Expression:
        for operators in (("+", "-"), ("*", "/", "%")):
            places = [
                place
                for place, item in enumerate(items)
                if operator(item, *operators) and place and _operand(items[place - 1])
            ]
            if places:
                starts = [0, *(place + 1 for place in places)]
                terms = [items[a:b] for a, b in zip(starts, [*places, len(items)], strict=True)]
                read = [self._arithmetic(term) for term in terms]
                signs = [
                    item.text for item in (items[p] for p in places) if isinstance(item, Token)
                ]
                pairs = zip(signs, read[1:], strict=True)
                return reduce(lambda left, pair: Binary(pair[0], left, pair[1]), pairs, read[0])
        return self._unary(items)

    def _unary(self, items: Sequence[Item]) -> Expression:
        if len(items) > 1 and operator(items[0], "-", "+", "!", "~", "^", "++", "--", "&"):
            inner = self._unary(items[1:])
            return Binary("-", Literal(0), inner) if operator(items[0], "-") else inner
        if len(items) > 1 and (type_ := _cast(items)):
            inner = self._unary(items[1:])
            return Call(type_, (Argument(inner),), self._place(items[0]))
        if not items:
            return Opaque()
        found, at = [], 0
        while at < len(items):
            one, read = self._primary(items[at:])
            found.append(one)
            at += read
        return found[0] if len(found) == 1 else Opaque(tuple(found))

    def _primary(self, items: Sequence[Item]) -> tuple[Expression, int]:
        first, at = items[0], 1
        if isinstance(first, Group):
            value = self._grouped(first)
        elif first.kind == "text":
            value = self._text(first)
        elif first.kind == "number":
            value = Literal(number(first.text))
        elif word(first, "new"):
            return self._made(items)
        elif word(first) and first.text in _CONSTANTS:
            value = Literal(_CONSTANTS[first.text])
        elif word(first):
            value = Opaque() if first.text in CONTROL else _named(first.text)
        else:
            return Opaque(), 1
        return self._behind(value, items, at)

    def _behind(self, value: Expression, items: Sequence[Item], at: int) -> tuple[Expression, int]:
        """Read what follows a value: members, calls, indices."""
        while at < len(items):
            item, after = items[at], items[at + 1] if at + 1 < len(items) else None
            if operator(item, ".", "?.", "::", "->") and isinstance(after, Token) and word(after):
                value, at = _member(value, after.text, self._place(after)), at + 2
            elif operator(item, "!", "++", "--"):
                at += 1
            elif isinstance(item, Group) and item.open == "(" and not isinstance(value, Opaque):
                value, at = self._called(value, item, self._place(items[at - 1])), at + 1
            elif isinstance(item, Group) and item.open == "[":
                value = Call("[]", self.arguments(item), self._place(item), value)
                at += 1
            else:
                break
        return value, at

    def _called(self, value: Expression, item: Group, place: Place) -> Expression:
        arguments = self.arguments(item)
        if isinstance(value, Name):
            before = value.path.rpartition(".")[0]
            of = Name(before, value.own) if before else None
            return Call(value.last, arguments, place, of)
        if isinstance(value, Call) and value.name.startswith("."):
            return Call(value.name[1:], arguments, place, value.receiver)
        return Opaque((value, *(one.value for one in arguments)))

    def _made(self, items: Sequence[Item]) -> tuple[Expression, int]:
        """Read what `new` makes: a call of its type, or the items that it is filled with."""
        at, type_ = 1, ""
        while at < len(items) and (word(items[at]) or operator(items[at], ".", "?", "::")):
            item = items[at]
            type_ = item.text if isinstance(item, Token) and word(item) else type_
            at += 1
        inside: tuple[Argument, ...] = ()
        while at < len(items) and (group(items[at], "(") or group(items[at], "[")):
            item = items[at]
            inside += self.arguments(item) if isinstance(item, Group) else ()
            at += 1
        value: Expression = Call(type_, inside, self._place(items[0]))
        if at < len(items) and isinstance(filled := items[at], Group) and filled.open == "{":
            value = Items(self._items(filled), tuple(one.value for one in inside))
            at += 1
        return self._behind(value, items, at)

    def _grouped(self, item: Group) -> Expression:
        if item.open == "{" and find(item.items, ";") is not None:
            self._block(item.items)
            return Opaque()
        inside = self._items(item)
        return inside[0] if item.open == "(" and len(inside) == 1 else Items(inside)

    def _items(self, item: Group) -> tuple[Expression, ...]:
        return tuple(self.read(one) for one in split(item.items, ",") if one)

    def arguments(self, item: Group) -> tuple[Argument, ...]:
        """Return what stands between a call's brackets."""
        found = []
        for one in split(item.items, ","):
            first = one[0] if one else None
            if len(one) > 1 and isinstance(first, Token) and word(first) and operator(one[1], ":"):
                found.append(Argument(self.read(one[2:]), first.text))
            else:
                found.append(Argument(self.read(one)))
        return tuple(found)

    def _text(self, token: Token) -> Expression:
        read = [
            Literal(characters(piece)) if isinstance(piece, str) else self.read(grouped(piece))
            for piece in token.pieces
        ]
        return reduce(lambda left, right: Binary("+", left, right), read)

    def _place(self, item: Item) -> Place:
        return Place(self._file, item.line)


def _member(value: Expression, name: str, place: Place) -> Expression:
    if isinstance(value, Name):
        joined = Name(f"{value.path}.{name}", value.own)
        return _named(name) if value.path == "this" else joined
    return Call(f".{name}", (), place, value)


def _named(name: str) -> Name:
    """Return a name; LEAN's members begin with a capital, as local names do not."""
    return Name(name, own=name[:1].isupper())


def _operand(item: Item) -> bool:
    """Say whether an operator behind an item joins two values."""
    if isinstance(item, Token):
        return item.kind in ("text", "number") or (
            item.kind == "name" and item.text not in (*CONTROL, *_PREFIXES)
        )
    return True


def _cast(items: Sequence[Item]) -> str | None:
    """Return the type that the brackets before a value name."""
    first, second = items[0], items[1]
    if not isinstance(first, Group) or first.open != "(" or not first.items:
        return None
    if isinstance(second, Token) and second.kind == "operator":
        return None
    if word(second, "is", "as", "switch", "in", "with") or group(second, "[") or group(second, "{"):
        return None
    names = [item for item in first.items if isinstance(item, Token) and word(item)]
    rest = [item for item in first.items if not word(item)]
    typed = all(operator(item, ".", "?", "::") or group(item, "[") for item in rest)
    return names[-1].text if names and typed else None


def number(text: str) -> int | Decimal | None:
    """Return a number as it is written, None where it is none; a suffix says that it is decimal."""
    plain = text.replace("_", "").lower()
    try:
        if plain.startswith(("0x", "0b")):
            return int(plain.rstrip("ul"), 0)
        digits = plain.rstrip("uldfm")
        whole = digits.isdecimal() and not plain.endswith(("d", "f", "m"))
        return int(digits) if whole else Decimal(digits)
    except (ValueError, ArithmeticError):
        return None
