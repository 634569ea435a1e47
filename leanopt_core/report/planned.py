"""What a pipeline would do: its space, budget, time and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import log, sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Any, Final

from attrs import frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.executors.base import unasked_memory
from leanopt_core.pipeline import Pipeline, SearchPlan, execution
from leanopt_core.project_files import STORE
from leanopt_core.search.advice import Size, advice
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.unstored import probe as probe_now
from leanopt_core.store.store import open_store
from leanopt_core.work import Failure

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


@frozen
class PlanReport:
    """A plan, and what it would cost."""

    ready: Prepared
    size: Size
    workers: int
    times: Times | None
    failures: tuple[Failure, ...]

    @property
    def estimate(self) -> Estimate | None:
        """Return how long it would take, None where no backtest's time is known."""
        if self.times is None:
            return None
        return estimate(
            self.times,
            workers=self.workers,
            lookahead=self.ready.plan.lookahead,
            trials=_budget(self.ready.pipeline),
            backtests=backtests(self.ready),
        )

    @property
    def unasked_memory(self) -> int | None:
        """Return the bytes that a worker may hold where the user sets no limit, None for all."""
        if self.ready.pipeline.executor.memory_limit is not None:
            return None
        return unasked_memory(self.ready.executor, self.ready.build.launch)

    @property
    def warnings(self) -> list[str]:
        """Return what to know before it is run."""
        trials, said = _budget(self.ready.pipeline), [*self.ready.build.notes]
        if self.size.warning:
            said.append(self.size.warning)
        if trials is not None and self.size.exact and trials > self.size.value:
            said.append(
                f"the stages have {trials:,} trials, and there are {self.size.value:,} points: "
                "they end when every point has been tried"
            )
        if advised := advice(self.ready.plan.lookahead, self.workers):
            said.append(advised)
        if self.failures:
            first = self.failures[0]
            said.append(
                f"backtests of the probe that failed: {len(self.failures)}, the first by "
                f"{first.category}: {first.message}"
            )
        return said


def times(
    ready: Prepared, probed: int | None, workers: int
) -> tuple[Times | None, tuple[Failure, ...]]:
    """Return what a backtest takes, where that is known, and how probes failed."""
    if probed is None:
        return earlier(ready.pipeline, ready.plan), ()
    found = probe_now(ready, probed, workers)
    return measured(found.seconds, f"{len(found.seconds):,} run just now"), found.failures


def document(report: PlanReport) -> dict[str, Any]:
    """Return it as JSON values."""
    ready, size, times, expected = report.ready, report.size, report.times, report.estimate
    return {
        "hash": ready.plan.hash,
        "plan": ready.plan.to_dict(),
        "execution": {**execution(ready.pipeline).to_dict(), "workers": report.workers},
        "space": {
            "grid": ready.plan.space.grid_size,
            "feasible": size.value,
            "exact": size.exact,
        },
        "trials": _budget(ready.pipeline),
        "backtests": backtests(ready),
        "time": None
        if times is None or expected is None
        else {
            "backtest_seconds": times.mean,
            "variation": times.variation,
            "source": times.source,
            "utilisation": expected.busy,
            "seconds": expected.seconds,
        },
        "warnings": report.warnings,
    }


def _budget(pipeline: Pipeline) -> int | None:
    """Return the most trials of a search, None where a stage has no budget."""
    trials = [stage.trials for stage in pipeline.stages]
    return None if None in trials else sum(one for one in trials if one is not None)


def backtests(ready: Prepared) -> int | None:
    """Return the most backtests of all searches, None where a stage has no budget."""
    trials = _budget(ready.pipeline)
    if trials is None:
        return None
    return sum(trials * len(search.scenarios) for search in ready.plan.searches)
