"""How long a search would take: from earlier backtests of its strategy, or from a few run now."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.pipeline import Pipeline, SearchPlan
from leanopt_core.places import STORE
from leanopt_core.search.utilisation import utilisation
from leanopt_core.store.store import open_store


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
