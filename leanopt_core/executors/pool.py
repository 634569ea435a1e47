"""The worker pool that every executor reuses: requests in, answers and failures out.

Use it from one thread; only `wake` may be called from others. It guarantees:

- requests are sent in the order of submission; each is answered exactly once, or withdrawn;
- an answer counts only with the id of the first request outstanding at that worker, so it is never
  credited to another request;
- a worker whose request is withdrawn stays warm if it answers before a fresh one could start;
- past the time limit the worker is killed with everything it started: `timeout`, not retried;
- a worker that ends, or breaks the protocol, costs its request one attempt; a fresh worker gets it
  next, up to `retries` times. A strategy's own error is an answer like any other;
- a worker that was ended from outside costs its request nothing;
- a slot whose worker has ended gets another immediately, or after a pause if starts failed;
- no more workers serve than there are slots, even if one starts before another ends.

Calls go one way. The pool reads worker events from its `WorkerSupervisor` and passes them to its
`JobQueue`, which updates the requests. Then it commands the supervisor. A worker gets its next
request as soon as its answer arrives, before `wait` returns. If its requests are short and its
harness allows it, it has that one before it answers: then it need not wait for the pool's caller.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, Generic, Self, TypeVar

from leanopt_core.closing import Closing
from leanopt_core.errors import ExecutorError, LeanoptError, StrategyError, TransientError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.jobs import Finished, Job, JobQueue, RequestFolder
from leanopt_core.executors.places import PlacedWorkers
from leanopt_core.executors.succession import Recycling
from leanopt_core.executors.supervisor import WorkerSupervisor
from leanopt_core.executors.worker import (
    StartFailed,
    StartsGivenUp,
    State,
    Worker,
    WorkerAnswered,
    WorkerEvent,
    WorkerLost,
    WorkerOverdue,
    WorkerReady,
)
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import LINE_LIMIT
from leanopt_core.work import Answer, Category, Failure, Launch, Request

__all__ = ["Finished", "Pool"]

T = TypeVar("T", bound=Hashable)


class Pool(Closing, Generic[T]):
    """Workers of one launch at one executor; a context manager that starts and closes it.

    `time_limit` (seconds) is for each request from when a worker begins it, `start_limit` for a
    worker's hello. `start_patience` is for how long workers are started again without one
    answer, after trouble from outside or where some have worked before. A worker is killed that
    holds more than `memory_limit` bytes. It is replaced after `recycle_after` requests at most,
    or once it has grown by `recycle_growth` bytes since it settled (None: as `launch` says).
    Where there is memory for one more, it serves until its successor is ready. `line_limit` is
    for a harness's longest line, in bytes. `suspects` names engine and executor, for messages about
    a worker that breaks the protocol. `report` is called with what a user may want to know
    during the run, as that a worker could not be started.
    """

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
        suspects: str = "",
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what is to run; nothing starts before `start`."""
        self._slots = workers
        self._launch_of: Callable[[int], Launch] = lambda _: launch
        if isinstance(executor, PlacedWorkers):
            self._launch_of = executor.launch_of
        #: Seconds for each request, None for no limit.
        self.time_limit = time_limit
        # Without a limit only withdrawn requests become overdue, and nobody waits for them.
        self._limit = math.inf if time_limit is None else time_limit
        self._report = report
        growth = launch.recycle_growth if recycle_growth is None else recycle_growth
        self._supervisor = WorkerSupervisor(
            partial(executor.spawn, launch, memory_limit=memory_limit),
            workers,
            Recycling(recycle_after, growth, launch.settled_after),
            start_limit=start_limit,
            start_patience=start_patience,
            line_limit=line_limit,
            suspects=suspects,
        )
        self._queue: JobQueue[T] = JobQueue(retries)
        # A worker whose files go with it is held until its answer's files were read. They are
        # removed by any thread, so that only the deque is shared.
        self._held: set[Worker] = set()
        self._freed: deque[Worker] = deque()
        self._garbage_told = False
        self._end_told = False
        # Why the last start failed, empty once every slot has a worker again.
        self._refused = ""
        self._woken = False
        self._closed = False
        # When the workers were last listened to, and for how long they had not been before that.
        self._heard_at = time.monotonic()
        self._unheard = 0.0
        # Why no more requests can be answered.
        self._error: LeanoptError | None = None
        #: What the first harness said about itself, None until one has.
        self.hello: Hello | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Begin to start all workers; returns at once."""
        self._supervisor.start()

    def submit(self, ticket: T, request: Request, *, fresh: bool = False) -> None:
        """Take a request; `wait` returns how it ended, under `ticket`.

        With `fresh`, a worker gets it that has run nothing; if none is there or on its way, one
        takes the place of another. Raises ValueError for a ticket that is in use.
        """
        self._queue.add(ticket, request, fresh=fresh)
        self._hand_out()
        if fresh:
            self._provide_fresh()
        else:
            self._hand_out_ahead()
        self._handle_pending()

    @property
    def slots(self) -> int:
        """How many workers serve at most."""
        return self._slots

    @property
    def start_seconds(self) -> float:
        """How long the last start of a worker took, 0 before the first."""
        return self._supervisor.start_seconds

    def idle(self) -> int:
        """Return how many slots have nothing to do: their workers wait for work, or start."""
        return max(0, self._slots - self._queue.outstanding())

    def room(self) -> int:
        """Return how many more requests are of use now.

        Beside the one that it has, one waits for each worker, so that no worker waits for the loop.
        0 before the first hello, which says how requests are to be worded.
        """
        if self.hello is None:
            return 0
        return max(0, 2 * self._slots - self._queue.outstanding())

    def age(self, ticket: T) -> float:
        """Return how many seconds a worker has had a request, 0 while it waits for one."""
        return self._queue.age(ticket)

    def wait(self, timeout: float | None = None) -> list[Finished[T]]:
        """Return what has finished, as soon as something has.

        Empty after `timeout` seconds (None: no limit, also where nothing was submitted), after
        `wake`, and at the first hello where nothing was submitted. Raises StrategyError where a
        harness says that the strategy cannot run, or that it is another one than was prepared;
        ExecutorError where no worker can be had, PatienceError where that is no fault of theirs.
        What has finished before is returned first.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        # The loop has nothing to submit before the first hello, so the hello must end this wait.
        silent = self.hello is None and not self._queue.outstanding()
        while not (self._queue.finished or self._error or self._woken or (silent and self.hello)):
            self._listen(until - time.monotonic())
            if time.monotonic() >= until:
                break
        self._woken = False
        if self._error and not self._queue.finished:
            raise self._error
        finished, self._queue.finished = self._queue.finished, []
        return finished

    def poll(self, after: float) -> None:
        """Give workers that have answered what waits for them; `wait` returns the answers.

        Nothing happens if that was done less than `after` seconds ago.
        """
        if time.monotonic() - self._heard_at >= after:
            self._listen(0.0)

    def _listen(self, pause: float) -> None:
        """Handle what happens within `pause` seconds, as soon as something does."""
        self._unheard = time.monotonic() - self._heard_at
        for event in self._supervisor.events(pause):
            self._handle(event)
        self._heard_at = time.monotonic()
        if self._freed:
            self._let_freed_go_on()
            self._handle_pending()

    def wake(self) -> None:
        """Make `wait` return soon, from any thread or signal handler."""
        # Set first, so that a `wake` just before a `wait` is not lost.
        self._woken = True
        self._supervisor.wake()

    def withdraw(self, ticket: T) -> None:
        """Forget a request: `wait` will not return it.

        A worker that has it keeps its slot and may finish it, for as long as its time limit allows
        and a worker's start takes; then it is killed. The answer is dropped.
        """
        worker = self._queue.withdraw(ticket)
        if worker is not None:
            self._supervisor.hurry(worker)

    def close(self) -> None:
        """End every worker with all they started, those still starting too; under a second."""
        if not self._closed:
            self._closed = True
            self._supervisor.close()

    def _handle_pending(self) -> None:
        """Handle what commands have brought about, without waiting."""
        for event in self._supervisor.pending():
            self._handle(event)

    def _handle(self, event: WorkerEvent) -> None:
        match event:
            case WorkerAnswered():
                self._answered(event.worker, event.payload)
            case WorkerReady(worker, hello):
                self._ready(worker, hello)
            case WorkerLost(worker, failure):
                if not self._queue.lose(worker, failure):
                    self._report(f"an idle worker had to be replaced: {failure.message}")
                self._hand_out()
            case WorkerOverdue(worker):
                # Another attempt would take as long, so this one is the last.
                account = worker.account(f"it ran for longer than {self._limit:g} s")
                self._queue.take_back(worker)
                self._queue.end(worker, None, Failure(Category.TIMEOUT, account))
                self._hand_out()
            case StartFailed(account):
                # Where there is no room for hours, the same is not said again and again.
                if account != self._refused:
                    self._report(f"a worker could not be started: {account}")
                self._refused = account
                self._hand_out()  # retries that wait for a fresh worker may have to take another
            case StartsGivenUp(error):
                self._error = self._error or error

    def _ready(self, worker: Worker, hello: Hello) -> None:
        """Give a worker its first request, if its strategy is the one that was prepared."""
        if self._supervisor.full():
            self._refused = ""
        if self.hello is None:
            self.hello = hello
            for note in hello.notes:
                self._report(note)
        mismatch = hello.mismatch(self._launch_of(worker.number))
        if mismatch is not None:
            self._error = self._error or StrategyError(mismatch)
            return
        # Only now, so that the slot was never empty: its successor can work from here on.
        relieved = self._supervisor.relieve()
        if relieved is not None:
            self._queue.take_back(relieved)
        if relieved in self._queue.idle:
            self._queue.idle.remove(relieved)
            self._supervisor.retire(relieved)
        self._employ(worker)

    def _answered(self, worker: Worker, payload: Mapping[str, Any]) -> None:
        job = self._queue.running(worker)
        folder = None if job is None else job.folder
        held = folder is not None and worker.channel.volatile
        if held:
            # Before the job ends: an answer that nobody waits for is removed there.
            self._held.add(worker)
        # Also of an answer that nobody waits for: a later backtest may remember a file's content.
        if isinstance(opened := payload.get("opened"), dict) and opened:
            worker.opened = (*worker.opened, opened)
        answer = Answer(payload, folder, worker.opened)
        self._queue.end(worker, answer, unheard=self._unheard)
        if worker.client.skipped and not self._garbage_told:
            self._garbage_told = True
            self._report(worker.account("a harness wrote more than its answers"))
        if (reason := payload.get("last")) is not None and not self._end_told:
            self._end_told = True
            self._report(f"a worker was replaced: {reason!s:.200}")
        if not held:
            self._go_on(worker)

    def _let_freed_go_on(self) -> None:
        """Let workers go on that were held until their answer's files had been read."""
        while self._freed:
            worker = self._freed.popleft()
            if worker in self._held:
                self._held.remove(worker)
                if worker.state is State.SERVING:
                    self._go_on(worker)

    def _go_on(self, worker: Worker) -> None:
        if not self._supervisor.serve_on(worker):
            self._queue.take_back(worker)
            self._hand_out()
            return
        if (job := self._queue.begin_ahead(worker)) is None:
            self._employ(worker)
        else:
            self._supervisor.begin_ahead(worker, job.begun_at + self._limit)
            if job.withdrawn:
                self._supervisor.hurry(worker)
        self._hand_out_ahead()

    def _hand_out(self) -> None:
        """Give idle workers what waits."""
        if not self._queue.idle:
            return
        # A new list, since workers for whom there is no job join it during the loop.
        idle, self._queue.idle = self._queue.idle, []
        for worker in idle:
            if worker.state is State.SERVING:
                self._employ(worker)

    def _provide_fresh(self) -> None:
        """If a request waits for a fresh worker and none comes, let it take another's place.

        That of an idle one, else of the oldest.
        """
        if not self._queue.wants_fresh() or self._supervisor.coming():
            return
        idle = [worker for worker in self._queue.idle if worker.state is State.SERVING]
        if idle:
            oldest = min(idle, key=lambda worker: worker.number)
            self._queue.idle.remove(oldest)
            self._supervisor.retire(oldest)
        else:
            self._supervisor.expire()

    def _employ(self, worker: Worker) -> None:
        """Give a worker its next request, if one waits.

        A retry goes to a worker that has had nothing yet, while enough of them come.
        """
        retries = self._queue.retries()
        retry = retries > 0 and (worker.requests == 0 or retries > self._supervisor.coming())
        job = self._queue.assign(worker, retry=retry)
        self._provide_fresh()  # a retry may have taken the worker that was on its way
        if job is None:
            return
        # First, so that a worker that takes no files is lost with its request, at one attempt.
        self._supervisor.begin_request(worker)
        try:
            job.folder = self._folder(worker, job)
            line = job.put(worker, self.time_limit)
        except TransientError:
            self._supervisor.hang_up(worker)  # how it ended will say whether it was at fault
        except ExecutorError as error:
            self._supervisor.blame(worker, Category.ENGINE, str(error))
        else:
            self._supervisor.send(worker, job.ident, line, job.sent_at + self._limit)

    def _hand_out_ahead(self) -> None:
        """Give busy workers that may have their next request already what waits."""
        while waits := self._queue.could_have_ahead():
            worker = next(filter(self._supervisor.takes_ahead, waits), None)
            if worker is None:
                return
            job = self._queue.assign_ahead(worker)
            line = job.put(worker, self.time_limit)
            if not self._supervisor.send_ahead(worker, job.ident, line):
                self._queue.take_back(worker)

    def _folder(self, worker: Worker, job: Job[T]) -> RequestFolder | None:
        """Return the folder of a job at its worker, None if its request needs none."""
        if not job.request.folder:
            return None
        freed = partial(self._free, worker) if worker.channel.volatile else None
        return RequestFolder(worker.channel, job.ident, freed)

    def _free(self, worker: Worker) -> None:
        self._freed.append(worker)
        self._supervisor.wake()
