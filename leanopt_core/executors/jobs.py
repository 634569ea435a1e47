"""The jobs of a pool: which request waits, which worker has which, and how each ended.

Also the input of a worker for one request: the folder of its files, and its line.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from itertools import count
from typing import BinaryIO, Generic, TypeVar

from attrs import define, frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Channel
from leanopt_core.executors.worker import Worker
from leanopt_core.harness.events import own_seconds
from leanopt_core.harness.framing import fill_in, request_line
from leanopt_core.work import REQUEST, Answer, Failure, Request

T = TypeVar("T", bound=Hashable)


@define(eq=False)
class Job(Generic[T]):
    """One request on its way under its caller's ticket; only its `JobQueue` changes it.

    `attempts` counts how often a worker began it, `disturbed` how many of these were ended from
    outside. `ident` is the id under which it was sent last, `folder` the one of its files at that
    worker, None if it needs none, `sent_at` when, `begun_at` when that worker had answered what it
    had been sent before. `withdrawn` says that nobody waits for it any more, `fresh` that only a
    worker may have it that has run nothing.
    """

    ticket: T
    request: Request
    fresh: bool = False
    ident: str = ""
    folder: RequestFolder | None = None
    attempts: int = 0
    disturbed: int = 0
    sent_at: float = 0.0
    begun_at: float = 0.0
    withdrawn: bool = False

    def put(self, worker: Worker, limit: float | None) -> bytes:
        """Write the request's files into its folder at the worker, and return its line.

        `limit` is the time limit in seconds, sent to harnesses that speak the protocol.
        Raises ExecutorError if that is not possible, TransientError if the worker has gone.
        """
        request, hello, folder = self.request, worker.client.hello, self.folder
        fill = worker.channel.fill if folder is None else folder.fill
        if folder is not None:
            for name, text in request.files.items():
                folder.put(name, fill_in(text, request.placeholders, fill))
        payload = fill_in(request.payload, request.placeholders, fill)
        known = limit if hello is not None and hello.protocol else None
        return request_line(self.ident, payload, time_limit=known)


@frozen
class RequestFolder:
    """The folder `name` of one request below its worker's scratch folder: `Files` of its answer.

    It holds its worker's channel, so that the files outlive the worker. `removed` is called after
    `remove`, in its thread.
    """

    channel: Channel
    name: str
    removed: Callable[[], None] | None = None

    def fill(self, text: str) -> str:
        """Return `text` with `{request}` and the worker's placeholders filled in."""
        # By way of `{scratch}`: only the channel knows where the worker sees that folder.
        return self.channel.fill(text.replace(REQUEST, f"{{scratch}}/{self.name}"))

    def put(self, name: str, text: str) -> None:
        """Write a file; raises ExecutorError if it cannot be written."""
        self.channel.put(f"{self.name}/{name}", text.encode())

    def names(self) -> Sequence[str]:
        """Return every plain file's name from the folder, sorted."""
        return self.channel.names(self.name)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        return self.channel.open(f"{self.name}/{name}")

    def remove(self) -> None:
        """Remove the folder with all in it; if that is not possible, it goes with the worker."""
        with suppress(ExecutorError):
            self.channel.remove(self.name)
        # Also after a failure: the pool holds the worker until then.
        if self.removed is not None:
            self.removed()


# Not frozen: each backtest has one, and a frozen one takes three times as long to make.
@define
class Finished(Generic[T]):
    """The end of a request: an answer or a failure, never both.

    `attempts` counts how often a worker began it, `seconds` is how long the last one took for it,
    without the time for which the answer waited to be read, as far as that is known. `worker` is
    the number of the worker that had it last, `fresh` whether that had run nothing before.
    """

    ticket: T
    answer: Answer | None
    failure: Failure | None
    attempts: int
    seconds: float
    worker: int
    fresh: bool = False


