"""The lives of the workers: started, greeted, heard, ended, replaced. Requests are the pool's.

All descriptors are watched by one selector. No timer is kept for a request: each worker has one
deadline, and the crew knows a time before which none can pass.
"""

from __future__ import annotations

import math
import selectors
import time
from collections.abc import Callable, Hashable, Mapping
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.alarm import Alarm
from leanopt_core.executors.base import Channel
from leanopt_core.executors.spawner import Spawner
from leanopt_core.executors.worker import State, Worker
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Answered, Broken, Event, Hello
from leanopt_core.work import Category, Failure

T = TypeVar("T", bound=Hashable)

# How long, in seconds: a worker that hung up may take to be over; one asked to end to do so; one
# being killed to be gone; closing altogether; waiting at most without looking up.
_HUNG_UP, _ENDING, _KILLED, _CLOSING, _LONGEST = 0.5, 2.0, 3.0, 0.9, 3600.0
# How many starts in a row may fail while no worker serves; the longest pause before another try.
_STARTS, _PAUSE = 3, 30.0
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Owner(Protocol[T]):
    """Who is told what happens to the workers."""

    def greeted(self, worker: Worker[T], hello: Hello) -> None:
        """Learn that a worker has said hello and waits for work."""
        ...

    def answered(self, worker: Worker[T], payload: Mapping[str, Any]) -> None:
        """Learn that a worker has answered its request."""
        ...

    def overdue(self, worker: Worker[T]) -> None:
        """Learn that a worker has passed its request's deadline; it is being killed."""
        ...

    def lost(self, worker: Worker[T], failure: Failure) -> None:
        """Learn that a worker is gone; it may have had a request."""
        ...

    def unstarted(self, account: str, *, hopeless: bool) -> None:
        """Learn that a worker could not be started; `hopeless` where that is the end of trying."""
        ...


