"""Runs the best trials again for their full result files, when a run's searches have ended.

Nothing of this is stored: trials, scores and the backtest cache stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from leanopt_core.engines.base import Engine
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.aside import Again, again, run_aside
from leanopt_core.search.differences import differences
from leanopt_core.search.keeping import Keeper, Place
from leanopt_core.search.loop import SearchSetup
from leanopt_core.search.readers import read
from leanopt_core.store.reader import Reader
from leanopt_core.store.records import StoredRun
from leanopt_core.work import DOCUMENT, Outcome


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
            if trial is not None:
                yield from again(search, trial, setup.space, setup.scenarios)


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

    `pause` is that of `run_aside`.
    """
    all_again = list(backtests)
    asked = [one.backtest for one in all_again]
    outputs |= {DOCUMENT}
    for finished in run_aside(asked, workers=workers, engine=engine, outputs=outputs, pause=pause):
        one = all_again[finished.ticket]
        outcome = _read(finished, one, engine, keeper, outputs)
        keeper.give(finished.ticket, [one.place])
        if found := _difference(one.outcome, outcome) or keeper.fault():
            yield f"{_named(one.place)}: {found}"


def _read(
    finished: Finished[int],
    one: Again,
    engine: Engine,
    keeper: Keeper,
    outputs: frozenset[str],
) -> Outcome:
    if finished.answer is None:
        return Outcome(failure=finished.failure)
    keep = partial(keeper.take, finished.ticket)
    return read(engine, finished.answer, one.backtest, outputs, keep=keep)


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
