"""What is made of a parameter's text near the place where it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

from leanopt_lean.source.found import Asked
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
#: LEAN's own for texts: those of numbers take digits alone, and read anything else as digits too.
_DIGITS: Final = {"toint32": "digits", "toint64": "digits"}
#: What reads a text as the type that it is called with, as `ConvertInvariant<int>()`.
_GENERIC: Final = ("convertinvariant", "convertto")
#: What conversions take: a Python text that is made an int must be whole, of any size.
_STRICT: Final = {"int": "whole", "float": "double", "Decimal": "decimal", "bool": "truth"}
_CUTTING: Final = ("whole", "int", "long", "short", "int32", "int64", "int16")
_CONVERT: Final = {
    "toint32": "int", "toint64": "long", "toint16": "short", "todecimal": "decimal",
    "todouble": "double", "tosingle": "double", "toboolean": "bool",
}  # fmt: skip


@frozen
class Hint:
    """A default beside a reading, the type it is made, the texts it is compared with.

    `asked` are the conversions, the nearest first, whose names are shown as they are written.
    """

    default: Constant = None
    made: str | None = None
    texts: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()


def hint(call: Call, statement: Statement, inside: Inside | None, unit: Unit) -> Hint:
    """Return what is said of a reading where it stands, and of the name that it is given to."""
    near = list(_around(call, inside))
    asked = tuple(one for found in near for one in found.asked)
    if statement.target and not _converted(near):
        later = list(_later(statement, unit))
        near += [one for _, found in later for one in found]
        asked += _agreed(statement, later, unit)
    return Hint(
        next((one.default for one in near if one.default is not None), None),
        next((one.made for one in near if one.made), None),
        tuple(dict.fromkeys(text for one in near for text in one.texts)),
        asked,
    )


def _later(statement: Statement, unit: Unit) -> Iterator[tuple[Statement, list[Hint]]]:
    """Yield what is said of the name that a reading is given to, wherever its function has it."""
    for other in unit.statements:
        if other.scope == statement.scope:
            for one, around in walk(other.value):
                if one == Name(statement.target):
                    yield other, list(_around(one, around))


def _agreed(
    statement: Statement, later: list[tuple[Statement, list[Hint]]], unit: Unit
) -> tuple[Asked, ...]:
    """Return the conversions of a name where they are surely its own, and are not alternatives."""
    given = [one for one in unit.statements if one.scope == statement.scope]
    if sum(one.target == statement.target for one in given) > 1:
        return ()
    chains = [
        tuple(one for hint_ in found for one in hint_.asked)
        for other, found in later
        if other.conditions == statement.conditions
    ]
    converted = [one for one in chains if one]
    types = {tuple(one.type for one in chain) for chain in converted}
    return converted[0] if len(types) == 1 else ()


def _converted(near: list[Hint]) -> bool:
    return any(one.made or one.texts for one in near)


def _around(inner: Expression, inside: Inside | None) -> Iterator[Hint]:
    """Yield what conversions, alternatives and comparisons around an expression say."""
    for outer in outwards(inside):
        match outer:
            case Call() if (made := conversion(outer)) is not None:
                type_ = asked_by(outer)
                asked = (Asked(type_, outer.place, _written(outer)),) if type_ else ()
                yield Hint(made=made, asked=asked)
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
    if name in _GENERIC and call.types:
        name = call.types[0].lower()
    return _MADE.get(name)


def chained(asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """Return conversions one after another: what makes a number whole is given no text then."""
    numbers = [at for at, one in enumerate(asked) if one.type in ("decimal", "double", "float")]
    first = numbers[0] if numbers else len(asked)
    return tuple(
        evolve(one, type="cut") if at > first and one.type in _CUTTING else one
        for at, one in enumerate(asked)
    )


def asked_by(call: Call) -> str | None:
    """Return what a conversion takes: the name of a type, whole, digits or truth."""
    name = call.name.lower()
    if call.receiver is None:
        return _STRICT.get(call.name)
    if name in _PARSE and isinstance(call.receiver, Name):
        return call.receiver.last.lower()
    if name in _GENERIC and call.types:
        return call.types[0].lower()
    if call.receiver == Name("Convert"):
        return _CONVERT.get(name)
    return None if call.arguments else _DIGITS.get(name, _CONVERT.get(name))


def _written(call: Call) -> str:
    types = f"<{', '.join(call.types)}>" if call.types else ""
    of = f"{call.receiver.last}." if call.arguments and isinstance(call.receiver, Name) else ""
    return f"{of}{call.name}{types}()"
