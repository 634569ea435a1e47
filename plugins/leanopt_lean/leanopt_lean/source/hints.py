"""What is made of a parameter's text near the place where it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from leanopt_lean.source.syntax import (
    Call,
    Choice,
    Constant,
    Expression,
    Inside,
    Literal,
    Name,
    Opaque,
    Statement,
    Unit,
    outwards,
    walk,
)

_MADE: Final = {
    "int": "int", "toint32": "int", "toint64": "int", "long": "int", "int32": "int",
    "float": "float", "double": "float", "decimal": "float", "todecimal": "float",
    "todouble": "float", "bool": "bool", "boolean": "bool", "toboolean": "bool", "str": "str",
}  # fmt: skip
_PARSE: Final = ("parse", "tryparse")


@frozen
class Hint:
    """A default beside a reading, the type it is made, the texts it is compared with."""

    default: Constant = None
    made: str | None = None
    texts: tuple[str, ...] = ()


def hint(call: Call, statement: Statement, inside: Inside | None, unit: Unit) -> Hint:
    """Return what is said of a reading where it stands, and of the name that it is given to."""
    near = list(_around(call, inside))
    if statement.target and not _converted(near):
        for other in unit.statements:
            if other.scope == statement.scope and statement.target:
                for one, around in walk(other.value):
                    if one == Name(statement.target):
                        near += _around(one, around)
    return Hint(
        next((one.default for one in near if one.default is not None), None),
        next((one.made for one in near if one.made), None),
        tuple(dict.fromkeys(text for one in near for text in one.texts)),
    )


def _converted(near: list[Hint]) -> bool:
    return any(one.made or one.texts for one in near)


def _around(inner: Expression, inside: Inside | None) -> Iterator[Hint]:
    """Yield what conversions, alternatives and comparisons around an expression say."""
    for outer in outwards(inside):
        match outer:
            case Call() if (made := conversion(outer)) is not None:
                yield Hint(made=made)
            case Choice():
                others = [one for one in outer.options if one is not inner]
                for one in others:
                    if isinstance(one, Literal) and one.value is not None:
                        yield Hint(default=one.value)
            case Opaque(comparison=True):
                yield Hint(texts=_texts(outer))
                return
            case _:
                return
        inner = outer


def _texts(compared: Opaque) -> tuple[str, ...]:
    """Return the texts of a comparison, those of a list too."""
    found = []
    for part in compared.parts:
        inside = [part, *(getattr(part, "items", ()) or ())]
        found += [one.value for one in inside if isinstance(one, Literal)]
    return tuple(one for one in found if isinstance(one, str))


def conversion(call: Call) -> str | None:
    """Return int, float, bool or str where a call makes such of its argument."""
    name = call.name.replace("_", "").lower()
    if name in _PARSE and isinstance(call.receiver, Name):
        name = call.receiver.last.lower()
    return _MADE.get(name)
