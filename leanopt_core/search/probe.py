"""A few real backtests, to know what one takes; nothing of them is kept."""

from __future__ import annotations

from collections import deque
from itertools import cycle, islice

from attrs import frozen

from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.prepare import Prepared
from leanopt_core.work import Backtest, Failure, Request


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
    waiting = deque(enumerate(_requests(ready, count)))
    finished: list[Finished[int]] = []
    with Pool[int](
        ready.executor,
        ready.build.launch,
        workers=workers,
        time_limit=settings.time_limit,
        memory_limit=settings.memory_limit,
        retries=settings.retries,
    ) as pool:
        total = len(waiting)
        while len(finished) < total:
            while waiting and pool.room():
                pool.submit(*waiting.popleft())
            finished += pool.wait()
    outcomes = [(one, _failure(ready, one)) for one in finished]
    return Probe(
        _warm([one for one, failure in outcomes if failure is None]),
        tuple(failure for _, failure in outcomes if failure is not None),
    )


def _requests(ready: Prepared, count: int) -> list[Request]:
    points = islice(ready.plan.space.sample(ready.plan.seed), count)
    scenarios = cycle(ready.plan.scenarios)
    return [
        ready.engine.request(
            Backtest("", ready.plan.space.values(point), scenario), frozenset({"equity"})
        )
        for point, scenario in zip(points, scenarios, strict=False)
    ]


def _failure(ready: Prepared, finished: Finished[int]) -> Failure | None:
    if finished.answer is None:
        return finished.failure
    return ready.engine.read(finished.answer).failure


def _warm(finished: list[Finished[int]]) -> tuple[float, ...]:
    """Return the run times, without those of workers' first backtests where others are left."""
    seen: set[int] = set()
    later = []
    for one in finished:
        if one.worker in seen:
            later.append(one.seconds)
        seen.add(one.worker)
    return tuple(later or [one.seconds for one in finished])
