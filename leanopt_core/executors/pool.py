"""The worker pool that every executor reuses: requests in, answers and failures out.

Its face is for one thread; only `wake` may be called from others. All workers' descriptors are
watched by one selector; a worker gets its next request as soon as its answer is there, before
`wait` returns. What it promises:

- requests are sent in the order of submission; each is answered exactly once, or withdrawn;
- an answer counts only under the id of the request outstanding at that worker, so that none is
  ever credited to another request;
- past the time limit the worker is killed with everything it started: `timeout`, not retried;
- a worker that ends, or breaks the protocol, costs its request one attempt; a fresh worker gets it
  next, up to `retries` times. A strategy's own error is an answer like any other;
- a place whose worker has gone gets another one at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from attrs import frozen

from leanopt_core.errors import ExecutorError, LeanoptError, StrategyError
from leanopt_core.executors.backlog import Backlog
from leanopt_core.executors.base import Executor
from leanopt_core.executors.crew import Crew
from leanopt_core.executors.worker import State, Task, Worker
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import LINE_LIMIT
from leanopt_core.harness.wording import fill_in, request_line
from leanopt_core.work import Answer, Category, Failure, Launch, Request

T = TypeVar("T", bound=Hashable)

# Between two looks at a worker's memory, in seconds.
_WEIGHING = 0.25


@frozen
class Finished(Generic[T]):
    """What became of a request: an answer or a failure, never both.

    `attempts` counts how often it was sent, `seconds` is from the last sending to the end, `worker`
    the number of the worker that had it last.
    """

    ticket: T
    answer: Answer | None
    failure: Failure | None
    attempts: int
    seconds: float
    worker: int


class Pool(Generic[T]):
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
        line_limit: int = LINE_LIMIT,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what is to run; nothing starts before `start`.

        `time_limit` (seconds) is for each request from when it is sent, `start_limit` for a
        worker's hello. A worker is replaced after `recycle_after` requests, or once it holds
        `recycle_growth` bytes more than after its first one. `report` is told what a user may want
        to know while the run goes on, as that a worker could not be started.
        """
        self._launch = launch
        self._size = workers
        self._time_limit = time_limit
        self._recycle_after = recycle_after
        self._recycle_growth = recycle_growth
        self._retries = retries
        self._report = report
        self._crew: Crew[T] = Crew(
            partial(executor.spawn, launch, memory_limit=memory_limit),
            workers,
            _Ears(self),
            start_limit=start_limit,
            line_limit=line_limit,
        )
        self._idents = count(1)
        self._ready: list[Worker[T]] = []
        self._backlog: Backlog[T] = Backlog()
        self._finished: list[Finished[T]] = []
        self._garbage_told = False
        self._woken = False
        self._closed = False
        self._error: LeanoptError | None = None
        #: What the first harness said about itself, None until one has.
        self.hello: Hello | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to start all workers; returns at once."""
        self._crew.start()

    def submit(self, ticket: T, request: Request) -> None:
        """Take a request; `wait` tells what became of it, under `ticket`.

        Raises ValueError for a ticket that is in use.
        """
        self._backlog.add(ticket, request)
        self._hand_out()

    def idle(self) -> int:
        """Return how many places have nothing to do: their workers wait for work, or start."""
        return max(0, self._size - self._outstanding())

    def room(self) -> int:
        """Return how many more requests are of use now.

        Beside the one that it has, one waits for each worker, so that no worker waits for the loop.
        """
        return max(0, 2 * self._size - self._outstanding())

    def wait(self, timeout: float | None = None) -> list[Finished[T]]:
        """Return what has finished, as soon as something has.

        Empty after `timeout` seconds (None: no limit, also where nothing was submitted) or after
        `wake`. Raises StrategyError where a harness says that the strategy cannot run, or that it is
        another one than was prepared; ExecutorError where no worker can be had. What has finished
        before is returned first.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not (self._finished or self._error or self._woken):
            self._crew.turn(until - time.monotonic())
            if time.monotonic() >= until:
                break
        self._woken = False
        if self._error and not self._finished:
            raise self._error
        finished, self._finished = self._finished, []
        return finished

    def wake(self) -> None:
        """Make `wait` return soon, from any thread or signal handler."""
        self._woken = True
        self._crew.wake()

    def withdraw(self, ticket: T) -> None:
        """Forget a request: `wait` will not tell of it. A worker that has it is killed."""
        self._finished = [one for one in self._finished if one.ticket != ticket]
        task = self._backlog.withdraw(ticket)
        holders = [worker for worker in self._crew.workers if task and worker.task is task]
        for worker in holders:
            worker.task = None
            if worker.state is State.SERVING:
                self._crew.kill(worker)

    def close(self) -> None:
        """End every worker with all they started, those still starting too; under a second."""
        if not self._closed:
            self._closed = True
            self._crew.close()

    def _outstanding(self) -> int:
        """Return how many requests occupy a place, or will."""
        leaving = sum(w.leaving and w.task is not None for w in self._crew.workers)
        return len(self._backlog) - leaving

    def _hand_out(self) -> None:
        """Give idle workers what waits."""
        ready, self._ready = self._ready, []
        for worker in ready:
            if worker.state is State.SERVING:
                self._employ(worker)

    def _employ(self, worker: Worker[T]) -> None:
        """Give a worker its next request; without one it is idle.

        What is sent again goes to a worker that has served nothing yet, while enough of them come.
        """
        retries = self._backlog.retries()
        retry = retries > 0 and (worker.served == 0 or retries > self._crew.coming())
        task = self._backlog.next(retry=retry)
        if task is None:
            self._ready.append(worker)
        else:
            self._send(worker, task)

    def _send(self, worker: Worker[T], task: Task[T]) -> None:
        task.attempts += 1
        task.sent = time.monotonic()
        worker.task = task
        ident = str(next(self._idents))
        try:
            line = self._line(worker, task.request, ident)
        except ExecutorError as error:
            self._crew.blame(worker, Category.ENGINE, str(error))
            return
        if self._recycle_after is not None and worker.served + 1 >= self._recycle_after:
            self._crew.replace(worker)
        worker.client.expect(ident)
        limit = math.inf if self._time_limit is None else self._time_limit
        self._crew.send(worker, line, task.sent + limit)

    def _line(self, worker: Worker[T], request: Request, ident: str) -> bytes:
        """Put the request's files in place and return its line."""
        channel, hello = worker.channel, worker.client.hello
        for name, content in request.files.items():
            channel.put(name, content)
        payload = fill_in(request.payload, request.placeholders, channel.fill)
        limit = self._time_limit if hello is not None and hello.protocol else None
        return request_line(ident, payload, time_limit=limit)

    def _finish(
        self, worker: Worker[T], task: Task[T], answer: Answer | None, failure: Failure | None
    ) -> None:
        seconds = time.monotonic() - task.sent
        self._backlog.done(task)
        self._finished.append(
            Finished(task.ticket, answer, failure, task.attempts, seconds, worker.number)
        )

    def _grown(self, worker: Worker[T]) -> bool:
        """Say whether a worker holds too much more than after its first request."""
        now = time.monotonic()
        if self._recycle_growth is None or now < worker.weigh_at:
            return False
        worker.weigh_at = now + _WEIGHING
        weight = worker.channel.memory()
        if worker.weight is None or weight is None:
            worker.weight = weight
            return False
        return weight - worker.weight > self._recycle_growth


