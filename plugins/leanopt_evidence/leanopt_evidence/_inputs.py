"""Arrays from callers, checked; values that can be unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A spread of at most this share of the largest value is rounding.
ROUNDING = 1e-12
FEWEST = 2


@frozen
class Estimate:
    """A number, or None with the reason."""

    value: float | None
    reason: str | None = None


def series(values: npt.ArrayLike) -> Floats:
    """Return returns as an array of n periods; raises ValueError for NaN, infinity or a shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"expected one value a period, found an array of shape {array.shape}")
    _check_finite(array)
    return array


def matrix(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return values as periods x columns, float32 as it is; raises ValueError like `series`."""
    array = np.asarray(values)
    if array.ndim != FEWEST:
        raise ValueError(f"expected periods x columns, found an array of shape {array.shape}")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    _check_finite(array)
    return array


def finite(name: str, value: float) -> float:
    """Return a number; raises ValueError for NaN and infinity."""
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value}: expected a finite number")
    return float(value)


def constant(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which columns of periods x columns do not vary, beyond rounding."""
    highest, lowest = values.max(axis=0), values.min(axis=0)
    largest = np.maximum(np.abs(highest), np.abs(lowest))
    found: npt.NDArray[np.bool_] = highest - lowest <= ROUNDING * largest
    return found


def _check_finite(array: npt.NDArray[Any]) -> None:
    # A sum is finite where all values are, and needs no array of its own.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise ValueError(f"value [{place}] is {array[tuple(wrong[0])]}: expected finite numbers")
