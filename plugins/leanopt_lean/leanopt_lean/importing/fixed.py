"""Parameters that are fixed, not searched."""

from __future__ import annotations

from decimal import Decimal

from leanopt_core.api import number_text
from leanopt_lean.importing.draft import At, Draft
from leanopt_lean.importing.table import Number, exact


def fixed_value(value: object) -> Number | str | None:
    """Return a fixed parameter as pipelines write it, None if it is not a valid value.

    The strategy must receive the same text: a string becomes a number only if that prints the same.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        number = exact(value)
        return number if number is not None and number_text(number) == value else value
    return exact(value) if isinstance(value, int | Decimal) else None


def put_fixed(name: str, value: object, at: At, draft: Draft) -> None:
    """Set a parameter that is not searched."""
    fixed = fixed_value(value)
    if fixed is None:
        draft.mistake(at, value, "expected a number, a string, true or false")
    else:
        draft.put("parameters", name, fixed, at, "fixed")
