"""Check names and values of a parameter space, and raise errors for invalid ones."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from leanopt_core.errors import SpaceError
from leanopt_core.space._numbers import Value, decimal_of, kind_of, number_text, units_of

_SHOWN = 80


def cut(text: str) -> str:
    """Return `text` shortened, so that a hostile one does not fill the screen."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def quoted(text: str) -> str:
    """Return `text` quoted, escaped and shortened."""
    return repr(cut(text))


def shown(value: object) -> str:
    """Return a found value for messages: `5`, `0.1`, `true`, `'text'`, `float 0.1`."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int | Decimal):
        try:
            return number_text(value)
        except ValueError:
            return type(value).__name__
    return f"{type(value).__name__} {value}"[:_SHOWN]


class AxisError(SpaceError):
    """A parameter's axis or fixed value is not valid; holds `name` and `problem` separately."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        """Return the message with the parameter's name."""
        return f"parameter {quoted(self.name)}: {self.problem}"


class ExpressionError(SpaceError):
    """An expression's text is not valid.

    Holds the `text`, the `column` in it (from 1), the `message`, and a `hint` that may be empty.
    """

    what: ClassVar[str] = "expression"

    def __init__(self, text: str, column: int, message: str, hint: str = "") -> None:
        super().__init__(text, column, message, hint)
        self.text = text
        self.column = column
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return text, column, message and hint as one line."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.what} {quoted(self.text)}, column {self.column}: {self.message}{hint}"


class ConstraintError(ExpressionError):
    """A constraint's text is not valid."""

    what = "constraint"


class FormulaError(ExpressionError):
    """A formula's text is not valid."""

    what = "formula"


class FilterError(ExpressionError):
    """A filter's text is not valid."""

    what = "filter"


LONGEST_AXIS = 2**63 - 1
"""The maximum length of a Python sequence."""

_RESERVED = frozenset({"true", "false"})


def name(name: object) -> str:
    """Return `name` if it is a valid parameter name: printable text, not blank."""
    if not isinstance(name, str):
        raise AxisError(str(name), f"a name must be text, found {shown(name)}")
    if not name.strip():
        raise AxisError(name, "a name cannot be empty")
    if not name.isprintable():
        raise AxisError(name, "a name cannot have control characters or line breaks")
    return name


def usable_in_constraints(name: str) -> bool:
    """Return whether a constraint can name the parameter: an identifier, not a reserved word.

    Identifiers that Unicode normalises to another spelling (NFKC) cannot be named either.
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
    """Return `values`, exact and not empty; no two are equal as the engine receives them."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise AxisError(name, f"{key} must be a list, found {shown(values)}")
    exact = [exact_value(name, f"{key}[{i}]", value) for i, value in enumerate(values)]
    if not exact:
        raise AxisError(name, f"{key} is empty; for a fixed parameter write the plain value")
    seen: dict[str, int] = {}
    for i, value in enumerate(exact):
        first = seen.setdefault(number_text(value), i)
        if first != i:
            raise AxisError(
                name, f"{key}[{i}] repeats {key}[{first}]: both are {quoted(number_text(value))}"
            )
    return exact


def grid(name: str, low: int | Decimal, high: int | Decimal, step: int | Decimal) -> None:
    """Check that min, max and step of a grid fit together."""
    if low > high:
        raise AxisError(name, f"min {shown(low)} is above max {shown(high)}")
    if step <= 0:
        raise AxisError(name, f"step must be above 0, found {shown(step)}")
    if (Fraction(high) - Fraction(low)) / Fraction(step) >= LONGEST_AXIS:
        raise AxisError(name, "has more than 2**63 - 1 values; use a larger step")


MOST_LEVELS = 10_000
"""The most levels of a logarithmic axis: 4 digits have 9,000 values from one power of ten on."""


def log_scale(name: str, low: int | Decimal, high: int | Decimal, levels: object) -> None:
    """Check that min, max and levels of a logarithmic scale fit together."""
    if low <= 0:
        raise AxisError(name, f"min of a log scale must be above 0, found {shown(low)}")
    if low > high:
        raise AxisError(name, f"min {shown(low)} is above max {shown(high)}")
    if type(levels) is not int or levels not in range(2, MOST_LEVELS + 1):
        raise AxisError(
            name, f"levels must be a whole number from 2 to {MOST_LEVELS:,}, found {shown(levels)}"
        )


def rising(name: str, values: Sequence[int | Decimal]) -> None:
    """Check that ordered values increase: their order makes them neighbours."""
    for i in range(1, len(values)):
        if values[i] < values[i - 1]:
            raise AxisError(
                name,
                f"values must increase, but values[{i}] is {shown(values[i])} after "
                f"{shown(values[i - 1])}; for unordered values use choices",
            )


def unambiguous(name: str, values: Sequence[Value]) -> None:
    """Check that choices do not mix truth values with numbers: in Python, True equals 1."""
    if {"truth", "number"} <= {kind_of(value) for value in values}:
        raise AxisError(name, "choices cannot mix true or false with numbers")
