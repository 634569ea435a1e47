"""The lives of the workers: started, greeted, heard, ended, replaced. Requests are the owner's.

No timer is kept for a request: each worker has one deadline, and the crew knows a time before
which none can pass.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.alarm import Alarm
from leanopt_core.executors.base import Channel
from leanopt_core.executors.owner import Owner
from leanopt_core.executors.patience import Patience
from leanopt_core.executors.spawner import Spawner
from leanopt_core.executors.wires import READ, WRITE, Wires
from leanopt_core.executors.worker import State, Worker
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Answered, Broken, Event
from leanopt_core.work import Category, Failure

T = TypeVar("T", bound=Hashable)

# How long, in seconds: a worker that hung up may take to be over; one asked to end to do so; one
# being killed to be gone; closing altogether; waiting at most without looking up; a worker that was
# just heard may be late.
_HUNG_UP, _ENDING, _KILLED, _CLOSING, _LONGEST, _LATE = 0.5, 2.0, 3.0, 0.9, 3600.0, 0.5
_LISTENED_TO = (State.GREETING, State.SERVING)


class Crew(Generic[T]):
    """As many workers as there are places, whatever happens to them."""

    def __init__(
        self,
        spawn: Callable[[int], Channel],
        size: int,
        owner: Owner[T],
        *,
        start_limit: float,
        start_patience: float,
        line_limit: int,
    ) -> None:
        self._size = size
        self._owner = owner
        self._start_limit = start_limit
        self._line_limit = line_limit
        self._alarm = Alarm()
        self._wires: Wires[T] = Wires(self._alarm)
        patience = Patience(start_patience)
        self._spawner = Spawner(spawn, self._alarm.ring, patience, owner.given_up)
        self._nearest = math.inf
        #: How long the last start took that ended well, in seconds.
        self.start_took = 0.0
        #: Every worker that is not over.
        self.workers: set[Worker[T]] = set()

    def start(self) -> None:
        """Begin to start all workers."""
        for _ in range(self._size):
            self._spawner.begin()

    def coming(self) -> int:
        """Return how many workers are on their way to their first request."""
        greeting = sum(worker.state is State.GREETING for worker in self.workers)
        return self._spawner.pending() + greeting

    def wake(self) -> None:
        """End a `turn` that waits; from any thread or signal handler."""
        self._alarm.ring()

    def turn(self, pause: float) -> None:
        """Wait until something happens, `pause` seconds at most, and attend to all that has."""
        heard = set()
        for worker, descriptor, ready in self._wires.wait(
            min(pause, self._nearest - time.monotonic(), _LONGEST)
        ):
            if worker is None:
                self._alarm.hush()
                self._welcome()
                self._owner.woken()
                continue
            if ready & READ and descriptor in worker.open:
                heard.add(worker)
                self._hear(worker, descriptor)
            if ready & WRITE and worker.unsent is not None:
                self._write(worker, worker.unsent)
        now = time.monotonic()
        if now >= self._nearest:
            self._look_at_deadlines(now, heard)

    def send(self, worker: Worker[T], line: bytes, deadline: float) -> None:
        """Send an idle worker a request line, to be answered by `deadline`."""
        self._due(worker, deadline)
        self._write(worker, line)

    def hurry(self, worker: Worker[T]) -> None:
        """Leave a worker at most the time that a start takes to answer: then a fresh one is there.

        A worker that is hung up or being killed stays as it is.
        """
        if worker.state is State.SERVING:
            self._due(worker, min(worker.deadline, time.monotonic() + self.start_took))

    def replace(self, worker: Worker[T]) -> None:
        """Give the worker's place to another, which starts now or is on its way.

        This one is to be ended.
        """
        if not worker.leaving:
            self.precede(worker)
            worker.leaving = True

    def precede(self, worker: Worker[T]) -> None:
        """Start the worker's successor; this one serves until `relieved` names it."""
        if not worker.preceded:
            worker.preceded = True
            self._spawner.begin()

    def relieved(self) -> Worker[T] | None:
        """Return a worker whose place is needed for its successor, None where there is none."""
        serving = [w for w in self.workers if w.state is State.SERVING and not w.leaving]
        if len(serving) <= self._size:
            return None
        return min((w for w in serving if w.preceded), key=lambda w: w.number, default=None)

    def retire(self, worker: Worker[T]) -> None:
        """Let an idle worker end by itself, by the end of its input, and replace it."""
        self.replace(worker)
        self._wires.mute(worker)
        worker.state = State.ENDING
        self._due(worker, time.monotonic() + _ENDING)
        worker.channel.end()

    def kill(self, worker: Worker[T]) -> None:
        """End a worker with everything it started; one that was given work is replaced."""
        if worker.given:
            self.replace(worker)
        self._wires.mute(worker)
        worker.state = State.KILLED
        self._due(worker, time.monotonic() + _KILLED)
        worker.channel.kill()

    def blame(self, worker: Worker[T], category: Category, what: str) -> None:
        """Kill a worker that cannot go on, and tell the owner what happened."""
        self.kill(worker)
        self._lose(worker, category, what)

    def close(self) -> None:
        """End every worker, and those that are starting; returns within about a second."""
        until = time.monotonic() + _CLOSING
        self._spawner.shut()
        self._welcome()
        for worker in self.workers:
            self.kill(worker)
        while self.workers and (pause := until - time.monotonic()) > 0:
            self.turn(pause)
        for worker in list(self.workers):
            self._bury(worker)
        self._spawner.join(until)
        self._wires.close()
        self._alarm.close()

    def _welcome(self) -> None:
        """Take on the workers that have been started."""
        for number, begun, arrival in self._spawner.arrived():
            if isinstance(arrival, ExecutorError):
                self._failed_start(str(arrival), outside=isinstance(arrival, TransientError))
                continue
            client = Client(self._line_limit)
            worker = Worker[T](number, begun, arrival, client, math.inf, set(arrival.filenos()))
            self.workers.add(worker)
            self._wires.attach(worker)
            self._due(worker, time.monotonic() + self._start_limit)
            self._write(worker, client.greet())

    def _failed_start(self, account: str, *, outside: bool) -> None:
        if self._spawner.closed:
            return
        oldest = self._oldest()
        others = oldest > 0 or self.coming() > 0
        if self._spawner.failed(account, outside=outside, others=others, oldest=oldest):
            self._nearest = min(self._nearest, self._spawner.due)
            self._owner.unstarted(account)

    def _oldest(self) -> float:
        """Return the age of the oldest worker that serves, in seconds; 0 where none does."""
        begun = [worker.begun for worker in self.workers if worker.state is State.SERVING]
        return time.monotonic() - min(begun) if begun else 0.0

    def _hear(self, worker: Worker[T], descriptor: int) -> None:
        chunk = self._wires.read(worker, descriptor)
        if chunk.err:
            worker.hear(chunk.err)
        if chunk.out:
            for event in worker.client.feed(chunk.out):
                # What comes after a worker was given up counts for nothing.
                if worker.state in _LISTENED_TO:
                    self._understand(worker, event)
        if chunk.closed:
            if descriptor == worker.channel.filenos()[0]:
                self.hang_up(worker)
            if not worker.open:
                self._over(worker)

    def _understand(self, worker: Worker[T], event: Event) -> None:
        if isinstance(event, Broken):
            self.blame(worker, Category.ENGINE, event.message)
        elif worker.unsent is not None:
            self.blame(worker, Category.ENGINE, "the harness answered before it was asked in full")
        elif isinstance(event, Answered):
            worker.deadline = math.inf
            self._spawner.succeeded()
            self._owner.answered(worker, event.payload)
        else:
            worker.state = State.SERVING
            worker.deadline = math.inf
            self.start_took = time.monotonic() - worker.begun
            self._owner.greeted(worker, event.hello)

    def _write(self, worker: Worker[T], data: bytes | memoryview) -> None:
        try:
            self._wires.write(worker, data)
        except BrokenPipeError:
            self.hang_up(worker)

    def hang_up(self, worker: Worker[T]) -> None:
        """Note that a worker has closed a pipe: how it ended, if it did, will be known soon."""
        if worker.state in _LISTENED_TO:
            if worker.given:
                self.replace(worker)
            self._wires.mute(worker)
            worker.state = State.HUNG_UP
            self._due(worker, time.monotonic() + _HUNG_UP)

    def _over(self, worker: Worker[T]) -> None:
        hung_up = worker.state is State.HUNG_UP
        self._bury(worker)
        if hung_up:
            self._lose(worker, Category.DIED, worker.channel.exit_reason() or "it is gone")

    def _bury(self, worker: Worker[T]) -> None:
        self._wires.detach(worker)
        self.workers.discard(worker)
        worker.channel.release()

    def _lose(self, worker: Worker[T], category: Category, what: str) -> None:
        account, outside = worker.account(what), bool(worker.channel.outside())
        if not worker.given:
            self._failed_start(account, outside=outside)
            return
        self._owner.lost(worker, Failure(category, account, outside))
        if outside:
            self._spawner.disturbed(account, oldest=self._oldest())

    def _due(self, worker: Worker[T], deadline: float) -> None:
        worker.deadline = deadline
        self._nearest = min(self._nearest, deadline)

    def _look_at_deadlines(self, now: float, heard: Collection[Worker[T]]) -> None:
        # Deadlines move back without notice, so that the time known may be too early, never late.
        for worker in [worker for worker in self.workers if worker.deadline <= now]:
            if worker in heard and not worker.late:
                # Its answer may wait to be read: leanopt itself may have been held up.
                worker.late = True
                worker.deadline = now + _LATE
            else:
                self._too_long(worker)
        if self._spawner.due <= now:
            self._spawner.catch_up()
        deadlines = (worker.deadline for worker in self.workers)
        self._nearest = min(self._spawner.due, *deadlines, math.inf)

    def _too_long(self, worker: Worker[T]) -> None:
        match worker.state:
            case State.GREETING:
                said = f"it said no hello within {self._start_limit:g} s"
                self.blame(worker, Category.DIED, said)
            case State.SERVING:
                self._owner.overdue(worker)
                self.kill(worker)
            case State.HUNG_UP if worker.channel.outside() is None:
                self._due(worker, time.monotonic() + _HUNG_UP)
            case State.HUNG_UP:
                reason = worker.channel.exit_reason()
                said = reason or "it closed its input or output and went on running"
                self.blame(worker, Category.DIED, said)
            case State.ENDING:
                self.kill(worker)
            case State.KILLED:
                self._bury(worker)
