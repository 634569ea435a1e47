"""Runs backtests beside a search: the store answers none of them and keeps none of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from leanopt_core.engines.base import Engine
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.keeping import Place
from leanopt_core.space import Space
from leanopt_core.store.records import StoredTrial
from leanopt_core.work import Backtest, Outcome, Scenario


def run_aside(
    backtests: Sequence[Backtest],
    *,
    workers: Pool[int],
    engine: Engine,
    outputs: frozenset[str],
    pause: Callable[[], float | None] = lambda: None,
) -> Iterator[Finished[int]]:
    """Yield each backtest as it finishes; its ticket is its place in `backtests`.

    `pause` is called between two looks at the workers: it returns how long the next may take, and
    may raise to end this.
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
    """A stored backtest to run again: whose it is, and its outcome."""

    place: Place
    backtest: Backtest
    outcome: Outcome


def again(
    search: int, trial: StoredTrial, space: Space, scenarios: Sequence[Scenario]
) -> Iterator[Again]:
    """Yield the stored backtests of a trial; `scenarios` are those of its search."""
    parameters = space.values(space.unrank(trial.grid_index))
    for at, outcome in trial.outcomes.items():
        place = Place(search, trial.number, scenarios[at].name)
        yield Again(place, Backtest("", parameters, scenarios[at]), outcome)
