"""Runs the best trials again for their full result files, when a run's searches have ended.

Nothing of this is stored: trials, scores and the backtest cache stay as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from attrs import frozen

from leanopt_core.engines.base import Engine
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.differences import differences
from leanopt_core.search.keeping import Keeper, Place
from leanopt_core.search.loop import SearchSetup
from leanopt_core.search.readers import read
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun
from leanopt_core.work import DOCUMENT, Backtest, Outcome


@frozen
class Again:
    """A stored backtest that is to be run again: whose it is, and its outcome."""

    place: Place
    backtest: Backtest
    outcome: Outcome


def best_again(
    later: Mapping[int, Sequence[int]],
    searches: Sequence[SearchSetup],
    reader: Reader,
    run: StoredRun,
) -> Iterator[Again]:
    """Yield the backtests of the trials that are named, by search (from 1)."""
    for search, numbers in later.items():
        setup = searches[search - 1]
        for number in numbers:
            trial = reader.trial(run, search, number)
            if trial is None:
                continue
            parameters = setup.space.values(setup.space.unrank(trial.grid_index))
            for at, outcome in trial.outcomes.items():
                scenario = setup.scenarios[at]
                place = Place(search, number, scenario.name)
                yield Again(place, Backtest("", parameters, scenario), outcome)


def keep_documents(
    backtests: Iterable[Again],
    *,
    workers: Pool[int],
    engine: Engine,
    keeper: Keeper,
    outputs: frozenset[str],
    pause: Callable[[], float | None],
) -> Iterator[str]:
    """Run backtests again and hand their files to `keeper`; yield what the user must know.

    `pause` is called between two looks at the workers: it returns how long the next may take, and
    may raise to end this.
    """
    waiting, running = deque(enumerate(backtests, 1)), dict[int, Again]()
    outputs |= {DOCUMENT}
    while waiting or running:
        while waiting and workers.room() and workers.hello is not None:
            ticket, again = waiting.popleft()
            running[ticket] = again
            workers.submit(ticket, engine.request(again.backtest, outputs, workers.hello))
        for finished in workers.wait(pause()):
            again = running.pop(finished.ticket)
            outcome = _read(finished, again, engine, keeper, outputs)
            keeper.give(finished.ticket, [again.place])
            if found := _difference(again.outcome, outcome) or keeper.fault():
                yield f"{_named(again.place)}: {found}"


def _read(
    finished: Finished[int],
    again: Again,
    engine: Engine,
    keeper: Keeper,
    outputs: frozenset[str],
) -> Outcome:
    if finished.answer is None:
        return Outcome(failure=finished.failure)
    keep = partial(keeper.take, finished.ticket)
    return read(engine, finished.answer, again.backtest, outputs, keep=keep)


def _difference(stored: Outcome, now: Outcome) -> str:
    """Say how a backtest went otherwise than before; nothing where it did not."""
    if now.statistics is None or stored.statistics is None:
        said = now.failure.message if now.failure else "it has no statistics"
        return f"its full results cannot be kept: the backtest that is to write them fails: {said}"
    found = differences(stored.statistics.values, now.statistics.values)
    if not found:
        return ""
    return (
        "its full results differ from the stored trial: the backtest that writes them gives other"
        f" statistics ({found[0]}). The strategy depends on more than its parameters and data"
    )


def _named(place: Place) -> str:
    return f"search {place.search}, trial {place.number}, scenario {place.scenario}"
