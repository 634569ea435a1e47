"""Exact numbers: integers and decimals of bounded length, whatever the decimal context says.

A decimal is held as whole `units` of 10**-places. Decimals are made from text, never by Decimal's
own arithmetic: that one rounds to the context's precision.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias

Value: TypeAlias = int | Decimal | str | bool
"""What one parameter can be set to."""

Kind: TypeAlias = Literal["number", "text", "truth"]

DIGITS = 30
"""Most digits before the decimal point, and after it: bounds what hostile numbers can cost."""

_WRITTEN = 200
TOO_LONG = f"has more than {DIGITS} digits before or after the decimal point"


def kind_of(value: object) -> Kind:
    """Return whether `value` is a number, a text or a truth value; TypeError for anything else."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "text"
    raise TypeError(f"{type(value).__name__} is no exact value")


def units_of(number: int | Decimal) -> tuple[int, int]:
    """Return (units, places), places as few as possible: number = units / 10**places.

    Raises ValueError, saying why, where the number is not finite or too long.
    """
    if isinstance(number, int):
        return _bounded(number, 0)
    if not number.is_finite():
        raise ValueError("is not a finite number")
    if number == 0:
        return 0, 0
    sign, digits, exponent = number.as_tuple()
    if len(digits) > _WRITTEN or abs(number.adjusted()) > _WRITTEN:
        raise ValueError(TOO_LONG)
    units, places = int("".join(map(str, digits))), -int(exponent)
    if places < 0:
        units, places = units * 10**-places, 0
    units, places = _shortest(units, places)
    return _bounded(-units if sign else units, places)


def units_at(number: int | Decimal, places: int) -> int:
    """Return `number` in units of 10**-places, where it has no more places than that."""
    units, own = units_of(number)
    return int(units * 10 ** (places - own))


# A search comes back to the same few levels of its axes again and again.
@lru_cache(maxsize=4096)
def decimal_of(units: int, places: int) -> Decimal:
    """Return units / 10**places as the exact Decimal without trailing zeros."""
    units, places = _shortest(units, places)
    return Decimal(f"{units}E-{places}")


def number_text(value: Value) -> str:
    """Return the canonical text of `value`, as an engine is given it.

    Decimals have neither exponent nor trailing zeros (`0.1`), truth values are `true` and `false`,
    texts stay as they are. Raises ValueError for a number that is not finite or too long.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _written(value) or format(decimal_of(*units_of(value)), "f")
    return value if isinstance(value, str) else str(units_of(value)[0])


def _written(value: Decimal) -> str:
    """Return the text of a Decimal that is canonical as it is, else an empty one.

    Most are, and taking one apart costs ten times as much.
    """
    if abs(value.adjusted()) < DIGITS:
        text = format(value, "f")
        if len(text) <= DIGITS and (text.isdecimal() or ("." in text and text[-1] != "0")):
            return text
    return ""


def _shortest(units: int, places: int) -> tuple[int, int]:
    while places > 0 and units % 10 == 0:
        units, places = units // 10, places - 1
    return units, places


def _bounded(units: int, places: int) -> tuple[int, int]:
    if places > DIGITS or abs(units) >= 10 ** (DIGITS + places):
        raise ValueError(TOO_LONG)
    return units, places
