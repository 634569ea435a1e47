"""Run backtests outside a search: they are neither read from the cache nor stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from statistics import fmean

from attrs import field, frozen

from leanopt_core.engines.base import Engine
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.active import SearchSetup
from leanopt_core.search.artifacts import ArtifactKeeper, BacktestRef
from leanopt_core.search.differences import differences
from leanopt_core.search.pools import worker_pool
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.readers import read
from leanopt_core.space import Space
from leanopt_core.store.outputs import sizes
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun, StoredTrial
from leanopt_core.work import DOCUMENT, Backtest, Failure, Outcome, Scenario


def run_aside(
    backtests: Sequence[Backtest],
    *,
    workers: Pool[int],
    engine: Engine,
    outputs: frozenset[str],
    pause: Callable[[], float | None] = lambda: None,
) -> Iterator[Finished[int]]:
    """Yield each backtest as it finishes; its ticket is its index in `backtests`.

    `pause` is called before each wait for the workers: it returns the maximum wait in seconds, and
    may raise to stop.
    """
    waiting, unfinished = deque(enumerate(backtests)), len(backtests)
    while unfinished:
        while waiting and workers.room() and workers.hello is not None:
            ticket, backtest = waiting.popleft()
            workers.submit(ticket, engine.request(backtest, outputs, workers.hello))
        for finished in workers.wait(pause()):
            unfinished -= 1
            yield finished


@frozen
class Again:
    """A stored backtest to rerun, its outcome, and its fingerprint if that is stored."""

    ref: BacktestRef
    backtest: Backtest
    outcome: Outcome
    fingerprint: str | None = None


def again(
    search: int,
    trial: StoredTrial,
    space: Space,
    scenarios: Sequence[Scenario],
    outcomes: Mapping[int, Outcome] | None = None,
) -> Iterator[Again]:
    """Yield the stored backtests of a trial; `scenarios` are all those of its search.

    `outcomes` are by scenario index, by default those of the trial, which have statistics only.
    """
    parameters = space.values(space.point_at(trial.grid_index))
    for at, outcome in (trial.outcomes if outcomes is None else outcomes).items():
        ref = BacktestRef(search, trial.number, scenarios[at].name, at)
        fingerprint = trial.backtests[at].fingerprint
        yield Again(ref, Backtest("", parameters, scenarios[at]), outcome, fingerprint)


@frozen
class Probe:
    """Run times in seconds, without each worker's first backtest if there are others.

    `sizes` are the mean bytes that the store would take for what a backtest has besides statistics,
    by name; empty if none completed.
    """

    seconds: tuple[float, ...]
    failures: tuple[Failure, ...]
    sizes: Mapping[str, float] = field(factory=dict)


def probe(ready: Prepared, count: int, workers: int) -> Probe:
    """Run `count` backtests of random points, under each scenario in turn.

    Raises StrategyError if the strategy cannot run, ExecutorError if no worker can start.
    """
    backtests = _backtests(ready, count)
    outputs = ready.pipeline.outputs
    finished: list[Finished[int]] = []
    outcomes: dict[int, Outcome] = {}
    with worker_pool(ready, workers) as pool:
        for one in run_aside(backtests, workers=pool, engine=ready.engine, outputs=outputs.asked):
            finished.append(one)
            outcomes[one.ticket] = _outcome(ready, one, backtests[one.ticket])
    return Probe(
        _warm([one for one in finished if outcomes[one.ticket].failure is None]),
        tuple(one.failure for one in outcomes.values() if one.failure is not None),
        _mean_sizes([one for one in outcomes.values() if one.failure is None], outputs.stored),
    )


def _backtests(ready: Prepared, count: int) -> list[Backtest]:
    points = islice(ready.plan.space.sample(ready.plan.seed), count)
    scenarios = cycle(ready.plan.scenarios)
    return [
        Backtest("", ready.plan.space.values(point), scenario)
        for point, scenario in zip(points, scenarios, strict=False)
    ]


def _outcome(ready: Prepared, finished: Finished[int], backtest: Backtest) -> Outcome:
    if finished.answer is None:
        return Outcome(failure=finished.failure)
    return read(ready.engine, finished.answer, backtest, ready.pipeline.outputs.asked)


def _mean_sizes(outcomes: Sequence[Outcome], names: frozenset[str]) -> dict[str, float]:
    found = [sizes(outcome, names) for outcome in outcomes]
    return {name: fmean(one[name] for one in found) for name in names if found}


def _warm(finished: list[Finished[int]]) -> tuple[float, ...]:
    """Return the run times, without each worker's first backtest if there are others."""
    seen: set[int] = set()
    later = []
    for one in finished:
        if one.worker in seen:
            later.append(one.seconds)
        seen.add(one.worker)
    return tuple(later or [one.seconds for one in finished])


def best_again(
    later: Mapping[int, Sequence[int]],
    searches: Sequence[SearchSetup],
    reader: Reader,
    run: StoredRun,
) -> Iterator[Again]:
    """Yield the backtests of the given trials, by search (from 1)."""
    for search, numbers in later.items():
        setup = searches[search - 1]
        for number in numbers:
            trial = reader.trial(run, search, number)
            if trial is not None:
                yield from again(search, trial, setup.space, setup.every_scenario)


def keep_documents(
    backtests: Iterable[Again],
    *,
    workers: Pool[int],
    engine: Engine,
    keeper: ArtifactKeeper,
    outputs: frozenset[str],
    pause: Callable[[], float | None],
) -> Iterator[str]:
    """Rerun backtests and pass their files to `keeper`; yield warnings.

    `pause` is that of `run_aside`.
    """
    all_again = list(backtests)
    asked = [one.backtest for one in all_again]
    outputs |= {DOCUMENT}
    for finished in run_aside(asked, workers=workers, engine=engine, outputs=outputs, pause=pause):
        one = all_again[finished.ticket]
        outcome = _read(finished, one, engine, keeper, outputs)
        keeper.give(finished.ticket, [one.ref])
        if found := _difference(one.outcome, outcome) or keeper.fault():
            yield f"{_named(one.ref)}: {found}"


def _read(
    finished: Finished[int],
    one: Again,
    engine: Engine,
    keeper: ArtifactKeeper,
    outputs: frozenset[str],
) -> Outcome:
    if finished.answer is None:
        return Outcome(failure=finished.failure)
    keep = partial(keeper.take, finished.ticket)
    return read(engine, finished.answer, one.backtest, outputs, keep=keep)


def _difference(stored: Outcome, now: Outcome) -> str:
    """Return how a backtest differs from the stored one, an empty text if it does not."""
    if now.statistics is None or stored.statistics is None:
        said = now.failure.message if now.failure else "it has no statistics"
        return f"its full results cannot be kept: the rerun that writes them failed: {said}"
    found = differences(stored.statistics.values, now.statistics.values)
    if not found:
        return ""
    return (
        "its full results differ from the stored trial: the rerun that writes them has other"
        f" statistics ({found[0]}). The strategy depends on more than its parameters and data"
    )


def _named(ref: BacktestRef) -> str:
    return f"search {ref.search}, trial {ref.number}, scenario {ref.scenario}"
