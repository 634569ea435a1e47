"""Report what a pipeline would do: its space, budget, expected time and warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from math import log, sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Any, Final

from attrs import field, frozen

from leanopt_core.canonical import canonical_json
from leanopt_core.executors.base import unasked_memory
from leanopt_core.pipeline import Pipeline, SearchPlan, execution
from leanopt_core.pipeline.tables import PruneTable
from leanopt_core.project_files import STORE
from leanopt_core.report.asks import rates_document, slower, stage_rates
from leanopt_core.report.figures import counted
from leanopt_core.search import asks
from leanopt_core.search.advice import Size, advice
from leanopt_core.search.commands import least
from leanopt_core.search.most_trials import stages_trials
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.setup import bounds, budget
from leanopt_core.search.unstored import probe as probe_now
from leanopt_core.shown import shortened
from leanopt_core.store.store import open_to_look
from leanopt_core.work import Failure

#: Simulating more trials changes only the third digit.
_MOST: Final = 5_000
_SEED: Final = 5
#: The most scenarios that a line names.
_NAMED: Final = 10
#: The most searches that a plan lists.
_SHOWN: Final = 20


@frozen
class Times:
    """Run time of a backtest: mean in seconds, coefficient of variation, and the source."""

    mean: float
    variation: float
    source: str


@frozen
class Estimate:
    """Expected seconds of a search (None without a budget), and the workers' utilisation."""

    seconds: float | None
    busy: float


def earlier(pipeline: Pipeline, plan: SearchPlan) -> Times | None:
    """Return the run times of this strategy's backtests, preferably under the same scenarios."""
    path = pipeline.folder / STORE
    if not path.is_file():
        return None
    definitions = [canonical_json(scenario.to_dict()) for scenario in plan.scenarios]
    with open_to_look(path) as store:
        seconds = store.reader.run_times(pipeline.strategy_id, definitions)
        if seconds:
            return measured(seconds, f"{len(seconds):,} earlier backtests")
        seconds = store.reader.run_times(pipeline.strategy_id)
        return measured(seconds, f"{len(seconds):,} earlier backtests under other scenarios")


def measured(seconds: Sequence[float], source: str) -> Times | None:
    """Return the times of these backtests, None if there are none."""
    mean = fmean(seconds) if seconds else 0.0
    return Times(mean, pstdev(seconds) / mean, source) if mean > 0 else None


def estimate(
    times: Times, *, workers: int, lookahead: int, trials: int | None, backtests: int | None
) -> Estimate:
    """Return the expected time of a search, assuming no cache hits."""
    busy = utilisation(workers, lookahead, times.variation, trials)
    seconds = None if backtests is None else backtests * times.mean / (workers * busy)
    return Estimate(seconds, busy)


