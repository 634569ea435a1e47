"""Start the kit's harness, and use channels without the pool."""

from __future__ import annotations

import json
import selectors
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from leanopt_core.executors.base import Channel, Executor
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.harness.events import Hello
from leanopt_core.testing import executor_rules as rules
from leanopt_core.work import Launch, Mount, Request

#: Seconds to wait, enough for a busy machine.
PATIENCE = 30.0

HARNESS = Mount("harness", Path(__file__).with_name("obeying.py"))


def launch(**more: Any) -> Launch:
    """Return the launch of the kit's harness."""
    command = ("{python}", "-I", "-S", "{harness}")
    return Launch(command, (HARNESS, *more.pop("mounts", ())), **more)


def request(do: str, **members: Any) -> Request:
    """Return a request for the kit's harness."""
    return Request(json.dumps({"do": do, **members}))


def ask(pool: Pool[int], *requests: Request, patience: float = PATIENCE) -> list[Finished[int]]:
    """Return the result of each request, in order; fail if one does not end."""
    for ticket, one in enumerate(requests):
        pool.submit(ticket, one)
    return [one for _, one in sorted(_collected(pool, len(requests), patience).items())]


def greet(pool: Pool[int], patience: float = PATIENCE) -> Hello:
    """Return the first harness's hello."""
    until = time.monotonic() + patience
    while pool.hello is None:
        assert time.monotonic() < until, f"{rules.CARRIES}; no harness sent its hello"
        pool.wait(0.1)
    return pool.hello


def _collected(pool: Pool[int], number: int, patience: float) -> dict[Hashable, Finished[int]]:
    finished: dict[Hashable, Finished[int]] = {}
    while len(finished) < number:
        some = pool.wait(patience)
        ended = f"{len(finished)} of {number} requests ended"
        assert some, f"{rules.CARRIES}; {ended}"
        for one in some:
            assert one.ticket not in finished, f"{rules.CARRIES}; a request was answered twice"
            finished[one.ticket] = one
    return finished


class ChannelDriver:
    """A channel with its output so far."""

    def __init__(self, executor: Executor, launch: Launch, patience: float, **how: Any) -> None:
        self._patience = patience
        self.channel: Channel = executor.spawn(launch, 1, **how)
        self.out = b""
        self.err = b""
        self._released = False
        self._open = selectors.DefaultSelector()
        for descriptor in self.channel.filenos():
            self._open.register(descriptor, selectors.EVENT_READ)

    @property
    def over(self) -> bool:
        """Return whether every descriptor has closed."""
        return not self._open.get_map()

    def send(self, **members: Any) -> None:
        """Write a complete line."""
        data = memoryview(json.dumps(members).encode() + b"\n")
        until = time.monotonic() + self._patience
        while data:
            data = data[self.channel.write(data) :]
            took = f"the harness does not get {len(data)} bytes"
            assert time.monotonic() < until, f"{rules.WRITE}; {took}"

    def listen(self, enough: Callable[[], object], rule: str = rules.CARRIES) -> None:
        """Read until `enough` returns true; fail with the rule after a time limit."""
        until = time.monotonic() + self._patience
        while not enough():
            got = f"after {self._patience:g} s there was {self.out[-500:]!r}, {self.err[-500:]!r}"
            assert time.monotonic() < until, f"{rule}; {got}"
            for key, _ in self._open.select(0.1):
                chunk = self.channel.read(key.fd)
                self.out += chunk.out
                self.err += chunk.err
                if chunk.closed:
                    self._open.unregister(key.fd)

    def answers(self) -> list[dict[str, Any]]:
        """Return the complete lines, parsed."""
        lines = self.out.split(b"\n")[:-1]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            found = f"the harness writes JSON, and {lines[-1][:500]!r} came"
            raise AssertionError(f"{rules.CARRIES}; {found}") from error

    def release(self) -> None:
        """Release the channel, once."""
        if not self._released:
            self._released = True
            self.channel.release()
            self._open.close()
