"""One request of the pool: on its way, and at its end."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from attrs import define, frozen

from leanopt_core.work import Answer, Failure, Request

T = TypeVar("T", bound=Hashable)


@define(eq=False)
class Task(Generic[T]):
    """One request on its way: its caller's ticket, and how often and when it was sent.

    `disturbed` counts the attempts that were ended from outside. `withdrawn` says that nobody waits
    for it any more.
    """

    ticket: T
    request: Request
    attempts: int = 0
    disturbed: int = 0
    sent: float = 0.0
    withdrawn: bool = False


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
