"""Read answers; those with files in threads, since a document takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from leanopt_core.engines.base import Engine
from leanopt_core.errors import ExecutorError, PluginError, TransientError
from leanopt_core.work import Answer, Backtest, Category, Failure, Files, Outcome

T = TypeVar("T")

# Reading a document is mostly waiting if it is in a container, else mostly computing.
_THREADS = 4

Keep = Callable[[Files, Outcome], None]
Fault = Callable[[PluginError], None]


def read(
    engine: Engine,
    answer: Answer,
    backtest: Backtest,
    outputs: frozenset[str],
    *,
    keep: Keep | None = None,
    fault: Fault | None = None,
) -> Outcome:
    """Return the outcome that an engine reads from an answer, then remove the answer's files.

    `keep` gets the files before. If they cannot be reached, the worker has died, which is then the
    failure's category. If the engine cannot read the answer, `fault` gets its error, and the
    backtest has failed.
    """
    try:
        outcome = _read(engine, answer, backtest, outputs, fault)
        if keep is not None and answer.files is not None:
            keep(answer.files, outcome)
        return outcome
    finally:
        if answer.files is not None:
            # In any case: a worker whose files are in memory waits for this.
            answer.files.remove()


def _read(
    engine: Engine,
    answer: Answer,
    backtest: Backtest,
    outputs: frozenset[str],
    fault: Fault | None,
) -> Outcome:
    try:
        return engine.read(answer, backtest, outputs)
    except ExecutorError as error:
        message = f"the worker's files cannot be read: {error}"
        outside = isinstance(error, TransientError)
        # Not the strategy's own failure: the backtest is run again.
        return Outcome(failure=Failure(Category.DIED, message, outside))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign engine
        what = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        if fault is not None:
            fault(PluginError(what))
        return Outcome(failure=Failure(Category.ENGINE, f"the answer cannot be read: {what}"))


class Readers(Generic[T]):
    """Threads that call `work` for items; `done` returns each result once.

    `ready` is called, from any thread, when there is a result. The threads are daemons, so that an
    engine that hangs does not keep leanopt from ending.
    """

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._waiting: SimpleQueue[tuple[Future[Outcome], Callable[[], Outcome]] | None]
        self._waiting = SimpleQueue()
        self._threads: list[Thread] = []
        self._reading: dict[Future[Outcome], T] = {}

    def begin(self, item: T, work: Callable[[], Outcome]) -> None:
        """Start `work` for `item`; the first calls start the threads."""
        if len(self._threads) < _THREADS:
            thread = Thread(target=self._work, name=f"reader-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        future: Future[Outcome] = Future()
        self._reading[future] = item
        self._waiting.put((future, work))

    def done(self, *, wait: float = 0.0) -> list[tuple[T, Outcome]]:
        """Return the results since the last call.

        Wait up to `wait` seconds for those in progress; not longer, since an engine may hang.
        """
        if not self._reading:
            return []
        if wait:
            futures.wait(self._reading, timeout=wait)
        read = [future for future in self._reading if future.done()]
        outcomes = [future.result() for future in read]
        return [
            (self._reading.pop(future), outcome)
            for future, outcome in zip(read, outcomes, strict=True)
        ]

    def close(self) -> None:
        """Stop after the items in progress."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        for _ in self._threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            future, work = one
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - `done` raises it
                future.set_exception(error)
            self._ready()
