"""Which type a reading asks for: LEAN has overloads by the default's type, sources conversions."""

from __future__ import annotations

from typing import Final

from leanopt_lean.source.syntax import (
    Argument,
    Binary,
    Call,
    Choice,
    Expression,
    Function,
    Literal,
    Name,
    Scope,
    Unit,
    parts,
)
from leanopt_lean.source.values import Values

#: LEAN's overload for a default of a type, as both languages and .NET call it.
_OVERLOADS: Final = {
    **dict.fromkeys(("int", "Int32", "short", "byte", "sbyte", "ushort", "char"), "int"),
    **dict.fromkeys(("decimal", "Decimal"), "decimal"),
    **dict.fromkeys(("double", "Double", "float", "Single"), "double"),
    **dict.fromkeys(("string", "String", "str"), "text"),
}
#: From the narrowest on: what arithmetic of two types is of.
_NUMBERS: Final = ("int", "decimal", "double")
#: Names that lead further are not followed.
_FAR: Final = 8


class Types:
    """Finds out of which type the default of a reading is, as LEAN's overloads tell them apart."""

    def __init__(self, unit: Unit, values: Values) -> None:
        self._values = values
        self._functions: dict[Scope, Function] = {one.scope: one for one in unit.functions}

    def of(self, value: Expression | None, scope: Scope, far: int = 0) -> str | None:
        """Return int, decimal, double or text; None where the source does not tell it."""
        if isinstance(value, Literal):
            text = isinstance(value.value, str | None)
            return "text" if text else _OVERLOADS.get(value.type)
        if isinstance(value, Name):
            return self._name(value, scope, far + 1) if far < _FAR else None
        if isinstance(value, Call):
            return _OVERLOADS.get(value.name) if len(value.arguments) == 1 else None
        if isinstance(value, Binary) and value.left == Literal(0):
            return self.of(value.right, scope, far)
        joined = parts(value) if isinstance(value, Binary) else ()
        options = value.options if isinstance(value, Choice) else joined
        found = _joined([self.of(one, scope, far) for one in options])
        # The languages differ in what two whole numbers make.
        divided = isinstance(value, Binary) and value.operator == "/"
        return None if divided and found == "int" else found

    def handed(self, value: Expression | None, scope: Scope) -> bool:
        """Say whether a value is what the function that it stands in is given, of any type."""
        function = self._functions.get(scope)
        if function is None or not isinstance(value, Name) or value.path not in function.names():
            return False
        return _OVERLOADS.get(_declared(function, value.path)) is None

    def _name(self, name: Name, scope: Scope, far: int) -> str | None:
        function = self._functions.get(scope)
        if function is not None and name.path in function.names():
            return _OVERLOADS.get(_declared(function, name.path))
        found = [
            _OVERLOADS.get(one.type)
            if one.type not in ("", "var")
            else self.of(one.value, one.scope, far)
            for one in self._values.given(name, scope)
            if not one.each
        ]
        return found[0] if len(set(found)) == 1 else None


def default_of(function: Function, name: str) -> Expression | None:
    """Return the default of what a function takes by a name."""
    return next(
        (one.value for one in function.takes if isinstance(one, Argument) and one.name == name),
        None,
    )


def _declared(function: Function, name: str) -> str:
    types = dict(zip(function.names(), function.types, strict=False))
    return types.get(name, "")


def _joined(types: list[str | None]) -> str | None:
    """Return the type of what is worked out of several, or is one of them."""
    if None in types or not types:
        return None
    if "text" in types:
        return "text"
    return max((one for one in types if one is not None), key=_NUMBERS.index)
