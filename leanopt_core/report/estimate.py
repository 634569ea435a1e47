"""How long a search would take: from earlier backtests of its strategy, or from a few run now."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import log, sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Final

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.pipeline import Pipeline, SearchPlan
from leanopt_core.places import STORE
from leanopt_core.store.store import open_store

#: With more trials the share changes in the third digit.
_MOST: Final = 5_000
_SEED: Final = 5


@frozen
class Times:
    """What a backtest takes: mean in seconds, standard deviation over mean; how that is known."""

    mean: float
    variation: float
    source: str


@frozen
class Estimate:
    """What a search would take in seconds (None without a budget), with its workers so busy."""

    seconds: float | None
    busy: float


def earlier(pipeline: Pipeline, plan: SearchPlan) -> Times | None:
    """Return what backtests of this strategy took, under these scenarios where there are any."""
    path = pipeline.folder / STORE
    if not path.is_file():
        return None
    definitions = [canonical_json(scenario.to_dict()) for scenario in plan.scenarios]
    with open_store(path, create=False) as store:
        seconds = store.reader.run_times(pipeline.strategy_id, definitions)
        if seconds:
            return measured(seconds, f"{len(seconds):,} earlier ones")
        seconds = store.reader.run_times(pipeline.strategy_id)
        return measured(seconds, f"{len(seconds):,} earlier ones under other scenarios")


def measured(seconds: Sequence[float], source: str) -> Times | None:
    """Return the times of these backtests, None for none."""
    mean = fmean(seconds) if seconds else 0.0
    return Times(mean, pstdev(seconds) / mean, source) if mean > 0 else None


def estimate(
    times: Times, *, workers: int, lookahead: int, trials: int | None, backtests: int | None
) -> Estimate:
    """Return what a search of so many trials and backtests would take, if none is in the store."""
    busy = utilisation(workers, lookahead, times.variation, trials)
    seconds = None if backtests is None else backtests * times.mean / (workers * busy)
    return Estimate(seconds, busy)


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
