"""How busy workers are at a lookahead, by simulation: trials are told in their order."""

from __future__ import annotations

from heapq import heappop, heappush
from math import log, sqrt
from random import Random
from typing import Final

#: With more trials the share changes in the third digit.
_MOST: Final = 5_000
_SEED: Final = 5


def utilisation(workers: int, lookahead: int, variation: float, trials: int | None = None) -> float:
    """Return the share of the workers' time that is spent on backtests, 0 to 1.

    Run times are lognormal, `variation` is their standard deviation over their mean. `trials` is
    the budget, the end of which leaves workers idle; None for a search without end.
    """
    count = _MOST if trials is None else max(1, min(trials, _MOST))
    runs = _runs(variation, count)
    free = [0.0] * workers
    ends: list[float] = []
    told = 0.0
    for number, seconds in enumerate(runs):
        if number >= lookahead:
            told = max(told, ends[number - lookahead])
        end = max(told, heappop(free)) + seconds
        heappush(free, end)
        ends.append(end)
    return min(1.0, sum(runs) / (workers * max(ends)))


def _runs(variation: float, count: int) -> list[float]:
    """Return run times of mean 1, the same each time."""
    if variation <= 0:
        return [1.0] * count
    random, sigma = Random(_SEED), sqrt(log(1 + variation * variation))  # noqa: S311 - no secret
    return [random.lognormvariate(-sigma * sigma / 2, sigma) for _ in range(count)]
