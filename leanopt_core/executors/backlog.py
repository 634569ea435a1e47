"""The requests that wait for a worker: first come, first served, retries before all others."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from leanopt_core.executors.task import Task
from leanopt_core.work import Request

T = TypeVar("T", bound=Hashable)


class Backlog(Generic[T]):
    """Requests by ticket, waiting or sent, and the order in which they are to be sent."""

    def __init__(self) -> None:
        self._tasks: dict[T, Task[T]] = {}
        self._fresh: deque[Task[T]] = deque()
        self._retries: deque[Task[T]] = deque()

    def __len__(self) -> int:
        """Return how many requests are waiting or sent."""
        return len(self._tasks)

    def add(self, ticket: T, request: Request) -> None:
        """Put a request at the end; raises ValueError for a ticket that is in use."""
        if ticket in self._tasks:
            raise ValueError(f"ticket {ticket!r} is already in use")
        task = self._tasks[ticket] = Task(ticket, request)
        self._fresh.append(task)

    def retry(self, task: Task[T]) -> None:
        """Put a request that was sent back in, for a worker that has served nothing yet."""
        self._retries.append(task)

    def retries(self) -> int:
        """Return how many requests wait to be sent again."""
        return len(self._retries)

    def next(self, *, retry: bool) -> Task[T] | None:
        """Return the next request, None where there is none; one to be sent again if `retry`."""
        if retry and self._retries:
            return self._retries.popleft()
        return self._fresh.popleft() if self._fresh else None

    def done(self, task: Task[T]) -> None:
        """Forget a request that has its answer or its failure."""
        del self._tasks[task.ticket]

    def withdraw(self, ticket: T) -> Task[T] | None:
        """Forget a request and return it, None where the ticket is not known."""
        task = self._tasks.pop(ticket, None)
        for queue in (self._fresh, self._retries):
            if task is not None and task in queue:
                queue.remove(task)
        return task
