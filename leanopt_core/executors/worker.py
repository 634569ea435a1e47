"""A worker, its states and its events.

Only the `WorkerSupervisor` changes a worker, with its `Succession`, by these rules:

    state     entered by                    deadline        when it passes    all streams close
    GREETING  a start that went well        `start_limit`   KILLED, lost      (1)
    SERVING   its hello                     its request's   KILLED, overdue   (1)
    ENDING    `retire`: its input closes    2 s             KILLED            released
    HUNG_UP   its output or input closed    0.5 s (2)       KILLED, lost      released, lost
    KILLED    `kill`                        3 s             released          released

(1) Its output is one of its streams, so it has HUNG_UP before.
(2) Again and again, while its channel finds out who ended it.

Breaking the protocol, in GREETING or SERVING, leads to KILLED, lost. For a worker that was given no
request, lost means a failed start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any, Final

from attrs import define, field, frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Channel
from leanopt_core.executors.streams import WorkerStream
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Hello
from leanopt_core.work import Failure

#: How much of a worker's standard error is kept, in bytes.
TAIL_LIMIT = 65536
# How long some states last at most, in seconds: see the table.
_HUNG_UP, _ENDING, _KILLED = 0.5, 2.0, 3.0
# What is left of a long request in a worker's pace after a shorter one.
_FORGETS = 0.9
# Between two looks at a worker's memory, in seconds: a look reads files of each of its processes.
_WEIGHING = 0.25


class State(Enum):
    """The state of a worker; the table above says how they follow each other."""

    GREETING = auto()
    SERVING = auto()
    ENDING = auto()
    HUNG_UP = auto()
    KILLED = auto()


_LISTENED_TO: Final = (State.GREETING, State.SERVING)


# Compared by identity: workers are keys in the pool's sets and dictionaries.
@define(eq=False)
class Worker:
    """One worker. Times are `time.monotonic` seconds.

    `late` says that its deadline was extended once. `requests` counts what it was given, `sent_at`
    is when it got the last, `pace` the longest that it took of late, a tenth less with each answer.
    `leaving` says that its slot belongs to another worker already, `has_successor` that this other
    worker was started, `expires` that it ends after the request that it has, or has ended by
    itself. `settled_memory` is what it held once it had settled, in bytes, `weigh_at` when to look
    again. `opened` is what it has reported to have opened.
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
    # Infinite until it is known, so that no successor starts early on a guess.
    pace: float = math.inf
    leaving: bool = False
    has_successor: bool = False
    expires: bool = False
    settled_memory: int | None = None
    weigh_at: float = -math.inf
    opened: tuple[Mapping[str, Any], ...] = ()
    # The end of its standard error, and how much of that was there when its request began.
    _tail: bytearray = field(factory=bytearray)
    _heard: int = 0

    @property
    def listened_to(self) -> bool:
        """Whether its output counts."""
        return self.state in _LISTENED_TO

    def serve(self) -> None:
        """Leave GREETING; an idle worker has no deadline."""
        self.state = State.SERVING
        self.deadline = math.inf

    def begin_request(self, *, ahead: bool = False) -> None:
        """Count a request. What the worker wrote before says nothing about it.

        If it was sent `ahead`, what was written during the request before may be its own.
        """
        self.requests += 1
        self.sent_at = time.monotonic()
        self.late = False
        del self._tail[: self._heard if ahead else None]
        self._heard = len(self._tail)

    def end_request(self, own: float) -> None:
        """Note that the request was answered, which took `own` seconds as the harness says."""
        # What was sent ahead may have begun before the answer before it was read.
        took = max(time.monotonic() - self.sent_at, own)
        self.pace = took if self.requests == 1 else max(took, _FORGETS * self.pace)
        self.deadline = math.inf

    def retire(self) -> None:
        """Let it end by itself, by the end of its input."""
        # First: this stops the watch for writing on the descriptor that `end` closes.
        self._enter(State.ENDING, _ENDING)
        self.channel.end()

    def hang_up(self) -> None:
        """Wait until its channel knows how it ended."""
        self._enter(State.HUNG_UP, _HUNG_UP)

    def kill(self) -> None:
        """Begin to end it with all it started."""
        self._enter(State.KILLED, _KILLED)
        self.channel.kill()

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

    def _enter(self, state: State, limit: float) -> None:
        # From these states none goes back to work, so that what was not sent is not needed.
        self.stream.mute()
        self.state = state
        self.deadline = time.monotonic() + limit

    def hear(self, errors: bytes) -> None:
        """Keep the end of what the worker writes to standard error."""
        self._tail += errors
        over = max(0, len(self._tail) - TAIL_LIMIT)
        del self._tail[:over]
        self._heard = max(0, self._heard - over)

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


def living_seconds(workers: Iterable[Worker]) -> float:
    """Return for how long the oldest worker has lived that serves or will; 0 if there is none."""
    started = min((worker.started_at for worker in workers if worker.listened_to), default=None)
    return 0.0 if started is None else time.monotonic() - started


@frozen
class WorkerReady:
    """A worker has said hello and can take a request."""

    worker: Worker
    hello: Hello


# Not frozen: each backtest has one, and a frozen one takes three times as long to make.
@define
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
