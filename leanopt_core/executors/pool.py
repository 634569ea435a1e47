"""The worker pool that every executor reuses: requests in, answers and failures out.

Its face is for one thread; only `wake` may be called from others. All workers' descriptors are
watched by one selector; a worker gets its next request as soon as its answer is there, before
`wait` returns. What it promises:

- requests are sent in the order of submission; each is answered exactly once, or withdrawn;
- an answer counts only under the id of the request outstanding at that worker, so that none is
  ever credited to another request;
- a worker whose request is withdrawn stays warm if it answers before a fresh one would be there;
- past the time limit the worker is killed with everything it started: `timeout`, not retried;
- a worker that ends, or breaks the protocol, costs its request one attempt; a fresh worker gets it
  next, up to `retries` times. A strategy's own error is an answer like any other;
- a worker that was ended from outside costs its request nothing;
- a place whose worker has gone gets another one at once, after starts that failed a little later;
- no more workers serve than there are places, also where one is started before another goes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, Self, TypeVar

from leanopt_core.closing import Closing
from leanopt_core.executors.base import Executor
from leanopt_core.executors.crew import Crew
from leanopt_core.executors.dispatch import Dispatcher, Rules
from leanopt_core.executors.recycling import Recycling
from leanopt_core.executors.task import Finished
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import LINE_LIMIT
from leanopt_core.work import Launch, Request

__all__ = ["Finished", "Pool"]

T = TypeVar("T", bound=Hashable)


class Pool(Closing, Generic[T]):
    """Workers of one launch at one executor; a context manager that starts and closes it."""

    def __init__(
        self,
        executor: Executor,
        launch: Launch,
        *,
        workers: int,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        recycle_after: int | None = None,
        recycle_growth: int | None = None,
        retries: int = 2,
        start_limit: float = 60.0,
        start_patience: float = 120.0,
        line_limit: int = LINE_LIMIT,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what is to run; nothing starts before `start`.

        `time_limit` (seconds) is for each request from when it is sent, `start_limit` for a
        worker's hello. `start_patience` is for how long workers are started again without one
        answer, after trouble from outside or where some have worked before. A worker is killed that
        holds more than `memory_limit` bytes. It is replaced after `recycle_after` requests at most,
        or once it has grown by `recycle_growth` bytes since it settled (None: as `launch` says).
        Where there is memory for one more, it serves until its successor is ready. `line_limit` is
        for a harness's longest line, in bytes. `report` is told what a user may want to know while
        the run goes on, as that a worker could not be started.
        """
        self._size = workers
        crew = partial(
            Crew[T],
            partial(executor.spawn, launch, memory_limit=memory_limit),
            workers,
            start_limit=start_limit,
            start_patience=start_patience,
            line_limit=line_limit,
        )
        rules = Rules(
            launch.identity,
            time_limit,
            Recycling(
                recycle_after,
                launch.recycle_growth if recycle_growth is None else recycle_growth,
                launch.settled_after,
            ),
            retries,
        )
        self._dispatcher: Dispatcher[T] = Dispatcher(crew, rules, report)
        self._crew = self._dispatcher.crew
        self._woken = False
        self._closed = False

    def __enter__(self) -> Self:
        self.start()
        return self

    @property
    def hello(self) -> Hello | None:
        """What the first harness said about itself, None until one has."""
        return self._dispatcher.hello

    def start(self) -> None:
        """Begin to start all workers; returns at once."""
        self._crew.start()

    def submit(self, ticket: T, request: Request) -> None:
        """Take a request; `wait` tells what became of it, under `ticket`.

        Raises ValueError for a ticket that is in use.
        """
        self._dispatcher.submit(ticket, request)

    def idle(self) -> int:
        """Return how many places have nothing to do: their workers wait for work, or start."""
        return max(0, self._size - self._dispatcher.outstanding())

    def room(self) -> int:
        """Return how many more requests are of use now.

        Beside the one that it has, one waits for each worker, so that no worker waits for the loop.
        None before the first hello, which says how requests are to be worded.
        """
        if self.hello is None:
            return 0
        return max(0, 2 * self._size - self._dispatcher.outstanding())

    def wait(self, timeout: float | None = None) -> list[Finished[T]]:
        """Return what has finished, as soon as something has.

        Empty after `timeout` seconds (None: no limit, also where nothing was submitted), after
        `wake`, and at the first hello where nothing was submitted. Raises StrategyError where a
        harness says that the strategy cannot run, or that it is another one than was prepared;
        ExecutorError where no worker can be had, PatienceError where that is no fault of theirs.
        What has finished before is returned first.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        desk = self._dispatcher
        silent = self.hello is None and not desk.outstanding()
        while not (desk.finished or desk.error or self._woken or (silent and self.hello)):
            self._crew.turn(until - time.monotonic())
            if time.monotonic() >= until:
                break
        self._woken = False
        if desk.error and not desk.finished:
            raise desk.error
        finished, desk.finished = desk.finished, []
        return finished

    def wake(self) -> None:
        """Make `wait` return soon, from any thread or signal handler."""
        self._woken = True
        self._crew.wake()

    def withdraw(self, ticket: T) -> None:
        """Forget a request: `wait` will not tell of it.

        A worker that has it keeps its place and may finish it, for as long as its time limit allows
        and a worker's start takes; then it is killed. The answer is dropped.
        """
        self._dispatcher.withdraw(ticket)

    def close(self) -> None:
        """End every worker with all they started, those still starting too; under a second."""
        if not self._closed:
            self._closed = True
            self._crew.close()
