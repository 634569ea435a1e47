"""How values are spread: quartiles of those that are known."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, median, quantiles

from attrs import frozen


@frozen
class Distribution:
    """The values that there are: number, least, quartiles, most and mean; None without values."""

    count: int
    least: float | None = None
    lower: float | None = None
    median: float | None = None
    upper: float | None = None
    most: float | None = None
    mean: float | None = None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Distribution:
        """Return the distribution of the values that are known; quartiles are interpolated."""
        known = sorted(value for value in values if value is not None)
        if not known:
            return cls(0)
        lower, _, upper = quantiles(known, n=4, method="inclusive") if known[1:] else known * 3
        middle, mean = median(known), fmean(known)
        return cls(len(known), known[0], lower, middle, upper, known[-1], mean)

    @property
    def five(self) -> tuple[float | None, ...]:
        """Return the least, the quartiles and the most."""
        return self.least, self.lower, self.median, self.upper, self.most