class Crew(Generic[T]):
    """As many workers as there are places, whatever happens to them."""

    def __init__(
        self,
        spawn: Callable[[int], Channel],
        size: int,
        owner: Owner[T],
        *,
        start_limit: float,
        line_limit: int,
    ) -> None:
        self._size = size
        self._owner = owner
        self._start_limit = start_limit
        self._line_limit = line_limit
        self._alarm = Alarm()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._alarm, _READ)
        self._spawner = Spawner(spawn, self._alarm.ring)
        self._numbers = count(1)
        self._nearest = math.inf
        self._failed_starts = 0
        self._missing = 0
        self._try_again = math.inf
        self._closed = False
        #: Every worker that is not over.
        self.workers: set[Worker[T]] = set()

    def start(self) -> None:
        """Begin to start all workers."""
        for _ in range(self._size):
            self._spawn()

    def coming(self) -> int:
        """Return how many workers are on their way to their first request."""
        greeting = sum(worker.state is State.GREETING for worker in self.workers)
        return self._spawner.pending() + greeting

    def wake(self) -> None:
        """End a `turn` that waits; from any thread or signal handler."""
        self._alarm.ring()

    def turn(self, pause: float) -> None:
        """Wait until something happens, `pause` seconds at most, and attend to all that has."""
        pause = min(pause, self._nearest - time.monotonic(), _LONGEST)
        for key, ready in self._selector.select(max(0.0, pause)):
            worker = key.data
            if worker is None:
                self._alarm.hush()
                self._welcome()
                continue
            if ready & _READ and key.fd in worker.open:
                self._hear(worker, key.fd)
            if ready & _WRITE and worker.unsent is not None:
                self._write(worker, worker.unsent)
        now = time.monotonic()
        if now >= self._nearest:
            self._look_at_deadlines(now)

    def send(self, worker: Worker[T], line: bytes, deadline: float) -> None:
        """Send an idle worker a request line, to be answered by `deadline`."""
        self._due(worker, deadline)
        self._write(worker, line)

    def replace(self, worker: Worker[T]) -> None:
        """Give the worker's place to another, which starts now; this one is to be ended."""
        if not worker.leaving:
            worker.leaving = True
            self._spawn()

    def retire(self, worker: Worker[T]) -> None:
        """Let an idle worker end by itself, by the end of its input, and replace it."""
        self.replace(worker)
        self._mute(worker)
        worker.state = State.ENDING
        self._due(worker, time.monotonic() + _ENDING)
        worker.channel.end()

    def kill(self, worker: Worker[T]) -> None:
        """End a worker with everything it started, and replace it; its owner is not told."""
        if worker.given:
            self.replace(worker)
        self._mute(worker)
        worker.state = State.KILLED
        self._due(worker, time.monotonic() + _KILLED)
        worker.channel.kill()

    def blame(self, worker: Worker[T], category: Category, what: str) -> None:
        """Kill a worker that cannot go on, and tell its owner what happened."""
        self.kill(worker)
        self._lose(worker, category, what)

    def close(self) -> None:
        """End every worker, and those that are starting; returns within about a second."""
        self._closed = True
        until = time.monotonic() + _CLOSING
        for worker in self.workers:
            self.kill(worker)
        self._spawner.shut()
        while self.workers and (pause := until - time.monotonic()) > 0:
            self.turn(pause)
        for worker in list(self.workers):
            self._bury(worker)
        self._spawner.join(until)
        self._selector.close()
        self._alarm.close()

    def _spawn(self) -> None:
        if not self._closed:
            self._spawner.begin(next(self._numbers))

    def _welcome(self) -> None:
        """Take on the workers that have been started."""
        for number, arrival in self._spawner.arrived():
            if isinstance(arrival, ExecutorError):
                self._failed_start(str(arrival))
                continue
            worker = Worker[T](
                number, arrival, Client(self._line_limit), math.inf, set(arrival.filenos())
            )
            self.workers.add(worker)
            for descriptor in worker.open:
                self._selector.register(descriptor, _READ, worker)
            self._due(worker, time.monotonic() + self._start_limit)
            self._write(worker, worker.client.greet())

    def _failed_start(self, account: str) -> None:
        """Try again: at once, after some failures later; give up where nobody else is left."""
        self._failed_starts += 1
        if self._failed_starts < _STARTS:
            self._spawn()
        elif self.coming() or any(worker.state is State.SERVING for worker in self.workers):
            self._missing += 1
            pause = min(_PAUSE, 0.125 * 2**self._failed_starts)
            self._try_again = time.monotonic() + pause
            self._nearest = min(self._nearest, self._try_again)
            self._owner.unstarted(account, hopeless=False)
        else:
            self._owner.unstarted(account, hopeless=True)

    def _hear(self, worker: Worker[T], descriptor: int) -> None:
        chunk = worker.channel.read(descriptor)
        if chunk.err:
            worker.hear(chunk.err)
        # What comes after a worker was given up counts for nothing.
        if chunk.out and worker.state in (State.GREETING, State.SERVING):
            for event in worker.client.feed(chunk.out):
                self._understand(worker, event)
        if chunk.closed and descriptor in worker.open:
            self._selector.unregister(descriptor)
            worker.open.discard(descriptor)
            if descriptor == worker.channel.filenos()[0]:
                self._hang_up(worker)
            if not worker.open:
                self._over(worker)

    def _understand(self, worker: Worker[T], event: Event) -> None:
        if isinstance(event, Broken):
            self.blame(worker, Category.ENGINE, event.message)
        elif worker.unsent is not None:
            self.blame(worker, Category.ENGINE, "the harness answered before it was asked in full")
        elif isinstance(event, Answered):
            worker.deadline = math.inf
            self._failed_starts = 0
            self._owner.answered(worker, event.payload)
        else:
            worker.state = State.SERVING
            worker.deadline = math.inf
            self._owner.greeted(worker, event.hello)

    def _write(self, worker: Worker[T], data: bytes | memoryview) -> None:
        """Send what fits now; the rest when there is room."""
        try:
            sent = worker.channel.write(data)
        except BrokenPipeError:
            self._hang_up(worker)
            return
        if sent == len(data):
            self._mute(worker)
            return
        if worker.unsent is None:
            self._watch_writing(worker, on=True)
        worker.unsent = memoryview(data)[sent:]

    def _mute(self, worker: Worker[T]) -> None:
        """Send nothing more of what is not yet sent."""
        if worker.unsent is not None:
            worker.unsent = None
            self._watch_writing(worker, on=False)

    def _watch_writing(self, worker: Worker[T], *, on: bool) -> None:
        descriptor = worker.channel.write_fileno()
        # A channel over a socket reads and writes by the same descriptor.
        if descriptor in worker.open:
            self._selector.modify(descriptor, _READ | _WRITE if on else _READ, worker)
        elif on:
            self._selector.register(descriptor, _WRITE, worker)
        elif descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _hang_up(self, worker: Worker[T]) -> None:
        """Note that a worker has closed a pipe: how it ended, if it did, will be known soon."""
        if worker.state in (State.GREETING, State.SERVING):
            if worker.given:
                self.replace(worker)
            self._mute(worker)
            worker.state = State.HUNG_UP
            self._due(worker, time.monotonic() + _HUNG_UP)

    def _over(self, worker: Worker[T]) -> None:
        hung_up = worker.state is State.HUNG_UP
        self._bury(worker)
        if hung_up:
            self._lose(worker, Category.DIED, worker.channel.fate() or "it is gone")

    def _bury(self, worker: Worker[T]) -> None:
        self._mute(worker)
        for descriptor in worker.open:
            self._selector.unregister(descriptor)
        worker.open.clear()
        self.workers.discard(worker)
        worker.channel.release()

    def _lose(self, worker: Worker[T], category: Category, what: str) -> None:
        account = worker.account(what)
        if worker.given:
            self._owner.lost(worker, Failure(category, account))
        else:
            self._failed_start(account)

    def _due(self, worker: Worker[T], deadline: float) -> None:
        worker.deadline = deadline
        self._nearest = min(self._nearest, deadline)

    def _look_at_deadlines(self, now: float) -> None:
        # Deadlines move back without notice, so that the time known may be too early, never late.
        for worker in [worker for worker in self.workers if worker.deadline <= now]:
            self._too_long(worker)
        if self._try_again <= now:
            self._try_again = math.inf
            missing, self._missing = self._missing, 0
            for _ in range(missing):
                self._spawn()
        self._nearest = min((worker.deadline for worker in self.workers), default=math.inf)
        self._nearest = min(self._nearest, self._try_again)

    def _too_long(self, worker: Worker[T]) -> None:
        match worker.state:
            case State.GREETING:
                said = f"it said no hello within {self._start_limit:g} s"
                self.blame(worker, Category.DIED, said)
            case State.SERVING:
                self._owner.overdue(worker)
                self.kill(worker)
            case State.HUNG_UP:
                fate = worker.channel.fate()
                said = fate or "it closed its input or output and went on running"
                self.blame(worker, Category.DIED, said)
            case State.ENDING:
                self.kill(worker)
            case State.KILLED:
                self._bury(worker)
