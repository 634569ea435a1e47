"""A few real backtests, to know what one takes; nothing of them is kept."""

from __future__ import annotations

from itertools import cycle, islice

from attrs import frozen

from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.aside import run_aside
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.readers import read
from leanopt_core.work import Backtest, Failure

_OUTPUTS = frozenset({"equity"})


@frozen
class Probe:
    """What the backtests took, in seconds, without each worker's first where others are left."""

    seconds: tuple[float, ...]
    failures: tuple[Failure, ...]


def probe(ready: Prepared, count: int, workers: int) -> Probe:
    """Run `count` backtests of points drawn at random, under each scenario in turn.

    Raises StrategyError where the strategy cannot run, ExecutorError where no worker can be had.
    """
    settings = ready.pipeline.executor
    backtests = _backtests(ready, count)
    finished: list[Finished[int]] = []
    failures: dict[int, Failure | None] = {}
    with Pool[int](
        ready.executor,
        ready.build.launch,
        workers=workers,
        time_limit=settings.time_limit,
        memory_limit=settings.memory_limit,
        retries=settings.retries,
        start_patience=settings.start_patience,
    ) as pool:
        for one in run_aside(backtests, workers=pool, engine=ready.engine, outputs=_OUTPUTS):
            finished.append(one)
            failures[one.ticket] = _failure(ready, one, backtests[one.ticket])
    return Probe(
        _warm([one for one in finished if failures[one.ticket] is None]),
        tuple(failure for failure in failures.values() if failure is not None),
    )


def _backtests(ready: Prepared, count: int) -> list[Backtest]:
    points = islice(ready.plan.space.sample(ready.plan.seed), count)
    scenarios = cycle(ready.plan.scenarios)
    return [
        Backtest("", ready.plan.space.values(point), scenario)
        for point, scenario in zip(points, scenarios, strict=False)
    ]


def _failure(ready: Prepared, finished: Finished[int], backtest: Backtest) -> Failure | None:
    if finished.answer is None:
        return finished.failure
    return read(ready.engine, finished.answer, backtest, _OUTPUTS).failure


def _warm(finished: list[Finished[int]]) -> tuple[float, ...]:
    """Return the run times, without those of workers' first backtests where others are left."""
    seen: set[int] = set()
    later = []
    for one in finished:
        if one.worker in seen:
            later.append(one.seconds)
        seen.add(one.worker)
    return tuple(later or [one.seconds for one in finished])
