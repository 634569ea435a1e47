"""Evaluates names and expressions as far as the source allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, DecimalException
from typing import Final

from leanopt_lean.source.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Expression,
    Function,
    Literal,
    Name,
    Scope,
    Sequence,
    Statement,
    Unit,
    walk,
)

#: The most values, and the deepest chain of names, that are followed.
_MANY, _FAR = 256, 32
_DATES: Final = ("datetime", "date")
_PARSED: Final = ("parse", "parseexact", "strptime", "fromisoformat", "todatetime")
#: What leaves a value what it is, as far as it matters here.
_SAME: Final = ("str", "int", "decimal", "double", "float", "string")
_FORMATS: Final = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S",
                   "%Y-%m-%dT%H:%M:%S")  # fmt: skip


class Values:
    """Follows names to their values, nearest scope first."""

    def __init__(self, unit: Unit) -> None:
        self._given: dict[str, list[Statement]] = defaultdict(list)
        for statement in unit.statements:
            if statement.target:
                self._given[statement.target].append(statement)
        self._functions: dict[Scope, list[Function]] = defaultdict(list)
        for function in unit.functions:
            self._functions[function.scope].append(function)

    def takes(self, name: str, scope: Scope) -> bool:
        """Return whether the function that something stands in is handed this name."""
        return any(name in one.names() for one in self._functions.get(scope, ()))

    def given(self, name: Name, scope: Scope) -> list[Statement]:
        """Return where a name is given its value, in the nearest scope that does."""
        found = self._given.get(name.last, [])
        tiers = (
            [one for one in found if name.qualifier and one.scope.owner == name.qualifier],
            [one for one in found if one.scope == scope],
            [one for one in found if one.scope.owner == scope.owner],
            [one for one in found if not one.scope.owner],
            found,
        )
        return next((tier for tier in tiers if tier), [])

    def of(self, value: Expression, scope: Scope, far: int = 0) -> frozenset[Constant] | None:
        """Return all values that an expression can have, None if unknown."""
        # A name can be given a value in terms of itself, as in `n = n + 1`.
        if far > _FAR:
            return None
        if isinstance(value, Literal):
            return frozenset([value.value])
        if isinstance(value, Name):
            return self._name(value, scope, far + 1)
        if isinstance(value, Call):
            return self._call(value, scope, far + 1)
        inner = [self.of(one, scope, far + 1) for one in _operands(value)]
        if isinstance(value, Binary):
            return _combined(value.operator, *inner)
        return _union(inner) if isinstance(value, Choice) else None

    def _name(self, name: Name, scope: Scope, far: int) -> frozenset[Constant] | None:
        # What a function is handed differs from call to call.
        if "." not in name.path and self.takes(name.path, scope):
            return None
        given = self.given(name, scope)
        return _union([self._statement(one, far) for one in given]) if given else None

    def _statement(self, one: Statement, far: int) -> frozenset[Constant] | None:
        if not one.each:
            return self.of(one.value, one.scope, far)
        items = self._items(one.value, one.scope, one.position, far)
        return _union([self.of(item, one.scope, far) for item in items]) if items else None

    def _items(
        self, value: Expression, scope: Scope, position: int | None, far: int
    ) -> list[Expression]:
        """Return the items of an iteration, none if unknown."""
        if far > _FAR:
            return []
        match value:
            case Sequence():
                if position is None:
                    return list(value.items)
                inner = [item.items for item in value.items if isinstance(item, Sequence)]
                fits = len(inner) == len(value.items) and all(len(one) > position for one in inner)
                return [one[position] for one in inner] if fits else []
            case Name():
                given = [one for one in self.given(value, scope) if not one.each]
                lists = [self._items(one.value, one.scope, position, far + 1) for one in given]
                return [item for one in lists for item in one] if all(lists) else []
            case Call(name="items" | "keys" | "values" | "enumerate" | "list" | "sorted"):
                return self._mapping(value, scope, position, far + 1)
        return []

    def _mapping(
        self, value: Call, scope: Scope, position: int | None, far: int
    ) -> list[Expression]:
        match value:
            case Call(name="items", receiver=Name() as of) if position == 0:
                return self._items(of, scope, None, far)
            case Call(name="keys", receiver=Name() as of):
                return self._items(of, scope, None, far)
            case Call(name="items" | "keys", receiver=Sequence() as of) if position in (0, None):
                return list(of.items)
            case Call(name="enumerate", arguments=[first, *_]) if position == 1:
                return self._items(first.value, scope, None, far)
            case Call(name="list" | "sorted", arguments=[first, *_]):
                return self._items(first.value, scope, position, far)
        return []

    def _call(self, value: Call, scope: Scope, far: int) -> frozenset[Constant] | None:
        arguments = [one.value for one in value.arguments]
        called = value.name.replace("_", "").lower()
        if value.name == "nameof" and arguments and isinstance(arguments[0], Name):
            return frozenset([arguments[0].last])
        if called in _SAME and len(arguments) == 1 and value.receiver is None:
            return self.of(arguments[0], scope, far)
        if called == "tostring" and not arguments and value.receiver is not None:
            return self.of(value.receiver, scope, far)
        read = [self.of(one, scope, far) for one in arguments]
        single = [next(iter(one)) for one in read if one is not None and len(one) == 1]
        if called in _DATES and len(single) == len(read):
            made = day(single)
            return frozenset([made]) if made else None
        if called in _PARSED and read and read[0] is not None:
            dates = [day_in(one) for one in read[0]]
            return frozenset(dates) if all(dates) else None
        return None

    def reaching(self, value: Expression, scope: Scope) -> Iterator[Call | Name]:
        """Yield the calls and names whose values flow into an expression, through names too."""
        seen: set[int] = set()
        waiting = [(value, scope)]
        while waiting:
            one, where = waiting.pop()
            for part, _ in walk(one):
                if isinstance(part, Call | Name):
                    yield part
                if isinstance(part, Name):
                    for given in self.given(part, where):
                        if id(given) not in seen:
                            seen.add(id(given))
                            waiting.append((given.value, given.scope))


def day(numbers: list[Constant]) -> date | None:
    """Return the date of a year, a month and a day."""
    # A bool is an int in Python, and no year.
    whole = [one for one in numbers if isinstance(one, int) and not isinstance(one, bool)]
    if len(whole) < 3 or len(whole) != len(numbers):  # noqa: PLR2004 - year, month, day
        return None
    try:
        return date(*whole[:3])
    except (ValueError, OverflowError):
        return None


def day_in(text: object) -> date | None:
    """Return the date in a text of a usual format."""
    if not isinstance(text, str):
        return None
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - only its day counts
        except ValueError:
            continue
    return None


def _union(sets: list[frozenset[Constant] | None]) -> frozenset[Constant] | None:
    found: frozenset[Constant] = frozenset()
    for one in sets:
        if one is None:
            return None
        found |= one
    return found if len(found) <= _MANY else None


def _combined(
    operator: str, left: frozenset[Constant] | None, right: frozenset[Constant] | None
) -> frozenset[Constant] | None:
    # Before they are made: texts joined in nested loops multiply.
    if left is None or right is None or len(left) * len(right) > _MANY:
        return None
    made = [_applied(operator, a, b) for a in left for b in right]
    return None if any(one is None for one in made) else frozenset(made)


def _operands(value: Expression) -> tuple[Expression, ...]:
    if isinstance(value, Binary):
        return (value.left, value.right)
    return value.options if isinstance(value, Choice) else ()


def _applied(operator: str, left: Constant, right: Constant) -> Constant:
    try:
        if isinstance(left, str | int) and isinstance(right, str | int) and operator == "+":
            texts = isinstance(left, str) or isinstance(right, str)
            return f"{left}{right}" if texts else int(left) + int(right)
        if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
            return _counted(operator, left, right)
    except (DecimalException, OverflowError, ValueError):
        return None
    return None


def _counted(operator: str, left: int | Decimal, right: int | Decimal) -> Constant:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        # The languages differ in what two whole numbers make.
        case "/" if isinstance(left, Decimal) or isinstance(right, Decimal):
            return Decimal(left) / Decimal(right)
    return None
