"""Manage worker lifecycles: start, handshake, answers, exit, replacement.

The supervisor does not know the queue, and knows only the line of a request. It returns events of
its workers, and takes commands.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Channel
from leanopt_core.executors.spawner import Patience, Spawner
from leanopt_core.executors.streams import READ, WRITE, Selector
from leanopt_core.executors.succession import Recycling, Succession
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
    living_seconds,
)
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Answered, Broken, Event, own_seconds
from leanopt_core.work import Category, Failure

# In seconds: how long `close` may take, how long a wait without an event, and how late an answer of
# a worker may be that was just heard.
_CLOSING, _LONGEST, _LATE = 0.9, 3600.0, 0.5
# A worker that takes longer to answer gets no request ahead: that would wait behind a long one.
_SHORT = 0.1


class WorkerSupervisor:
    """Keep a worker in each of a number of slots; the only one who changes a `Worker`."""

    def __init__(
        self,
        spawn: Callable[[int], Channel],
        slots: int,
        recycling: Recycling,
        *,
        start_limit: float,
        start_patience: float,
        line_limit: int,
        suspects: str = "",
    ) -> None:
        self._slots = slots
        self._suspects = f": a fault of {suspects}" if suspects else ""
        self._start_limit = start_limit
        self._line_limit = line_limit
        self._selector = Selector()
        self._spawner = Spawner(spawn, self._selector.wake, Patience(start_patience))
        self._succession = Succession(recycling, slots, self._spawner.begin)
        self._pending: deque[WorkerEvent] = deque()
        # No timer for each request: a time before which no deadline passes is enough.
        self._nearest = math.inf
        #: Every worker that is not over, by its number.
        self.workers: dict[int, Worker] = {}

    def start(self) -> None:
        """Begin to start all workers."""
        for _ in range(self._slots):
            self._spawner.begin()

    def coming(self) -> int:
        """Return how many workers are on their way to their first request."""
        greeting = sum(worker.state is State.GREETING for worker in self.workers.values())
        return self._spawner.pending() + greeting

    def full(self) -> bool:
        """Return whether every slot has a worker that serves."""
        serving = (w.state is State.SERVING and not w.leaving for w in self.workers.values())
        return sum(serving) >= self._slots

    def wake(self) -> None:
        """End a wait of `events`; from any thread or signal handler."""
        self._selector.wake()

    def events(self, pause: float) -> Iterator[WorkerEvent]:
        """Wait until something happens, `pause` seconds at most, and yield what has.

        Events come one at a time. What the caller commands for one counts before the next is looked
        for: a worker that answers and then dies has its next request already, which it loses.
        """
        heard = set()
        longest = min(pause, self._nearest - time.monotonic(), _LONGEST)
        for number, descriptor, ready in self._selector.wait(longest):
            if number is None:
                self._welcome()
                yield from self.pending()
            # By number, since a worker may be over by what another of its descriptors brought.
            elif (worker := self.workers.get(number)) is not None:
                if ready & READ and descriptor in worker.stream.open:
                    heard.add(worker)
                    yield from self._hear(worker, descriptor)
                if ready & WRITE and worker.stream.unsent is not None:
                    self._write(worker, worker.stream.unsent)
        now = time.monotonic()
        if now >= self._nearest:
            self._check_deadlines(now, heard)
        yield from self.pending()

    def pending(self) -> Iterator[WorkerEvent]:
        """Yield what has happened already, as by a command, without waiting."""
        while self._pending:
            yield self._pending.popleft()

    def begin_request(self, worker: Worker) -> None:
        """Note that an idle worker was given a request: from now on it may be lost with it."""
        worker.begin_request()

    def send(self, worker: Worker, ident: str, line: bytes, deadline: float) -> None:
        """Send the line of the request begun, to be answered under `ident` by `deadline`."""
        self._succession.before_request(worker)
        worker.client.expect(ident)
        # From now on, though the line may not fit yet: a harness that reads nothing is overdue too.
        worker.deadline = deadline
        self._watch(worker)
        self._write(worker, line)

    def takes_ahead(self, worker: Worker) -> bool:
        """Return whether a worker may have its next request before it answers.

        Its harness allows it, its requests are short, and it will go on after this one.
        """
        hello = worker.client.hello
        return (
            max(worker.pace, time.monotonic() - worker.sent_at) <= _SHORT
            and not self._succession.weighs
            and worker.state is State.SERVING
            and worker.stream.unsent is None
            and not (worker.leaving or worker.expires or worker.has_successor)
            and hello is not None
            and hello.ahead
        )

    def send_ahead(self, worker: Worker, ident: str, line: bytes) -> bool:
        """Send the line of a request that the worker begins once it has answered.

        Return False if it takes no more: what it has may be answered already.
        """
        try:
            worker.stream.write(line)
        except BrokenPipeError:
            worker.expires = True
            return False
        worker.client.expect(ident)
        return True

    def begin_ahead(self, worker: Worker, deadline: float) -> None:
        """Note that a worker goes on with what was sent ahead, to be answered by `deadline`."""
        worker.begin_request(ahead=True)
        self._succession.before_request(worker)
        worker.deadline = deadline
        self._watch(worker)

    def hurry(self, worker: Worker) -> None:
        """Leave a worker as long to answer as a start takes: then a fresh one would be there.

        A worker that has hung up or is being killed stays as it is.
        """
        if worker.state is State.SERVING:
            limit = time.monotonic() + self._succession.start_seconds
            worker.deadline = min(worker.deadline, limit)
            self._watch(worker)

    def serve_on(self, worker: Worker) -> bool:
        """Let a worker that has answered serve on, or retire it; return whether it serves on."""
        stays = self._succession.keeps(worker)
        if not stays:
            self.retire(worker)
        return stays

    def relieve(self) -> Worker | None:
        """Mark the worker as leaving whose successor serves now, and return it; it may be busy."""
        return self._succession.relieve(self.workers.values())

    def retire(self, worker: Worker) -> None:
        """Let an idle worker end by itself, by the end of its input, and replace it."""
        self._succession.replace(worker)
        worker.retire()
        self._watch(worker)

    @property
    def start_seconds(self) -> float:
        """How long the last start took that ended well."""
        return self._succession.start_seconds

    def expire(self) -> None:
        """Give the slot of the oldest worker with a request to a fresh one.

        Nothing changes if one is to end already, or no worker serves.
        """
        serving = [w for w in self.workers.values() if w.state is State.SERVING and not w.leaving]
        if serving and not any(worker.expires for worker in serving):
            self._succession.expire(min(serving, key=lambda worker: worker.number))

    def hang_up(self, worker: Worker) -> None:
        """Note that a worker closed a pipe, or has gone; soon its channel knows how it ended."""
        if worker.listened_to:
            if worker.requests:
                self._succession.replace(worker)
            worker.hang_up()
            self._watch(worker)

    def blame(self, worker: Worker, category: Category, what: str) -> None:
        """Kill a worker that cannot go on, and count it as lost."""
        self._kill(worker)
        self._lose(worker, category, what)

    def close(self) -> None:
        """End every worker, and those that are starting; return within about a second."""
        until = time.monotonic() + _CLOSING
        self._spawner.shut()
        # Last in, first out; each is done even if an executor's code raises in another.
        with ExitStack() as steps:
            steps.callback(self._selector.close)
            steps.callback(self._spawner.join, until)
            steps.callback(self._each_worker, self._bury)
            steps.callback(self._drain, until)
            steps.callback(self._each_worker, self._kill)
            steps.callback(self._welcome)

    def _drain(self, until: float) -> None:
        while self.workers and (pause := until - time.monotonic()) > 0:
            deque(self.events(pause), maxlen=0)  # nobody waits for what they say now

    def _each_worker(self, work: Callable[[Worker], None]) -> None:
        with ExitStack() as steps:
            for worker in list(self.workers.values()):
                steps.callback(work, worker)

    def _welcome(self) -> None:
        """Take on the workers that were started, and greet them."""
        for number, started_at, arrival in self._spawner.arrived():
            if isinstance(arrival, ExecutorError):
                self._failed_start(str(arrival), outside=isinstance(arrival, TransientError))
                continue
            client = Client(self._line_limit)
            stream = self._selector.attach(arrival, number)
            worker = Worker(number, started_at, arrival, client, stream)
            # The hello waits in the pipe while the harness loads, so no round trip is lost.
            worker.deadline = time.monotonic() + self._start_limit
            self.workers[number] = worker
            self._watch(worker)
            self._write(worker, client.greet())

    def _failed_start(self, account: str, *, outside: bool) -> None:
        if self._spawner.closed:
            return  # `close` has ended it
        oldest = living_seconds(self.workers.values())
        others = oldest > 0 or self.coming() > 0
        error = self._spawner.failed(account, outside=outside, others=others, oldest=oldest)
        self._nearest = min(self._nearest, self._spawner.due)
        self._pending.append(StartsGivenUp(error) if error else StartFailed(account))

    def _hear(self, worker: Worker, descriptor: int) -> Iterator[WorkerEvent]:
        chunk = worker.stream.read(descriptor)
        if chunk.err:
            worker.hear(chunk.err)
        if chunk.out:
            for event in worker.client.feed(chunk.out):
                # What a worker says after it was given up counts for nothing.
                if worker.listened_to:
                    self._understand(worker, event)
                    yield from self.pending()
        if chunk.closed:
            # Without the first descriptor there are no answers, though the others may stay open.
            if descriptor == worker.channel.filenos()[0]:
                self.hang_up(worker)
            if not worker.stream.open:
                self._bury(worker)
                if worker.state is State.HUNG_UP:
                    reason = worker.channel.exit_reason() or "it is gone"
                    self._lose(worker, Category.DIED, reason)
                yield from self.pending()

    def _understand(self, worker: Worker, event: Event) -> None:
        if isinstance(event, Broken):
            self.blame(worker, Category.ENGINE, event.message + self._suspects)
        elif worker.stream.unsent is not None and not worker.client.waits:
            what = "the harness answered before it was asked in full"
            self.blame(worker, Category.ENGINE, what + self._suspects)
        elif isinstance(event, Answered):
            worker.end_request(own_seconds(event.payload) or 0.0)
            # Else its next request would be lost with it, and cost an attempt.
            worker.expires |= event.payload.get("last") is not None
            self._spawner.succeeded()
            self._pending.append(WorkerAnswered(worker, event.payload))
        else:
            worker.serve()
            self._spawner.started()
            self._succession.start_seconds = time.monotonic() - worker.started_at
            self._pending.append(WorkerReady(worker, event.hello))

    def _write(self, worker: Worker, data: bytes | memoryview) -> None:
        try:
            worker.stream.write(data)
        except BrokenPipeError:
            self.hang_up(worker)

    def _bury(self, worker: Worker) -> None:
        worker.stream.detach()
        self.workers.pop(worker.number, None)
        worker.channel.release()

    def _kill(self, worker: Worker) -> None:
        # The end of a worker that had no request is a failed start: the spawner may make a pause.
        if worker.requests:
            self._succession.replace(worker)
        worker.kill()
        self._watch(worker)

    def _lose(self, worker: Worker, category: Category, what: str) -> None:
        account, outside = worker.account(what), bool(worker.channel.outside())
        if not worker.requests:
            self._failed_start(account, outside=outside)
            return
        self._pending.append(WorkerLost(worker, Failure(category, account, outside)))
        # Such a loss costs no request an attempt, so that patience alone bounds how often.
        if outside:
            error = self._spawner.disturbed(account, oldest=living_seconds(self.workers.values()))
            if error is not None:
                self._pending.append(StartsGivenUp(error))

    def _watch(self, worker: Worker) -> None:
        """Look at the worker's new deadline in time."""
        self._nearest = min(self._nearest, worker.deadline)

    def _check_deadlines(self, now: float, heard: Collection[Worker]) -> None:
        # A deadline that is put off changes `_nearest` only here: it may be too early, never late.
        for worker in [worker for worker in self.workers.values() if worker.deadline <= now]:
            if worker in heard and not worker.late:
                # More of its answer may wait to be read, where leanopt itself was held up.
                worker.late = True
                worker.deadline = now + _LATE
            else:
                self._expire(worker)
        if self._spawner.due <= now:
            self._spawner.catch_up()
        deadlines = (worker.deadline for worker in self.workers.values())
        self._nearest = min(self._spawner.due, *deadlines, math.inf)

    def _expire(self, worker: Worker) -> None:
        """Do what the table in `worker` says for a deadline that has passed."""
        match worker.state:
            case State.GREETING:
                said = f"it said no hello within {self._start_limit:g} s (executor.start_limit)"
                self.blame(worker, Category.DIED, said + self._suspects)
            case State.SERVING:
                self._kill(worker)
                self._pending.append(WorkerOverdue(worker))
            case State.HUNG_UP if worker.channel.outside() is None:
                worker.hang_up()  # the event that says who ended it is on its way
            case State.HUNG_UP:
                reason = worker.channel.exit_reason()
                said = reason or "it closed its input or output and went on running"
                self.blame(worker, Category.DIED, said)
            case State.ENDING:
                self._kill(worker)
            case State.KILLED:
                self._bury(worker)
