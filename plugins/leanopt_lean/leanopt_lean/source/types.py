"""Finds the type that a read requires, by the type of its default."""

from __future__ import annotations

from collections import defaultdict
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

#: LEAN's overload by the default's type, in the names of both languages and .NET.
_OVERLOADS: Final = {
    **dict.fromkeys(("int", "Int32", "short", "byte", "sbyte", "ushort", "char"), "int"),
    **dict.fromkeys(("decimal", "Decimal"), "decimal"),
    **dict.fromkeys(("double", "Double", "float", "Single"), "double"),
    **dict.fromkeys(("string", "String", "str"), "text"),
}
#: Numeric types from the narrowest: arithmetic has the wider type.
_NUMBERS: Final = ("int", "decimal", "double")
#: The deepest chain of names that is followed.
_FAR: Final = 8


class Types:
    """Finds out of which type the default of a reading is, as LEAN's overloads tell them apart."""

    def __init__(self, unit: Unit, values: Values) -> None:
        self._values = values
        self._functions: dict[Scope, list[Function]] = defaultdict(list)
        for one in unit.functions:
            self._functions[one.scope].append(one)

    def of(self, value: Expression | None, scope: Scope, far: int = 0) -> str | None:
        """Return int, decimal, double or text; None if unknown."""
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
        """Return whether a value is what the function that it stands in is given, of any type."""
        if not isinstance(value, Name) or not self._values.takes(value.path, scope):
            return False
        return not self.rebound(value, scope) and self._declared(value, scope) is None

    def rebound(self, name: Name, scope: Scope) -> bool:
        """Return whether a function gives what it is handed by a name another value."""
        given = (one for one in self._values.given(name, scope) if one.scope == scope)
        # A member of the same name is no other value.
        return any(one.value != name for one in given)

    def _name(self, name: Name, scope: Scope, far: int) -> str | None:
        if self._values.takes(name.path, scope):
            return None if self.rebound(name, scope) else self._declared(name, scope)
        found = [
            _OVERLOADS.get(one.type)
            if one.type not in ("", "var")
            else self.of(one.value, one.scope, far)
            for one in self._values.given(name, scope)
            if not one.each
        ]
        return found[0] if len(set(found)) == 1 else None

    def _declared(self, name: Name, scope: Scope) -> str | None:
        """Return the type that a function declares what it is handed as; of several it is open."""
        functions = self._functions[scope]
        types = dict(zip(functions[0].names(), functions[0].types, strict=False))
        return _OVERLOADS.get(types.get(name.path, "")) if len(functions) == 1 else None


def default_of(function: Function, name: str) -> Expression | None:
    """Return the default of what a function takes by a name."""
    return next(
        (one.value for one in function.takes if isinstance(one, Argument) and one.name == name),
        None,
    )


def _joined(types: list[str | None]) -> str | None:
    """Return the type of what is worked out of several, or is one of them."""
    if None in types or not types:
        return None
    if "text" in types:
        return "text"
    return max((one for one in types if one is not None), key=_NUMBERS.index)
