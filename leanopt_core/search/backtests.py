"""The backtests that trials wait for: answered from the store, joined, queued, run, read, noted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import count

from leanopt_core.engines.base import Engine
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.search.audience import Audience
from leanopt_core.search.events import BacktestCached, BacktestEnded
from leanopt_core.search.keeping import Keeper, Place
from leanopt_core.search.ledger import Errand, Flight, Known, Ledger
from leanopt_core.search.readers import Readers, read
from leanopt_core.work import Backtest, Category, Failure, Outcome

# How often a backtest is run again whose result could not be read any more; how long at most what
# is being read may take at the end of an interrupted run, in seconds.
_RETRIES, _LAST = 2, 1.0

Land = Callable[[Flight, int, Outcome], None]


class Backtests:
    """Runs what the searches' trials need; `land(flight, place, outcome)` hears of each outcome."""

    def __init__(
        self,
        scenarios: Sequence[Sequence[str]],
        *,
        workers: Pool[int],
        engine: Engine,
        ledger: Ledger,
        audience: Audience,
        keeper: Keeper,
        outputs: frozenset[str],
        land: Land,
    ) -> None:
        """Take what is at work; `scenarios` are the names of each search's, by place."""
        self._scenarios = scenarios
        self._workers = workers
        self._engine = engine
        self._ledger = ledger
        self._audience = audience
        self._keeper = keeper
        self._outputs = outputs | keeper.asks
        self._land = land
        self._tickets = count(1)
        self._queues: list[deque[Errand]] = [deque() for _ in scenarios]
        self._turn = 0
        self._greeted = False
        self._errands: dict[str, Errand] = {}
        self._running: dict[int, Errand] = {}
        self._readers: Readers[tuple[Errand, Finished[int]]] = Readers(workers.wake)

    @property
    def queued(self) -> bool:
        """Say whether more backtests wait than the workers have."""
        return any(self._queues)

    def send(self, flight: Flight, place: int, backtest: Backtest, known: Known | None) -> None:
        """Answer a backtest from the store, join one that is under way, or queue it."""
        if known is not None:
            self._ledger.evaluate(flight.search, flight.number, place, known.id)
            self._audience.observe(BacktestCached())
            self._land(flight, place, known.outcome)
            return
        errand = self._errands.get(backtest.key)
        if errand is None:
            errand = Errand(flight.search, backtest, place)
            self._errands[backtest.key] = errand
            self._queues[flight.search].append(errand)
        errand.waiting.append((flight, place))

    def dispatch(self) -> None:
        """Fill the pool, one backtest of each search in turn."""
        room = self._workers.room()
        while room > 0 and (queue := self._next_queue()) is not None:
            errand = queue.popleft()
            if errand.waiting:
                self._submit(errand)
                room -= 1
            else:
                del self._errands[errand.backtest.key]

    def collect(self, finished: Sequence[Finished[int]], *, last: bool = False) -> bool:
        """Take what has finished, and what has been read; return whether there was any of that.

        `last` waits a little for what is being read.
        """
        for one in finished:
            errand = self._running.pop(one.ticket)
            if one.answer is not None and one.answer.files is not None:
                work = partial(read, self._engine, one.answer, errand.backtest, self._outputs)
                keep = partial(self._keeper.take, one.ticket)
                self._readers.begin((errand, one), partial(work, keep=keep))
            else:
                self._settle(errand, one, self._read(errand, one))
        done = self._readers.done(wait=_LAST if last else 0.0)
        for (errand, one), outcome in done:
            if (failure := _death(outcome)) and (failure.outside or errand.lost < _RETRIES):
                errand.lost += not failure.outside
                self._queues[errand.search].appendleft(errand)
                continue
            self._keeper.give(one.ticket, [self._place(*waits) for waits in errand.waiting])
            self._settle(errand, one, outcome)
        return bool(finished or done)

    def withdraw(self, gone: Collection[Flight]) -> None:
        """Forget trials that will never be told, and backtests that nobody waits for."""
        for flight in gone:
            self._keeper.drop(flight.search + 1, flight.number)
        for errand in self._errands.values():
            errand.waiting = [place for place in errand.waiting if place[0] not in gone]
        for ticket, errand in list(self._running.items()):
            if not errand.waiting:
                self._workers.withdraw(ticket)
                del self._running[ticket]
                del self._errands[errand.backtest.key]

    def close(self) -> None:
        """Read nothing any more."""
        self._readers.close()
        self._keeper.close()

    def _submit(self, errand: Errand) -> None:
        hello = self._workers.hello
        if hello is None:
            raise ValueError("there is no room before the first hello")
        if not self._greeted:
            self._greeted = True
            self._ledger.greeted(hello)
        ticket = next(self._tickets)
        self._running[ticket] = errand
        self._workers.submit(ticket, self._engine.request(errand.backtest, self._outputs, hello))

    def _next_queue(self) -> deque[Errand] | None:
        for step in range(len(self._queues)):
            index = (self._turn + step) % len(self._queues)
            if self._queues[index]:
                self._turn = (index + 1) % len(self._queues)
                return self._queues[index]
        return None

    def _place(self, flight: Flight, place: int) -> Place:
        return Place(flight.search + 1, flight.number, self._scenarios[flight.search][place])

    def _settle(self, errand: Errand, finished: Finished[int], outcome: Outcome) -> None:
        """Note a backtest's outcome, and land the trials that wait for it."""
        del self._errands[errand.backtest.key]
        self._audience.observe(BacktestEnded(outcome, finished.seconds))
        kept = self._ledger.record(errand, outcome, finished)
        for flight, place in errand.waiting:
            self._ledger.evaluate(flight.search, flight.number, place, kept)
            self._land(flight, place, outcome)

    def _read(self, errand: Errand, finished: Finished[int]) -> Outcome:
        if finished.answer is None:
            nothing = "the pool gave neither answer nor failure"
            return Outcome(failure=finished.failure or Failure(Category.ENGINE, nothing))
        return read(self._engine, finished.answer, errand.backtest, self._outputs)


def _death(outcome: Outcome) -> Failure | None:
    """Return the failure of a worker that died before its answer had been read, if that is it."""
    failure = outcome.failure
    return failure if failure is not None and failure.category is Category.DIED else None
