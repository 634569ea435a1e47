"""What a pipeline would do: its space, budget, time and warnings."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from leanopt_core.executors.base import unasked_memory
from leanopt_core.pipeline import Pipeline, execution
from leanopt_core.report.estimate import Estimate, Times, earlier, estimate, measured
from leanopt_core.search.advice import advice
from leanopt_core.search.feasible import Size
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.probe import probe as probe_now
from leanopt_core.work import Failure


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
