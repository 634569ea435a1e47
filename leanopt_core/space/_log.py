"""Values on a logarithmic scale: exact numbers, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise

from leanopt_core.space._numbers import DIGITS

_SIGNIFICANT = 4
"""Digits of the values between the ends."""
_PRECISION = 2 * DIGITS
"""Digits of the arithmetic: as many as the longest number has."""


def log_values(low: int | Decimal, high: int | Decimal, levels: int) -> list[int | Decimal]:
    """Return the values from `low` to `high` whose logarithms are evenly spaced, each once.

    The ends stay as they are; values between are rounded to 4 significant digits, and to whole
    numbers if both ends are ints. So there can be fewer than `levels`.
    """
    whole = isinstance(low, int) and isinstance(high, int)
    inner = (_rounded(exact, whole=whole) for exact in _between(low, high, levels))
    inside = [low, *(value for value in inner if low < value < high), high]
    rising = [*(one for one, after in pairwise(inside) if one < after), high]
    return [int(value) if whole else value for value in rising]


def _between(low: int | Decimal, high: int | Decimal, levels: int) -> Iterator[Decimal]:
    """Yield the numbers between the ends, without rounding to speak of."""
    # `ln` and `exp` of decimals are correctly rounded, unlike those of floats, which differ
    # between C libraries.
    context = Context(prec=_PRECISION, rounding=ROUND_HALF_EVEN, traps=[])
    first, last = context.ln(Decimal(low)), context.ln(Decimal(high))
    span = context.subtract(last, first)
    for place in range(1, levels - 1):
        part = context.divide(context.multiply(span, Decimal(place)), Decimal(levels - 1))
        yield context.exp(context.add(first, part))


def _rounded(exact: Decimal, *, whole: bool) -> Decimal:
    places = 0 if whole else DIGITS
    digits = max(1, min(_SIGNIFICANT, exact.adjusted() + 1 + places))
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, traps=[]).plus(exact)
