"""What names and values the parameter space takes; everything else is an AxisError."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from leanopt_core.space._errors import AxisError, quoted, shown
from leanopt_core.space._numbers import Value, decimal_of, kind_of, number_text, units_of

LONGEST_AXIS = 2**63 - 1
"""What Python's sequences can hold."""

_RESERVED = frozenset({"true", "false"})


def name(name: object) -> str:
    """Return `name` if it can name a parameter: a text of printable characters, not blank."""
    if not isinstance(name, str):
        raise AxisError(str(name), f"a name is a text, found {shown(name)}")
    if not name.strip():
        raise AxisError(name, "a name cannot be empty")
    if not name.isprintable():
        raise AxisError(name, "a name cannot have control characters or line breaks")
    return name


def usable_in_constraints(name: str) -> bool:
    """Return whether a constraint can mention the parameter: a plain identifier, no reserved word.

    Identifiers that Unicode would fold to another spelling (NFKC) cannot be mentioned either.
    """
    plain = name.isidentifier() and unicodedata.is_normalized("NFKC", name)
    return plain and not keyword.iskeyword(name) and name not in _RESERVED


def exact_number(name: str, key: str, number: object) -> int | Decimal:
    """Return `number`, the parameter's `key`, as an int or a Decimal without trailing zeros."""
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise AxisError(name, f"{key} must be an exact number, found {shown(number)}")
    try:
        units, places = units_of(number)
    except ValueError as error:
        raise AxisError(name, f"{key} {error}") from None
    return number if isinstance(number, int) else decimal_of(units, places)


def whole_number(name: str, key: str, number: object) -> int:
    """Return `number` as an int; `2.0` is whole."""
    units, places = units_of(exact_number(name, key, number))
    if places:
        raise AxisError(name, f"{key} of an int parameter must be whole, found {shown(number)}")
    return units


def exact_value(name: str, key: str, value: object) -> Value:
    """Return `value` if it is a text, a truth value or an exact number."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | Decimal):
        return exact_number(name, key, value)
    raise AxisError(name, f"{key} must be a number, a text, true or false, found {shown(value)}")


def value_list(name: str, key: str, values: Iterable[object]) -> list[Value]:
    """Return `values`, exact and not empty, no two of which an engine would be given alike."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise AxisError(name, f"{key} must be a list, found {shown(values)}")
    exact = [exact_value(name, f"{key}[{i}]", value) for i, value in enumerate(values)]
    if not exact:
        raise AxisError(name, f"{key} is empty; a fixed parameter is written without a list")
    seen: dict[str, int] = {}
    for i, value in enumerate(exact):
        first = seen.setdefault(number_text(value), i)
        if first != i:
            raise AxisError(
                name, f"{key}[{i}] repeats {key}[{first}]: both are {quoted(number_text(value))}"
            )
    return exact


def grid(name: str, low: int | Decimal, high: int | Decimal, step: int | Decimal) -> None:
    """Check a grid's three numbers against each other."""
    if low > high:
        raise AxisError(name, f"min {shown(low)} is above max {shown(high)}")
    if step <= 0:
        raise AxisError(name, f"step must be above 0, found {shown(step)}")
    if (Fraction(high) - Fraction(low)) / Fraction(step) >= LONGEST_AXIS:
        raise AxisError(name, "has more than 2**63 - 1 values: take a larger step")


def rising(name: str, values: Sequence[int | Decimal]) -> None:
    """Check that ordered values rise: their order is what makes them neighbours."""
    for i in range(1, len(values)):
        if values[i] < values[i - 1]:
            raise AxisError(
                name,
                f"values must rise, but values[{i}] is {shown(values[i])} after "
                f"{shown(values[i - 1])}; unordered ones are written as choices",
            )


def unambiguous(name: str, values: Sequence[Value]) -> None:
    """Check that choices do not mix truth values with numbers: Python holds true equal to 1."""
    if {"truth", "number"} <= {kind_of(value) for value in values}:
        raise AxisError(name, "choices cannot mix true or false with numbers")
