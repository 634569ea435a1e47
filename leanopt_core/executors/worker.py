"""A worker: its states, what can happen to it, and when a fresh one replaces it.

Only `WorkerSupervisor` changes a worker, by these rules:

    state     from                          deadline    when it passes    when all streams close
    GREETING  a start that went well        60 s (1)    KILLED            released
    SERVING   its hello                     its job's   KILLED, overdue   HUNG_UP first (2)
    ENDING    retired: its input closes     2 s         KILLED            released
    HUNG_UP   its output or input closed    0.5 s (3)   KILLED, lost      released, lost
    KILLED    killed                        3 s         released          released

(1) `start_limit`. (2) Its answers end first, so a worker that serves or greets hangs up before all
of its streams have closed. (3) Again and again, while its channel finds out who ended it.

A worker that breaks the protocol goes to KILLED and is lost. A worker that is lost before its
first request counts as a failed start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any

from attrs import define, field, frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors import tree
from leanopt_core.executors.base import Channel
from leanopt_core.executors.streams import WorkerStream
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Hello
from leanopt_core.work import Failure

#: How much of a worker's standard error is kept, in bytes.
TAIL_LIMIT = 65536
# Between two looks at a worker's memory, in seconds: a look takes some 50 microseconds.
_WEIGHING = 0.25


class State(Enum):
    """The state of a worker; the table above says how they follow each other."""

    GREETING = auto()
    SERVING = auto()
    ENDING = auto()
    HUNG_UP = auto()
    KILLED = auto()


@define(eq=False)
class Worker:
    """One worker. Times are `time.monotonic` seconds.

    `late` says that its deadline was extended once. `requests` counts what it was given, `sent_at`
    is when it got the last, `last_seconds` how long it took to answer one. `leaving` says that its
    slot belongs to another worker already, `has_successor` that this other worker was started.
    `settled_memory` is what it held once it had settled, in bytes, `weigh_at` when to look again.
    """

    number: int
    started_at: float
    channel: Channel
    client: Client
    stream: WorkerStream
    state: State = State.GREETING
    deadline: float = math.inf
    late: bool = False
    requests: int = 0
    sent_at: float = 0.0
    last_seconds: float = math.inf
    leaving: bool = False
    has_successor: bool = False
    settled_memory: int | None = None
    weigh_at: float = -math.inf
    _tail: bytearray = field(factory=bytearray)

    @property
    def heard(self) -> bool:
        """Whether what it says still counts."""
        return self.state in (State.GREETING, State.SERVING)

    def begin_request(self) -> None:
        """Count a request. What the worker wrote before says nothing about it."""
        self.requests += 1
        self.sent_at = time.monotonic()
        self.late = False
        self._tail.clear()

    def grown(self) -> int:
        """Return by how many bytes it has grown since the first call; 0 between two looks."""
        now = time.monotonic()
        if now < self.weigh_at:
            return 0
        self.weigh_at = now + _WEIGHING
        held = self.channel.memory()
        if self.settled_memory is None or held is None:
            self.settled_memory = held
            return 0
        return held - self.settled_memory

    def hear(self, errors: bytes) -> None:
        """Keep the end of what the worker writes to standard error."""
        self._tail += errors
        del self._tail[:-TAIL_LIMIT]

    def account(self, what: str) -> str:
        """Return a message about this worker: what happened, and what it had written."""
        parts = [what]
        if self.client.skipped:
            parts.append(
                f"lines on its standard output that were no answers: {self.client.skipped},"
                f" the first: {self.client.first_skipped}"
            )
        written = self._tail.decode(errors="replace").strip()
        if written:
            parts.append(f"the end of its standard error:\n{written}")
        return "\n".join(parts)


@frozen
class WorkerReady:
    """A worker has said hello and can take a request."""

    worker: Worker
    hello: Hello


@frozen
class WorkerAnswered:
    """A worker has answered its request; `payload` is the parsed line."""

    worker: Worker
    payload: Mapping[str, Any]


@frozen
class WorkerOverdue:
    """A worker has passed its request's deadline; it is being killed."""

    worker: Worker


@frozen
class WorkerLost:
    """A worker that was given at least one request is gone, with or without one now."""

    worker: Worker
    failure: Failure


@frozen
class StartFailed:
    """A worker never came to work; another one is started. `account` says what happened."""

    account: str


@frozen
class StartsGivenUp:
    """No more workers are started; `error` says why."""

    error: ExecutorError


WorkerEvent = (
    WorkerReady | WorkerAnswered | WorkerOverdue | WorkerLost | StartFailed | StartsGivenUp
)


@frozen
class Recycling:
    """When a worker that works well is replaced; `Pool` and `Launch` say what each field means."""

    after: int | None
    growth: int | None
    settled_after: int

    def used_up(self, worker: Worker) -> bool:
        """Return whether the request that the worker gets now is its last."""
        return self.after is not None and worker.requests >= self.after

    def nearly_used_up(self, worker: Worker, start_seconds: float) -> bool:
        """Return whether the worker's last requests take no longer than a start."""
        if self.after is None:
            return False
        left = self.after - worker.requests + 1
        return left * worker.last_seconds <= start_seconds and has_spare_memory(worker)

    def outgrown(self, worker: Worker) -> bool:
        """Return whether the worker holds too much more than when it had settled."""
        if self.growth is None or worker.requests < self.settled_after:
            return False
        return worker.grown() > self.growth


def serving_seconds(workers: Iterable[Worker]) -> float:
    """Return for how long the oldest worker that serves has lived, in seconds; 0 if none serves."""
    started = min((w.started_at for w in workers if w.state is State.SERVING), default=None)
    return 0.0 if started is None else time.monotonic() - started


def relieved(workers: Iterable[Worker], slots: int) -> Worker | None:
    """Return the worker that must leave for its successor, None if a slot is free for it.

    A slot is free where a worker has died since the successor's start.
    """
    serving = [w for w in workers if w.state is State.SERVING and not w.leaving]
    if len(serving) <= slots:
        return None
    return min((w for w in serving if w.has_successor), key=lambda w: w.number, default=None)


def has_spare_memory(worker: Worker) -> bool:
    """Return whether there is memory for a second worker like this one, False if unknown.

    A worker whose memory is known runs on this machine, in a container or not.
    """
    held, free = worker.channel.memory(), tree.available()
    return held is not None and free is not None and held <= free