class JobQueue(Generic[T]):
    """Assign requests to workers: first come, first served, and retries on fresh workers.

    It reads workers and changes none.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._idents = count(1)
        # Every job that somebody waits for; the next three hold those that no worker has.
        self._jobs: dict[T, Job[T]] = {}
        self._fresh: deque[Job[T]] = deque()
        self._again: deque[Job[T]] = deque()
        self._for_fresh: deque[Job[T]] = deque()
        self._waiting = (self._fresh, self._again, self._for_fresh)
        self._running: dict[Worker, Job[T]] = {}
        # What workers get to know before they have answered what they run.
        self._ahead: dict[Worker, Job[T]] = {}
        #: The workers that wait for a job; some may have gone since.
        self.idle: list[Worker] = []
        #: What has ended and was not collected.
        self.finished: list[Finished[T]] = []

    def add(self, ticket: T, request: Request, *, fresh: bool = False) -> None:
        """Put a request at the end; raises ValueError for a ticket that is in use.

        With `fresh`, it waits for a worker that has run nothing.
        """
        if ticket in self._jobs:
            raise ValueError(f"ticket {ticket!r} is already in use")
        job = self._jobs[ticket] = Job(ticket, request, fresh)
        (self._for_fresh if fresh else self._fresh).append(job)

    def withdraw(self, ticket: T) -> Worker | None:
        """Forget a request; return the worker that still runs it, None if no worker does."""
        # It may have ended and not been collected: nobody else would remove its files.
        for one in [one for one in self.finished if one.ticket == ticket]:
            self.finished.remove(one)
            _drop(one.answer)
        job = self._jobs.pop(ticket, None)
        if job is None:
            return None
        job.withdrawn = True
        for waiting in self._waiting:
            if job in waiting:
                waiting.remove(job)
        return next((worker for worker, running in self._running.items() if running is job), None)

    def age(self, ticket: T) -> float:
        """Return how many seconds a worker has had a request, 0 while it waits for one."""
        job = self._jobs.get(ticket)
        running = job is not None and job in self._running.values()
        return time.monotonic() - job.begun_at if job is not None and running else 0.0

    def outstanding(self) -> int:
        """Return how many slots are taken, or will be: by what waits, and what runs.

        The slot of a worker that is leaving belongs to another one already. What waits for a fresh
        worker takes none yet.
        """
        running = sum(not worker.leaving for worker in self._running)
        return len(self._fresh) + len(self._again) + len(self._ahead) + running

    def wants_fresh(self) -> bool:
        """Return whether a job waits for a worker that has run nothing."""
        return bool(self._for_fresh)

    def retries(self) -> int:
        """Return how many jobs wait to be sent again."""
        return len(self._again)

    def assign(self, worker: Worker, *, retry: bool) -> Job[T] | None:
        """Give a worker the next job, one to be sent again if `retry`.

        If no job waits, return None: the worker is idle.
        """
        if retry and self._again:
            job = self._again.popleft()
        elif self._for_fresh and not worker.requests:
            job = self._for_fresh.popleft()
        elif self._fresh:
            job = self._fresh.popleft()
        else:
            self.idle.append(worker)
            return None
        self._running[worker] = self._sent(job)
        return job

    def could_have_ahead(self) -> list[Worker]:
        """Return the busy workers without a next job, if one waits that they could have.

        Not while others wait for certain workers, nor where files go with a request: a worker may
        have to wait until these have been read.
        """
        waits = self._fresh and not (self._again or self._for_fresh)
        if not waits or self._fresh[0].request.folder:
            return []
        running = self._running.items()
        return [one for one, job in running if one not in self._ahead and job.folder is None]

    def assign_ahead(self, worker: Worker) -> Job[T]:
        """Give a busy worker the next job, which it begins once it has answered."""
        job = self._ahead[worker] = self._sent(self._fresh.popleft())
        return job

    def begin_ahead(self, worker: Worker) -> Job[T] | None:
        """Note that a worker that has answered goes on with the job it had ahead; return that."""
        job = self._ahead.pop(worker, None)
        if job is not None:
            self._running[worker] = job
            job.begun_at = time.monotonic()
        return job

    def take_back(self, worker: Worker) -> None:
        """Let the job that a worker had ahead wait again, in front: that will not begin it."""
        job = self._ahead.pop(worker, None)
        if job is not None and not job.withdrawn:
            job.attempts -= 1
            self._fresh.appendleft(job)

    def _sent(self, job: Job[T]) -> Job[T]:
        # A harness that counts by itself, or answers too early, must not happen to be right.
        job.ident = f"{next(self._idents)}-{os.urandom(4).hex()}"
        job.attempts += 1
        job.sent_at = job.begun_at = time.monotonic()
        return job

    def running(self, worker: Worker) -> Job[T] | None:
        """Return the job that a worker has, None if it is idle."""
        return self._running.get(worker)

    def end(
        self,
        worker: Worker,
        answer: Answer | None,
        failure: Failure | None = None,
        unheard: float = 0.0,
    ) -> None:
        """End the job of a worker with an answer or a failure; raises KeyError if it has none.

        The answer may have waited for `unheard` seconds until somebody read it.
        """
        job = self._running.pop(worker)
        # `withdraw` freed the ticket, which may belong to another job by now.
        if job.withdrawn:
            _drop(answer)
            return
        del self._jobs[job.ticket]
        now = time.monotonic()
        seconds = now - job.begun_at
        own = None if answer is None else own_seconds(answer.payload)
        if own is not None:
            # What was sent ahead may have begun before the answer before it was read.
            seconds = max(min(own, now - job.sent_at), seconds - unheard)
        self.finished.append(
            Finished(
                job.ticket,
                answer,
                failure,
                job.attempts,
                seconds,
                worker.number,
                worker.requests == 1,
            )
        )

    def lose(self, worker: Worker, failure: Failure) -> bool:
        """Take a job back from a worker that has gone: to send it again, or to end it.

        It is sent again as often as is allowed, and always if the worker was ended from outside.
        Return whether the worker had a job.
        """
        self.take_back(worker)
        job = self._running.get(worker)
        if job is None:
            return False
        job.disturbed += failure.outside
        if job.withdrawn or job.attempts - job.disturbed > self._retries:
            self.end(worker, None, failure)
        else:
            del self._running[worker]
            (self._for_fresh if job.fresh else self._again).append(job)
        return True


def _drop(answer: Answer | None) -> None:
    """Remove what an answer that nobody waits for has left."""
    if answer is not None and answer.files is not None:
        answer.files.remove()
