"""Requests and workers brought together: who gets what next, and what becomes of a request."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from itertools import count
from secrets import token_hex
from typing import Any, Generic, TypeVar

from attrs import frozen

from leanopt_core.errors import ExecutorError, LeanoptError, StrategyError, TransientError
from leanopt_core.executors.backlog import Backlog
from leanopt_core.executors.crew import Crew
from leanopt_core.executors.folder import Folder
from leanopt_core.executors.owner import Owner
from leanopt_core.executors.recycling import Recycling
from leanopt_core.executors.task import Finished, Task
from leanopt_core.executors.worker import State, Worker
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import fill_in, request_line
from leanopt_core.work import Answer, Category, Failure, Request

T = TypeVar("T", bound=Hashable)


@frozen
class Rules:
    """What the pool was told about requests and workers; `Pool` says what each means."""

    identity: str | None
    time_limit: float | None
    recycling: Recycling
    retries: int


class Dispatcher(Generic[T]):
    """The owner of a crew: keeps it busy with what waits, and collects what has finished."""

    def __init__(
        self, crew: Callable[[Owner[T]], Crew[T]], rules: Rules, report: Callable[[str], None]
    ) -> None:
        self._rules = rules
        self._report = report
        self._idents = count(1)
        self._ready: list[Worker[T]] = []
        self._backlog: Backlog[T] = Backlog()
        self._garbage_told = False
        # Workers whose last folder has been removed, told of by any thread.
        self._freed: deque[Worker[T]] = deque()
        self.crew = crew(self)
        self.finished: list[Finished[T]] = []
        #: Why no request can be answered any more, None while that is not so.
        self.error: LeanoptError | None = None
        #: What the first harness said about itself, None until one has.
        self.hello: Hello | None = None

    def submit(self, ticket: T, request: Request) -> None:
        """Take a request; raises ValueError for a ticket that is in use."""
        self._backlog.add(ticket, request)
        self._hand_out()

    def withdraw(self, ticket: T) -> None:
        """Forget a request. A worker that has it may finish it, for as long as a start takes."""
        for one in [one for one in self.finished if one.ticket == ticket]:
            self.finished.remove(one)
            _drop(one.answer)
        task = self._backlog.withdraw(ticket)
        for worker in self.crew.workers:
            if task is not None and worker.task is task:
                task.withdrawn = True
                self.crew.hurry(worker)

    def outstanding(self) -> int:
        """Return how many requests occupy a place, or will."""
        taken = len(self._backlog)
        for worker in self.crew.workers:
            if worker.task is not None:
                taken += worker.task.withdrawn - worker.leaving
        return taken

    def greeted(self, worker: Worker[T], hello: Hello) -> None:
        """Give a worker its first request, if its strategy is the one that was prepared."""
        if self.hello is None:
            self.hello = hello
            for note in hello.notes:
                self._report(note)
        misfit = _misfit(self._rules.identity, hello)
        if misfit is None:
            self._make_room()
            self._employ(worker)
        else:
            self.error = self.error or StrategyError(misfit)

    def _make_room(self) -> None:
        """Let the worker go whose successor has just become ready; a busy one after its answer."""
        worker = self.crew.relieved()
        if worker is None:
            return
        self.crew.replace(worker)
        if worker in self._ready:
            self._ready.remove(worker)
            self.crew.retire(worker)

    def answered(self, worker: Worker[T], payload: Mapping[str, Any]) -> None:
        """Note the answer; give the worker its next request, or let it go where that is due."""
        folder, worker.folder = worker.folder, None
        worker.held = folder is not None and worker.channel.volatile
        self._finish(worker, Answer(payload, folder), None)
        if worker.client.skipped and not self._garbage_told:
            self._garbage_told = True
            self._report(worker.account("a harness wrote more than its answers"))
        if not worker.held:
            self._go_on(worker)

    def woken(self) -> None:
        """Let workers go on that were held until their answer's files had been read."""
        while self._freed:
            worker = self._freed.popleft()
            if worker.held and worker.state is State.SERVING:
                worker.held = False
                self._go_on(worker)

    def _go_on(self, worker: Worker[T]) -> None:
        if self._rules.recycling.stays(self.crew, worker):
            self._employ(worker)
        else:
            self.crew.retire(worker)

    def overdue(self, worker: Worker[T]) -> None:
        """Fail the request: another attempt would take as long."""
        if worker.task is not None and worker.task.withdrawn:
            worker.task = None
            return
        account = worker.account(f"it ran for longer than {self._rules.time_limit:g} s")
        self._finish(worker, None, Failure(Category.TIMEOUT, account))

    def lost(self, worker: Worker[T], failure: Failure) -> None:
        """Send the request again: as often as is allowed, and whenever this came from outside."""
        task = worker.task
        if task is None:
            self._report(f"an idle worker had to be replaced: {failure.message}")
            self._hand_out()
            return
        task.disturbed += failure.outside
        if task.withdrawn or task.attempts - task.disturbed > self._rules.retries:
            self._finish(worker, None, failure)
        else:
            worker.task = None
            self._backlog.retry(task)
        self._hand_out()

    def unstarted(self, account: str) -> None:
        """Pass it on; requests that wait for a fresh worker may have to take another."""
        self._report(f"a worker could not be started: {account}")
        self._hand_out()

    def given_up(self, error: ExecutorError) -> None:
        """Note that nothing more will be answered."""
        self.error = self.error or error

    def _hand_out(self) -> None:
        """Give idle workers what waits."""
        ready, self._ready = self._ready, []
        for worker in ready:
            if worker.state is State.SERVING:
                self._employ(worker)

    def _employ(self, worker: Worker[T]) -> None:
        """Give a worker its next request; without one it is idle.

        What is sent again goes to a worker that has had nothing yet, while enough of them come.
        """
        retries = self._backlog.retries()
        retry = retries > 0 and (worker.given == 0 or retries > self.crew.coming())
        task = self._backlog.next(retry=retry)
        if task is None:
            self._ready.append(worker)
        else:
            self._send(worker, task)

    def _send(self, worker: Worker[T], task: Task[T]) -> None:
        task.attempts += 1
        task.sent = time.monotonic()
        worker.take(task)
        # A harness that counts by itself, or answers ahead, must not happen to be right.
        ident = f"{next(self._idents)}-{token_hex(4)}"
        worker.folder = self._folder(worker, ident) if task.request.folder else None
        try:
            line = self._line(worker, task.request, ident)
        except TransientError:
            self.crew.hang_up(worker)  # what became of it tells whether it was at fault
            return
        except ExecutorError as error:
            self.crew.blame(worker, Category.ENGINE, str(error))
            return
        self._rules.recycling.sent(self.crew, worker)
        worker.client.expect(ident)
        limit = math.inf if self._rules.time_limit is None else self._rules.time_limit
        self.crew.send(worker, line, task.sent + limit)

    def _line(self, worker: Worker[T], request: Request, ident: str) -> bytes:
        """Put the request's files in place and return its line."""
        folder, hello = worker.folder, worker.client.hello
        fill = folder.fill if folder is not None else worker.channel.fill
        if folder is not None:
            for name, text in request.files.items():
                folder.put(name, fill_in(text, request.placeholders, fill))
        payload = fill_in(request.payload, request.placeholders, fill)
        limit = self._rules.time_limit if hello is not None and hello.protocol else None
        return request_line(ident, payload, time_limit=limit)

    def _folder(self, worker: Worker[T], ident: str) -> Folder:
        removed = partial(self._let_go_on, worker) if worker.channel.volatile else _nothing
        return Folder(worker.channel, ident, removed)

    def _let_go_on(self, worker: Worker[T]) -> None:
        self._freed.append(worker)
        self.crew.wake()

    def _finish(self, worker: Worker[T], answer: Answer | None, failure: Failure | None) -> None:
        task, worker.task = worker.task, None
        if task is None:
            raise ValueError(f"worker {worker.number} had nothing to finish")
        if task.withdrawn:
            _drop(answer)
            return
        self._backlog.done(task)
        seconds = worker.pace = time.monotonic() - task.sent
        self.finished.append(
            Finished(task.ticket, answer, failure, task.attempts, seconds, worker.number)
        )


def _drop(answer: Answer | None) -> None:
    """Remove what an answer that nobody waits for has left."""
    if answer is not None and answer.files is not None:
        answer.files.remove()


def _nothing() -> None:
    """Do nothing: the worker has gone on already."""


def _misfit(identity: str | None, hello: Hello) -> str | None:
    """Say why the strategy behind a hello cannot be run, None where it can."""
    if hello.fault is not None:
        return hello.fault.message
    if identity is None or hello.identity is None or hello.identity == identity:
        return None
    return (
        f"the strategy is another one than was prepared: the harness says {hello.identity}, "
        f"expected {identity}; start again if its files were changed meanwhile"
    )
