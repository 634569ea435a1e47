"""What a strategy hands in, checked: finite numbers, as many as there are times, fills in order."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leanopt_harness.values import Fill


def finite(name: str, value: float) -> float:
    """Return `value` as a float; raise ValueError, with its `name`, where it is not finite."""
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{name} is {number}, not a finite number")
    return number


def finite_series(name: str, values: Sequence[float], length: int) -> list[float]:
    """Return `values` as floats; raise ValueError for another length or one that is not finite."""
    numbers = list(map(float, values))
    if len(numbers) != length:
        raise ValueError(f"{name} has {len(numbers)} values, the curve {length} times")
    if not isfinite(sum(numbers)):
        for i, number in enumerate(numbers):
            finite(f"{name}[{i}]", number)
        raise ValueError(f"{name} is too large to add up")
    return numbers


def ordered_fills(fills: Sequence[Fill]) -> Sequence[Fill]:
    """Return `fills`; raise ValueError for one that trades nothing, is not finite, or goes back."""
    before: int | None = None
    for i, fill in enumerate(fills):
        if not isfinite(fill.quantity * fill.price * fill.fee) or fill.quantity == 0:
            raise ValueError(f"fills[{i}] needs finite numbers and a quantity other than 0: {fill}")
        if before is not None and fill.time < before:
            raise ValueError(f"fills must be in order of time: fills[{i}] is earlier than the last")
        before = fill.time
    return fills