class _Ears(Generic[T]):
    """What the crew tells about workers' lives, put into the pool's books."""

    def __init__(self, pool: Pool[T]) -> None:
        self._pool = pool

    def greeted(self, worker: Worker[T], hello: Hello) -> None:
        """Give a worker its first request, if its strategy is the one that was prepared."""
        pool = self._pool
        pool.hello = pool.hello or hello
        misfit = _misfit(pool._launch.identity, hello)
        if misfit is not None:
            pool._error = pool._error or StrategyError(misfit)
        else:
            pool._employ(worker)

    def answered(self, worker: Worker[T], payload: Mapping[str, Any]) -> None:
        """Note the answer; give the worker its next request, or let it go where that is due."""
        pool, task = self._pool, worker.task
        worker.task = None
        worker.served += 1
        if task is not None:
            pool._finish(worker, task, Answer(payload, worker.channel.open), None)
        if worker.client.skipped and not pool._garbage_told:
            pool._garbage_told = True
            pool._report(worker.account("a harness prints where its answers belong"))
        if worker.leaving or pool._grown(worker):
            pool._crew.retire(worker)
        else:
            pool._employ(worker)

    def overdue(self, worker: Worker[T]) -> None:
        """Fail the request: another attempt would take as long."""
        task, worker.task = worker.task, None
        if task is not None:
            limit = self._pool._time_limit
            account = worker.account(f"it ran for longer than {limit:g} s")
            self._pool._finish(worker, task, None, Failure(Category.TIMEOUT, account))

    def lost(self, worker: Worker[T], failure: Failure) -> None:
        """Send the request again, as often as is allowed."""
        task, worker.task = worker.task, None
        if task is None:
            self._pool._report(f"an idle worker was replaced: {failure.message}")
        elif task.attempts <= self._pool._retries:
            self._pool._backlog.retry(task)
            self._pool._hand_out()
        else:
            self._pool._finish(worker, task, None, failure)

    def unstarted(self, account: str, *, hopeless: bool) -> None:
        """Pass it on; where there is no hope, `wait` raises it."""
        if not hopeless:
            self._pool._report(f"a worker could not be started: {account}")
        elif self._pool._error is None:
            self._pool._error = ExecutorError(f"no worker can be started: {account}")


def _misfit(identity: str | None, hello: Hello) -> str | None:
    """Say why the strategy behind a hello cannot be run, None where it can."""
    if hello.fault is not None:
        return hello.fault.message
    if identity is None or hello.identity is None or hello.identity == identity:
        return None
    return (
        f"the strategy is not the one that was prepared: its identity is {hello.identity}, "
        f"expected {identity}; were its files changed meanwhile?"
    )
