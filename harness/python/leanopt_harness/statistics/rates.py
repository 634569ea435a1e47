"""The risk-free rate, from LEAN's interest-rate file."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import fsum, isfinite
from pathlib import Path

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class InterestRates:
    """Yearly rates (fractions), each with the day from which it holds.

    `days` are days since 1970-01-01, increasing, and `rates` as many numbers. Before the first day
    its rate holds too, as in LEAN.
    """

    days: tuple[int, ...]
    rates: tuple[float, ...]

    def on(self, day: int) -> float:
        """Return the rate on `day` (days since 1970-01-01)."""
        return self.rates[max(0, bisect_right(self.days, day) - 1)]

    def mean(self, first: int, last: int) -> float:
        """Return the mean over the days from `first` to `last`, both included."""
        edges = [first, *(day for day in self.days if first < day <= last), last + 1]
        return fsum(self.on(a) * (b - a) for a, b in pairwise(edges)) / (last + 1 - first)


def load_interest_rate(path: str | Path) -> InterestRates:
    """Read LEAN's `alternative/interest-rate/usa/interest-rate.csv`: header, then `date,per cent`.

    Raises OSError if the file cannot be read, and ValueError with file and line for a line that is
    not a rate, or for a file without rates.
    """
    rates: dict[int, float] = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8-sig").splitlines(), start=1):
        if number > 1 and line.strip():
            try:
                day, rate = _parse(line)
            except ValueError:
                raise ValueError(
                    f"{path}, line {number}: expected YYYY-MM-DD,per cent, found {line!r}"
                ) from None
            rates[day] = rate
    if not rates:
        raise ValueError(f"{path}: no rates")
    days = tuple(sorted(rates))
    return InterestRates(days, tuple(rates[day] for day in days))


def _parse(line: str) -> tuple[int, float]:
    day, percent = line.split(",")[:2]
    rate = float(percent) / 100
    if not isfinite(rate):
        raise ValueError(percent)
    return date.fromisoformat(day.strip()).toordinal() - _EPOCH, rate
