"""Workers without descriptors: a thread calls them, and their lines come through a socket pair."""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from attrs import define, field

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.channel import ProcessChannel
from leanopt_core.executors.command import fill_placeholders
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.executors.scratch import LocalScratch
from leanopt_core.executors.threads import ThreadChannel
from leanopt_core.options import ProcessOptions
from leanopt_core.testing import ExecutorContract
from leanopt_core.work import Launch, Request


class CalledProcess:
    """A harness in a process, called and waited for: what an actor on another machine does."""

    def __init__(self, channel: ProcessChannel) -> None:
        self._channel = channel
        self._open = set(channel.filenos())
        self._heard = b""
        self._errors = b""
        self._killing = Lock()

    def send(self, line: bytes) -> bytes:
        """Write one line and wait for another."""
        left = memoryview(line + b"\n")
        while left:
            self._hear(writing=True)
            left = left[self._channel.write(left) :]
        while b"\n" not in self._heard:
            self._hear()
        answer, _, self._heard = self._heard.partition(b"\n")
        return answer

    def end(self) -> str:
        """Close its input and wait."""
        self._channel.end()
        try:
            while True:
                self._hear()
        except ExecutorError as gone:
            return str(gone)

    def kill(self) -> None:
        """Have its guard end it."""
        with self._killing:
            self._channel.kill()

    def close(self) -> None:
        """Release its pipes."""
        with self._killing:
            self._channel.release()

    def _hear(self, *, writing: bool = False) -> None:
        if not self._open:
            errors = self._errors.decode(errors="replace")
            raise ExecutorError(f"{self._channel.exit_reason()}\n{errors}")
        written = [self._channel.write_fileno()] if writing else []
        ready, writable, _ = select.select(self._open, written, [])
        for descriptor in ready:
            chunk = self._channel.read(descriptor)
            self._heard += chunk.out
            self._errors = (self._errors + chunk.err)[-500:]
            if chunk.closed:
                self._open.discard(descriptor)
        if writing and not writable:
            self._hear(writing=True)


class CallingExecutor(ProcessExecutor):
    """Processes whose workers are called through threads."""

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Any:
        """Start one."""
        inner = super().spawn(launch, worker, memory_limit=memory_limit)
        # The files are the process's: `names` and the like are asked of its channel.
        return ThreadChannel(CalledProcess(inner), inner, inner.fill)


class TestThreads(ExecutorContract):
    """Everything that leanopt expects of an executor."""

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Executor:
        """Real processes, real threads."""
        return CallingExecutor(ProcessOptions(), tmp_path)


@define
class Puppet:
    """A worker that does as a test says."""

    answer: Callable[[dict[str, Any]], Any]
    calls: list[str] = field(factory=list)
    killed: Event = field(factory=Event)

    def send(self, line: bytes) -> bytes:
        """Greet, or answer."""
        said = json.loads(line)
        hello = {"protocol": 1, "engine": "puppet", "abilities": ["inline"]}
        members = {"status": "complete", "hello": hello} if "hello" in said else self.answer(said)
        return json.dumps({"id": said["id"], **members}).encode()

    def end(self) -> str:
        """By itself."""
        self.calls.append("end")
        return "done"

    def kill(self) -> None:
        """From another thread."""
        self.calls.append("kill")
        self.killed.set()

    def close(self) -> None:
        """In its thread."""
        self.calls.append("close")


@pytest.fixture
def channel(tmp_path: Path) -> Callable[[Puppet], ThreadChannel]:
    """Return a function that puts a puppet behind a channel."""

    def channelled(puppet: Puppet) -> ThreadChannel:
        scratch = LocalScratch(tmp_path / f"{id(puppet)}")
        return ThreadChannel(puppet, scratch, partial(fill_placeholders, {}))

    return channelled


@define
class PuppetExecutor:
    """Starts puppets, one after the other."""

    make: Callable[[Puppet], ThreadChannel]
    puppets: list[Puppet]

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Any:
        """The next one."""
        del launch, worker, memory_limit
        return self.make(self.puppets.pop(0))


def complete(_: Any) -> dict[str, Any]:
    """Return an answer."""
    return {"status": "complete", "statistics": {}}


def fails(error: BaseException) -> Callable[[Any], Any]:
    """Return a behaviour that raises."""

    def answer(_: Any) -> Any:
        raise error

    return answer


def asked(executor: Any, requests: Sequence[Request], **rules: Any) -> list[Any]:
    """Return how requests ended."""
    with Pool[int](executor, Launch(("puppet",)), workers=1, **rules) as pool:
        for number, request in enumerate(requests):
            pool.submit(number, request)
        finished: list[Any] = []
        while len(finished) < len(requests):
            finished += pool.wait(30)
    return finished


@pytest.mark.parametrize("kind", [LookupError, SystemExit])
def test_an_error_is_the_exit_reason_and_costs_an_attempt(
    channel: Any, kind: type[BaseException]
) -> None:
    """Whatever was raised; the next worker gets the request."""
    puppets = [Puppet(fails(kind("no actor"))), Puppet(complete)]
    executor = PuppetExecutor(channel, [puppets[0], puppets[1]])
    (one,) = asked(executor, [Request("{}")], retries=0)
    assert (one.failure.category, one.failure.message) == ("worker died", "no actor")
    assert not one.failure.outside
    assert puppets[0].calls == ["close"]


def test_what_is_ended_from_outside_costs_nothing(channel: Any) -> None:
    """As a node that was taken away."""
    lost = [Puppet(fails(TransientError("preempted"))) for _ in range(4)]
    executor = PuppetExecutor(channel, [*lost, Puppet(complete)])
    (one,) = asked(executor, [Request("{}")], retries=0)
    assert one.failure is None
    assert one.attempts == 5


def test_a_worker_that_hangs_is_killed_at_its_limit(channel: Any) -> None:
    """The call that hangs is ended by `kill`, and nothing waits for one that is not."""
    puppet = Puppet(fails(ValueError()))

    def hang(_: Any) -> Any:
        assert puppet.killed.wait(30)
        raise OSError("killed")

    puppet.answer = hang
    executor = PuppetExecutor(channel, [puppet, Puppet(complete)])
    one, after = asked(executor, [Request("{}")] * 2, time_limit=0.2)
    assert one.failure.category == "timeout"
    assert after.failure is None
    assert puppet.calls == ["kill", "close"]


def test_an_idle_worker_is_killed_too(channel: Any, eventually: Any) -> None:
    """Its thread waits for a line, and ends."""
    puppet = Puppet(complete)
    line = channel(puppet)
    line.kill()
    eventually(lambda: line.read(line.filenos()[0]).closed)
    assert line.exit_reason() == "killed"
    assert puppet.calls == ["kill", "close"]
    line.release()
    with pytest.raises(OSError, match="takes no more"):
        line.write(b"x")


def test_the_end_of_its_input_is_the_worker_s_own_end(channel: Any, eventually: Any) -> None:
    """It says how it ended; a release afterwards kills nothing."""
    puppet = Puppet(complete)
    line = channel(puppet)
    line.end()
    eventually(lambda: line.read(line.filenos()[0]).closed)
    assert (line.exit_reason(), line.outside()) == ("done", False)
    line.release()
    assert puppet.calls == ["end", "close"]