def utilisation(workers: int, lookahead: int, variation: float, trials: int | None = None) -> float:
    """Return the fraction of worker time spent on backtests, 0 to 1.

    Run times are simulated as lognormal with the coefficient of variation `variation`. `trials` is
    the budget, None without one; workers idle at its end.
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
    """Return run times of mean 1, the same on every call."""
    if variation <= 0:
        return [1.0] * count
    random, sigma = Random(_SEED), sqrt(log(1 + variation * variation))  # noqa: S311 - no secret
    return [random.lognormvariate(-sigma * sigma / 2, sigma) for _ in range(count)]


@frozen
class Measured:
    """What is known of a backtest before the run.

    `times` is its run time, None if unknown. `sizes` are the bytes that the store takes for what it
    has besides statistics, by name, as far as they are known. `failures` are those of probes,
    `probed` is the number of probes, None without any.
    """

    times: Times | None
    sizes: Mapping[str, float] = field(factory=dict)
    failures: tuple[Failure, ...] = ()
    probed: int | None = None


@frozen
class PlanReport:
    """A plan and its expected cost."""

    ready: Prepared
    size: Size
    workers: int
    measured: Measured

    @property
    def times(self) -> Times | None:
        """Return the run time of a backtest, None if it is unknown."""
        return self.measured.times

    @property
    def needs(self) -> frozenset[str]:
        """Return what the fitness function needs besides statistics."""
        return self.ready.pipeline.outputs.needs

    @property
    def bytes_each(self) -> float | None:
        """Return the bytes of a backtest that the store takes for that; None if unknown."""
        known = self.measured.sizes
        return sum(known[need] for need in self.needs) if self.needs <= known.keys() else None

    @property
    def estimate(self) -> Estimate | None:
        """Return the expected time, None if no run time is known.

        A method whose asks take longer than the backtests makes it longer.
        """
        if (found := self._workers_alone) is None:
            return None
        factor = slower(self.ready.pipeline.stages, self.rates)
        seconds = None if found.seconds is None else found.seconds * factor
        return Estimate(seconds, found.busy / factor)

    @cached_property
    def rates(self) -> Mapping[int, asks.Rates]:
        """Return asks a second by the index of a stage, of those that say what their asks cost.

        Empty if no run time is known.
        """
        if self.times is None or (alone := self._workers_alone) is None:
            return {}
        each = fmean(len(search.scenarios) for search in self.ready.plan.searches)
        wanted = self.workers * alone.busy / (self.times.mean * each)
        plan = self.ready.plan
        return stage_rates(self.ready.pipeline.stages, wanted, self.trials, plan.lookahead)

    @cached_property
    def _workers_alone(self) -> Estimate | None:
        """Return the expected time if asks took none, None if no run time is known."""
        if self.times is None:
            return None
        return estimate(
            self.times,
            workers=self.workers,
            lookahead=self.ready.plan.most_ahead,
            trials=None if self.trials is None else self.trials * len(self.ready.plan.searches),
            backtests=None if self.backtests is None else self.backtests + self.tests,
        )

    @property
    def trials(self) -> int | None:
        """Return the most trials of a search, None if a stage has neither budget nor bound."""
        plan, stages = self.ready.plan, self.ready.pipeline.stages
        limit = budget(plan, max(search.most_backtests for search in plan.searches))
        points = self.size.value if self.size.exact else None
        return least(stages_trials(stages), None if limit is None else limit.trials, points)

    @property
    def backtests(self) -> int | None:
        """Return the most backtests of all searches, None if their number is unlimited."""
        if self.trials is None:
            return None
        return sum(self.trials * search.most_backtests for search in self.ready.plan.searches)

    @property
    def tests(self) -> int:
        """Return the most tests of all searches; each is a backtest of a chosen trial."""
        plan, trials = self.ready.plan, self.trials
        tested = plan.choose.tested if trials is None else min(plan.choose.tested, trials)
        return tested * sum(len(search.tests) for search in plan.searches)

    @property
    def unasked_memory(self) -> int | None:
        """Return the default memory limit of a worker in bytes, None if there is none."""
        if self.ready.pipeline.executor.memory_limit is not None:
            return None
        return unasked_memory(self.ready.executor, self.ready.build.launch)

    @property
    def warnings(self) -> list[str]:
        """Return warnings about the plan."""
        trials = stages_trials(self.ready.pipeline.stages)
        ready = self.ready
        said = [*ready.pipeline.notes, *ready.build.notes, *ready.refusals]
        if self.size.warning:
            said.append(self.size.warning)
        if trials is not None and self.size.exact and trials > self.size.value:
            said.append(
                f"the stages have {counted(trials, 'trial')}, but the space has only "
                f"{counted(self.size.value, 'point')}: the search ends when all are tried"
            )
        if advised := advice(ready.plan.most_ahead, self.workers, ready.plan.steps):
            said.append(advised)
        for at, rates in self.rates.items():
            if advised := asks.advice(ready.pipeline.stages, at, rates, self.workers):
                said.append(advised)
        if failures := self.measured.failures:
            first = failures[0]
            said.append(
                f"failed backtests of the probe: {len(failures)}; the first with "
                f"{first.category}: {first.message}"
            )
        return said


def prune_line(ready: Prepared) -> str | None:
    """Return when a trial does without its other scenarios, None if it never does."""
    plan = ready.plan
    if plan.prune.use == "none":
        return None
    if plan.prune.use == "halving":
        return _halving_line(plan, ready.pipeline.prune)
    each, worst = bounds(ready.pipeline)
    decided = "fails or is not feasible" if each else "fails or breaks a constraint"
    if worst:
        best = f"is not better than the best trial (the first {plan.lookahead} have none to beat)"
        decided = decided.replace(" or ", ", ") + f", or {best}"
        return f"prune: a trial ends at the scenario where it {decided}"
    more = '; with aggregate = "worst", also where it is not better than the best' * each
    return f"prune: a trial ends at the scenario where it {decided}{more}"


def _halving_line(plan: SearchPlan, prune: PruneTable) -> str:
    """Return what judges a trial at each step, in the search with the most steps."""
    *steps, last = max((search.rungs for search in plan.searches), key=len)
    if prune.lengths:
        judged = f"its last {', '.join(map(str, prune.lengths))}, then all days"
    else:
        counts = ", ".join(f"{len(rung):,}" for rung in steps)
        judged = f"{counts}, then all {len(last):,} scenarios"
    return (
        f"prune: a trial is judged by {judged}; the best 1/{plan.prune.reduction} "
        f"of a step go on (the first {plan.lookahead} have no rivals)"
    )


def objectives_line(plan: SearchPlan) -> str | None:
    """Return what several objectives are and what ranks trials by them, None for a single one."""
    if not plan.objectives:
        return None
    names = ", ".join(one.name for one in plan.objectives)
    return f"objectives: {names}; trials are ranked by {plan.scalar or plan.objectives[0].name}"


def choose_line(plan: SearchPlan) -> str | None:
    """Return which trial of a search is chosen, None if that is the best one."""
    rule = plan.choose
    if rule.use == "best":
        return None
    if rule.use == "front":
        return f"choose: up to {counted(rule.tested, 'trial')} of the Pareto front"
    within = counted(rule.radius, "step")
    return f"choose: by plateau, the {rule.statistic} of a trial and its neighbours within {within}"


def searches_line(ready: Prepared) -> str | None:
    """Return how many searches a plan has and why, None if it has only one."""
    pipeline, count = ready.pipeline, len(ready.plan.searches)
    each = [
        *(["symbol"] if pipeline.separate else []),
        *([pipeline.split.each] if pipeline.split else []),
    ]
    split = f" ({pipeline.split})" if pipeline.split else ""
    return f"{counted(count, 'search')}, one for each {' and '.join(each)}{split}" if each else None


def window_rows(plan: SearchPlan) -> list[tuple[str, ...]]:
    """Return number, name and tests of each search that has tests, of many the first ones."""
    rows: list[tuple[str, ...]] = [
        (str(search.number), shortened(search.name), _listed(search.tests))
        for search in plan.searches[:_SHOWN]
        if search.tests
    ]
    more = len(plan.searches) - _SHOWN
    return [*rows, ("...", f"{more:,} more", "")] if rows and more > 0 else rows


def data_lines(ready: Prepared) -> list[str]:
    """Return which data counts, one line for each group of scenarios that read alike."""
    groups: dict[str, list[str]] = {}
    for name, one in ready.data.items():
        all_counts = "every file counts" + (f": {one.why}" if one.why else "")
        said = all_counts if one.files is None else counted(one.files, "file")
        groups.setdefault(said, []).append(name)
    if len(groups) == 1:
        return list(groups)
    return [f"{said} ({_listed(names)})" for said, names in groups.items()]


def _listed(names: Sequence[str]) -> str:
    """Return the first few of these names."""
    more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return ", ".join([*map(shortened, names[:_NAMED]), *more])


def measure(ready: Prepared, probed: int | None, workers: int) -> Measured:
    """Return what is known of a backtest, from the store or from as many probes as wanted."""
    if probed is None:
        return Measured(earlier(ready.pipeline, ready.plan), _earlier_sizes(ready.pipeline))
    found = probe_now(ready, probed, workers)
    seconds = measured(found.seconds, f"{len(found.seconds):,} run now")
    return Measured(seconds, found.sizes, found.failures, probed)


def _earlier_sizes(pipeline: Pipeline) -> Mapping[str, float]:
    path = pipeline.folder / STORE
    if not path.is_file():
        return {}
    with open_to_look(path) as store:
        return store.reader.output_sizes(pipeline.strategy_id, pipeline.outputs.stored)


def document(report: PlanReport) -> dict[str, Any]:
    """Return the report as JSON values."""
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
        "trials": report.trials,
        "backtests": report.backtests,
        "tests": report.tests,
        "time": None
        if times is None or expected is None
        else {
            "backtest_seconds": times.mean,
            "variation": times.variation,
            "source": times.source,
            "utilisation": expected.busy,
            "seconds": expected.seconds,
            "asks": rates_document(ready.pipeline.stages, report.rates),
        },
        "data": {
            name: {"files": one.files, "why": one.why or None} for name, one in ready.data.items()
        },
        "needs": sorted(report.needs),
        "stored_bytes": dict(report.measured.sizes),
        "warnings": report.warnings,
    }
