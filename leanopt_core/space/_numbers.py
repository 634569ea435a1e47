"""Exact numbers: integers and decimals of bounded length, independent of the decimal context.

A decimal is held as whole `units` of 10**-places. Decimals are made from text, never by Decimal
arithmetic, which rounds to the context's precision.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias

Value: TypeAlias = int | Decimal | str | bool
"""The value of a parameter."""

Kind: TypeAlias = Literal["number", "text", "truth"]

DIGITS = 30
"""Maximum number of digits before and after the decimal point: limits the cost of huge numbers."""

_WRITTEN = 200
_LARGEST = 10**DIGITS
TOO_LONG = f"has more than {DIGITS} digits before or after the decimal point"


def kind_of(value: object) -> Kind:
    """Return the kind of `value`: number, text or truth; raises TypeError for anything else."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "text"
    raise TypeError(f"{type(value).__name__} is not an exact value")


def units_of(number: int | Decimal) -> tuple[int, int]:
    """Return (units, places) with the fewest places: number = units / 10**places.

    Raises ValueError, with the reason, if the number is not finite or too long.
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
    """Return `number`, which has at most `places` places, in units of 10**-places."""
    units, own = units_of(number)
    return int(units * 10 ** (places - own))


# A search uses the same few levels of its axes again and again.
@lru_cache(maxsize=4096)
def decimal_of(units: int, places: int) -> Decimal:
    """Return units / 10**places as the exact Decimal without trailing zeros."""
    units, places = _shortest(units, places)
    return Decimal(f"{units}E-{places}")


def number_text(value: Value) -> str:
    """Return the canonical text of `value`, as engines receive it.

    Decimals have no exponent and no trailing zeros (`0.1`), truth values are `true` and `false`,
    text is unchanged. Raises ValueError for a number that is not finite or too long.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _written(value) or format(decimal_of(*units_of(value)), "f")
    return value if isinstance(value, str) else str(_bounded(value, 0)[0])


def _written(value: Decimal) -> str:
    """Return the text of a Decimal that is already canonical, else an empty text.

    Most are, and this is ten times faster than taking one apart.
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
    if places > DIGITS or abs(units) >= _LARGEST * 10**places:
        raise ValueError(TOO_LONG)
    return units, places
