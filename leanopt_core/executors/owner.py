"""What a crew tells its owner of the workers' lives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol, TypeVar

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.worker import Worker
from leanopt_core.harness.events import Hello
from leanopt_core.work import Failure

T = TypeVar("T", bound=Hashable)


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
        """Learn that a worker that was given work is gone; it may have a request."""
        ...

    def woken(self) -> None:
        """Learn that `wake` was called since the last time."""
        ...

    def unstarted(self, account: str) -> None:
        """Learn that a worker never came to work; another one is started."""
        ...

    def given_up(self, error: ExecutorError) -> None:
        """Learn why no more workers are started."""
        ...
