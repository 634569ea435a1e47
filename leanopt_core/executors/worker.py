"""What the pool knows about one worker."""

from __future__ import annotations

import math
from collections.abc import Hashable
from enum import Enum, auto
from typing import Generic, TypeVar

from attrs import define, field

from leanopt_core.executors.base import Channel
from leanopt_core.executors.folder import Folder
from leanopt_core.executors.task import Task
from leanopt_core.harness.client import Client

T = TypeVar("T", bound=Hashable)

#: How much of a worker's standard error is kept, in bytes.
TAIL_LIMIT = 65536


class State(Enum):
    """Where a worker is in its life."""

    GREETING = auto()  #: started, has not said hello
    SERVING = auto()  #: busy with a task, or idle
    ENDING = auto()  #: asked to end by itself, at the end of its input
    HUNG_UP = auto()  #: has closed its output, or reads no more: what became of it is not yet known
    KILLED = auto()  #: being ended by force


@define(eq=False)
class Worker(Generic[T]):
    """One worker as the pool sees it.

    `begun` is when its start began, `deadline` when its state lasts too long, in `time.monotonic`
    seconds; `late` says it was put off once. `given` counts the requests it was given. `leaving`
    says that its place belongs to another worker already, `preceded` that another is being started
    to take it. `pace` is how long its last request took, in seconds. `folder` is that of its task;
    `held` says that the last one has not been read and would be lost with the worker. `open` are
    the descriptors that have not closed. `weight` is its memory in bytes when it had settled,
    `weigh_at` when to look again.
    """

    number: int
    begun: float
    channel: Channel
    client: Client
    deadline: float
    open: set[int]
    state: State = State.GREETING
    task: Task[T] | None = None
    given: int = 0
    leaving: bool = False
    preceded: bool = False
    pace: float = math.inf
    folder: Folder | None = None
    held: bool = False
    late: bool = False
    unsent: memoryview | None = None
    weight: int | None = None
    weigh_at: float = -math.inf
    _tail: bytearray = field(factory=bytearray)

    def take(self, task: Task[T]) -> None:
        """Become responsible for a request; what was written before it tells nothing about it."""
        self.task = task
        self.given += 1
        self.late = False
        self._tail.clear()

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
