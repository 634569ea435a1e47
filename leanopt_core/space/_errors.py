"""What can be wrong with an axis and with a constraint between parameters."""

from __future__ import annotations

from decimal import Decimal

from leanopt_core.errors import SpaceError
from leanopt_core.space._numbers import number_text

_SHOWN = 80


def cut(text: str) -> str:
    """Return `text` cut so that a hostile one does not fill the screen."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def quoted(text: str) -> str:
    """Return `text` in quotes, escaped and cut."""
    return repr(cut(text))


def shown(value: object) -> str:
    """Return what was found as a message shows it: `5`, `0.1`, `true`, `'text'`, `float 0.1`."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int | Decimal):
        try:
            return number_text(value)
        except ValueError:
            return type(value).__name__
    return f"{type(value).__name__} {value}"[:_SHOWN]


class AxisError(SpaceError):
    """A parameter's axis or fixed value makes no sense; holds `name` and `problem` apart."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        """Return the message with the parameter's name."""
        return f"parameter {quoted(self.name)}: {self.problem}"


class ConstraintError(SpaceError):
    """A constraint's text cannot be used.

    Holds the `text`, the `column` in it (from 1), the `message`, and a `hint` that may be empty.
    """

    def __init__(self, text: str, column: int, message: str, hint: str = "") -> None:
        super().__init__(text, column, message, hint)
        self.text = text
        self.column = column
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return text, column, message and hint as one line."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"constraint {quoted(self.text)}, column {self.column}: {self.message}{hint}"
