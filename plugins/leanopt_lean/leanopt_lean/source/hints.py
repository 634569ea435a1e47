"""Finds conversions and comparisons of a parameter's text near its read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

from leanopt_lean.source.facts import Asked
from leanopt_lean.source.syntax import (
    Call,
    Choice,
    Constant,
    Expression,
    Inside,
    Literal,
    Name,
    Opaque,
    Scope,
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
#: LEAN's conversions of texts; those to numbers expect digits only, and misread anything else.
_DIGITS: Final = {"toint32": "digits", "toint64": "digits"}
#: Conversions to a type argument, as `ConvertInvariant<int>()`.
_GENERIC: Final = ("convertinvariant", "convertto")
#: The types that conversions accept: a text for Python's int must be whole, of any size.
_STRICT: Final = {"int": "whole", "float": "double", "Decimal": "decimal", "bool": "truth"}
_FRACTIONS: Final = ("decimal", "double", "float", "single")
_CUTTING: Final = ("whole", "int", "long", "short", "int32", "int64", "int16")
_CONVERT: Final = {
    "toint32": "int", "toint64": "long", "toint16": "short", "todecimal": "decimal",
    "todouble": "double", "tosingle": "double", "toboolean": "bool",
}  # fmt: skip


@frozen
class Hint:
    """The default beside a read, its converted type, and the texts that it is compared with."""

    default: Constant = None
    made: str | None = None
    texts: tuple[str, ...] = ()


@frozen
class Mention:
    """A name where it is used."""

    name: Name
    statement: Statement
    inside: Inside | None


class Mentions:
    """Where the names of a unit are used, and how often each is given a value."""

    def __init__(self, unit: Unit) -> None:
        # One index for all reads: a search for each took quadratic time.
        self._of: dict[str, list[Mention]] = defaultdict(list)
        self._given = Counter(one.target for one in unit.statements)
        self._hints: dict[tuple[str, Scope], Hint] = {}
        for statement in unit.statements:
            for one, inside in walk(statement.value):
                if isinstance(one, Name):
                    mention = Mention(one, statement, inside)
                    for part in set(one.path.split(".")):
                        self._of[part].append(mention)

    def hint(self, name: str, scope: Scope) -> Hint:
        """Return the hints about a name in one function."""
        found = self._hints.get((name, scope))
        if found is None:
            uses = self._within(name, scope) if name else ()
            found = _joined([one for use in uses for one in _around(use.name, use.inside)])
            self._hints[name, scope] = found
        return found

    def only(self, statement: Statement) -> Mention | None:
        """Return the only use, anywhere, of a name that only this statement gives a value."""
        uses = self._of.get(statement.target, ())
        # With a second use or value, a conversion may not apply to what was read.
        if len(uses) != 1 or self._given[statement.target] != 1:
            return None
        return next(self._within(statement.target, statement.scope), None)

    def _within(self, name: str, scope: Scope) -> Iterator[Mention]:
        """Yield where one function uses a name."""
        for one in self._of.get(name, ()):
            if one.statement.scope == scope and one.name == Name(name):
                yield one


def hint(call: Call, statement: Statement, inside: Inside | None, mentions: Mentions) -> Hint:
    """Return the hints about a read at its location, and about the name that it is assigned to."""
    near = list(_around(call, inside))
    if not any(one.made or one.texts for one in near):
        near.append(mentions.hint(statement.target, statement.scope))
    return _joined(near)


def _joined(near: list[Hint]) -> Hint:
    """Join several hints; earlier ones take precedence."""
    return Hint(
        next((one.default for one in near if one.default is not None), None),
        next((one.made for one in near if one.made), None),
        tuple(dict.fromkeys(text for one in near for text in one.texts)),
    )


def certain(statement: Statement, one: Expression, inside: Inside | None) -> bool:
    """Return whether the content of a statement runs whenever its function does."""
    for outer in outwards(inside):
        match outer:
            # Of several alternatives, only the first runs in any case.
            case Choice(condition=None) if outer.options[0] is not one:
                return False
            case Choice() if outer.condition is not None and outer.condition is not one:
                return False
            case Call(name="and") if outer.arguments[0].value is not one:
                return False
        one = outer
    return not statement.conditions


def conversions(
    call: Call, statement: Statement, inside: Inside | None, mentions: Mentions
) -> tuple[Asked, ...]:
    """Return the conversions that certainly apply to a read's result, nearest first.

    They are around it, or around the only use of the name that it is assigned to. Conversions in a
    branch, or in a `try` that handles their failure, do not count.
    """
    found, all_of_it = _chain(call, inside)
    use = mentions.only(statement) if all_of_it and not statement.each else None
    # Only a type that is certain counts: a wrong one would refuse values that work.
    if use is None or use.statement.caught or not certain(use.statement, use.name, use.inside):
        return found
    return found + _chain(use.name, use.inside)[0]


def _chain(inner: Expression, inside: Inside | None) -> tuple[tuple[Asked, ...], bool]:
    """Return the conversions directly around an expression, and whether nothing else is."""
    found: tuple[Asked, ...] = ()
    for outer in outwards(inside):
        match outer:
            case Call() if (type_ := _asked_by(outer, inner)) is not None:
                found += (Asked(type_, outer.location, _written(outer)),)
            case Choice(condition=None) if outer.options[0] is inner:
                pass
            case _:
                return found, False
        inner = outer
    return found, True


def _around(inner: Expression, inside: Inside | None) -> Iterator[Hint]:
    """Yield the hints in conversions, alternatives and comparisons around an expression."""
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
    """Return the texts of a comparison, also those in a list."""
    found = []
    for part in compared.parts:
        inside = [part, *(getattr(part, "items", ()) or ())]
        found += [one.value for one in inside if isinstance(one, Literal)]
    return tuple(one for one in found if isinstance(one, str))


def conversion(call: Call) -> str | None:
    """Return int, float, bool or str if a call converts its argument to that."""
    name = call.name.replace("_", "").lower()
    if name in _PARSE and isinstance(call.receiver, Name):
        name = call.receiver.last.lower()
    if name in _GENERIC and call.types:
        name = call.types[0].lower()
    return _MADE.get(name)


def chained(overload: str, asked: tuple[Asked, ...]) -> Iterator[Asked]:
    """Yield those of successive conversions that can fail or truncate.

    The first can fail if LEAN passes a text. Converting a number to int truncates it, and loses
    nothing else.
    """
    if overload == "text":
        yield from asked[:1]
        overload, asked = (asked[0].type if asked else ""), asked[1:]
    if overload in _FRACTIONS:
        cut = next((one for one in asked if one.type not in _FRACTIONS), None)
        if cut is not None and cut.type in _CUTTING:
            yield evolve(cut, type="cut")


def _asked_by(call: Call, inner: Expression) -> str | None:
    """Return the type that a conversion accepts: a type's name, whole, digits or truth."""
    name, of = call.name.lower(), call.receiver
    if of is inner and not call.arguments:
        if name in _GENERIC and call.types:
            return call.types[0].lower()
        return _DIGITS.get(name, _CONVERT.get(name))
    first, *more = (one.value for one in call.arguments) if call.arguments else (None,)
    # Others say how a text is written, as the base of a number.
    if first is not inner or any(one != Name("CultureInfo.InvariantCulture") for one in more):
        return None
    if of is None:
        return _STRICT.get(call.name)
    if name == "parse" and isinstance(of, Name) and of.last.lower() in _MADE:
        return of.last.lower()
    return _CONVERT.get(name) if of == Name("Convert") else None


def _written(call: Call) -> str:
    types = f"<{', '.join(call.types)}>" if call.types else ""
    of = f"{call.receiver.last}." if call.arguments and isinstance(call.receiver, Name) else ""
    return f"{of}{call.name}{types}()"
