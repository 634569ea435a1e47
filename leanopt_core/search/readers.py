"""Read answers; those with files in threads, since a document takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from leanopt_core.engines.base import Engine
from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.work import Answer, Backtest, Category, Failure, Files, Outcome

T = TypeVar("T")

# Reading a document is mostly waiting if it is in a container, else mostly computing.
_THREADS = 4

Keep = Callable[[Files, Outcome], None]


def read(
    engine: Engine,
    answer: Answer,
    backtest: Backtest,
    outputs: frozenset[str],
    *,
    keep: Keep | None = None,
) -> Outcome:
    """Return the outcome that an engine reads from an answer, then remove the answer's files.

    `keep` gets the files before. If they cannot be reached, the worker has died, which is then the
    failure's category.
    """
    try:
        outcome = _read(engine, answer, backtest, outputs)
        if keep is not None and answer.files is not None:
            keep(answer.files, outcome)
        return outcome
    finally:
        if answer.files is not None:
            # In any case: a worker whose files are in memory waits for this.
            answer.files.remove()


def _read(engine: Engine, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
    try:
        return engine.read(answer, backtest, outputs)
    except ExecutorError as error:
        message = f"the worker's files cannot be read: {error}"
        outside = isinstance(error, TransientError)
        # Not the strategy's own failure: the backtest is run again.
        return Outcome(failure=Failure(Category.DIED, message, outside))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign engine
        message = f"the answer cannot be read: {type(error).__name__}: {error}"
        return Outcome(failure=Failure(Category.ENGINE, message))


class Readers(Generic[T]):
    """Threads that call `work` for items; `done` returns each result once.

    `ready` is called, from any thread, when there is a result.
    """

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._threads: ThreadPoolExecutor | None = None
        self._reading: dict[Future[Outcome], T] = {}

    def begin(self, item: T, work: Callable[[], Outcome]) -> None:
        """Start `work` for `item`; the first call starts the threads."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="reader")
        future = self._threads.submit(work)
        self._reading[future] = item
        future.add_done_callback(lambda _: self._ready())

    def done(self, *, wait: float = 0.0) -> list[tuple[T, Outcome]]:
        """Return the results since the last call.

        Wait up to `wait` seconds for those in progress; not longer, since an engine may hang.
        """
        if wait:
            futures.wait(self._reading, timeout=wait)
        read = [future for future in self._reading if future.done()]
        outcomes = [future.result() for future in read]
        return [
            (self._reading.pop(future), outcome)
            for future, outcome in zip(read, outcomes, strict=True)
        ]

    def close(self) -> None:
        """Stop after the items in progress; they end when the workers do."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
