"""Moments of a series of daily returns that is zero on all days that are not given."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, fsum, isfinite, sqrt
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Moments:
    """Count, mean, and sums of the 2nd, 3rd and 4th powers of the distances from the mean."""

    count: int
    mean: float
    second: float
    third: float
    fourth: float

    @classmethod
    def of(cls, values: Sequence[float], zeros: int = 0) -> Moments:
        """Return the moments of `values` and so many `zeros` (together at least one)."""
        count = len(values) + zeros
        mean = fsum(values) / count
        distances = [value - mean for value in values]
        squares = [distance * distance for distance in distances]
        square = mean * mean
        return cls(
            count=count,
            mean=mean,
            second=fsum(squares) + zeros * square,
            third=fsum(map(mul, squares, distances)) - zeros * square * mean,
            fourth=fsum(map(mul, squares, squares)) + zeros * square * square,
        )

    @property
    def variance(self) -> float | None:
        """Sample variance (divided by one less than the count); None below two values.

        For equal values it is 0, despite rounding errors.
        """
        if self.count < 2:  # noqa: PLR2004
            return None
        constant = self.second <= 1e-24 * self.count * self.mean * self.mean
        return 0.0 if constant else self.second / (self.count - 1)

    @property
    def skewness(self) -> float | None:
        """Unbiased skewness (G1) as MathNet's; None below three or without variance."""
        n, variance = self.count, self.variance
        if n < 3 or not variance:  # noqa: PLR2004
            return None
        return n * self.third / ((n - 1) * (n - 2) * variance * sqrt(variance))

    @property
    def kurtosis(self) -> float | None:
        """Unbiased excess kurtosis (G2) as MathNet's; None below four or without variance."""
        n = self.count
        if n < 4 or not self.variance:  # noqa: PLR2004
            return None
        scaled = n * self.fourth / (self.second * self.second) - 3 + 6 / (n + 1)
        return (n * n - 1) / ((n - 2) * (n - 3)) * scaled


def power(base: float, exponent: float) -> float | None:
    """Return `base ** exponent`, or None if that is not a finite real number."""
    if base < 0 or (base == 0 and exponent < 0):
        return None
    try:
        value = base**exponent
    except OverflowError:
        return None
    return value if isfinite(value) else None


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Return the quotient; None if a part is unknown, the divisor 0, or it overflows."""
    if numerator is None or not denominator:
        return None
    value = numerator / denominator
    return value if isfinite(value) else None


def probabilistic_sharpe(moments: Moments, target: float, risk_free: float) -> float | None:
    """Return LEAN's probability that the Sharpe ratio per sample exceeds `target`.

    `risk_free` is per sample. Bailey and Lopez de Prado (2012), but with excess kurtosis where the
    paper has the raw one, as LEAN. None if a moment is unknown.
    """
    variance, skewness, kurtosis = moments.variance, moments.skewness, moments.kurtosis
    if not variance or skewness is None or kurtosis is None:
        return None
    sharpe = (moments.mean - risk_free) / sqrt(variance)
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe
    if spread <= 0:
        return None
    z = (sharpe - target) * sqrt((moments.count - 1) / spread)
    return erfc(-z / sqrt(2)) / 2
