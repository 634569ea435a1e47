"""Real executors, pools over a harness that misbehaves on demand, and a look at what is left."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.work import Launch, Request

# Long enough for a loaded machine; what is not there by then never comes.
PATIENCE = 30.0


class Bench:
    """An executor in a folder of its own, pools on it, and requests to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executor = ProcessExecutor(ProcessOptions(), folder)
        self.reports: list[str] = []
        self._script = Path(__file__).with_name("misbehaving.py")

    def launch(self, greeting: str = "good", **more: Any) -> Launch:
        """Return the launch of a harness that greets so."""
        return Launch(("{python}", "-I", "-S", str(self._script), greeting), **more)

    def pool(
        self,
        greeting: str = "good",
        *,
        workers: int = 1,
        identity: str | None = None,
        launched: Mapping[str, Any] | None = None,
        **rules: Any,
    ) -> Pool[Any]:
        """Return a pool of such harnesses, not yet started; `launched` is more of their launch."""
        launch = self.launch(greeting, identity=identity, **(launched or {}))
        report = self.reports.append
        return Pool(self.executor, launch, workers=workers, report=report, **rules)

    def request(self, do: str, nonce: object = None, **members: Any) -> Request:
        """Return a request that asks for a behaviour."""
        return Request(json.dumps({"do": do, "nonce": nonce, **members}))

    def once(self) -> str:
        """Return a path for a request's `once`."""
        return str(self.folder / f"once-{time.monotonic_ns()}")

    def ask(self, pool: Pool[Any], *requests: Request) -> list[Finished[Any]]:
        """Return what became of each request, in their order."""
        for ticket, request in enumerate(requests):
            pool.submit(ticket, request)
        return [one for _, one in sorted(self.collect(pool, len(requests)).items())]

    def collect(self, pool: Pool[Any], number: int) -> dict[Any, Finished[Any]]:
        """Wait for so many to finish, each once; fails where nothing happens any more."""
        finished: dict[Any, Finished[Any]] = {}
        while len(finished) < number:
            some = pool.wait(PATIENCE)
            assert some, f"only {len(finished)} of {number} requests came to an end"
            for one in some:
                assert one.ticket not in finished
                finished[one.ticket] = one
        return finished

    def until(self, pool: Pool[Any], condition: Callable[[], object]) -> None:
        """Let the pool work until it holds; nothing may finish meanwhile."""
        eventually(lambda: condition() or pool.wait(0.01))
        assert condition()

    def left(self) -> list[int]:
        """Return the living processes that a worker of this folder started."""
        mark = f"LEANOPT_SCRATCH={self.folder}/".encode()
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and mark in _environment(entry)
        ]


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def eventually(condition: Callable[[], object]) -> None:
    """Wait until it holds; fails where it never does."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it never came about"
        os.sched_yield()
        time.sleep(0.002)


@pytest.fixture(name="eventually")
def eventually_() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds."""
    return eventually


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench; whatever the test did, no process and no scratch folder may be left."""
    bench = Bench(tmp_path)
    yield bench
    bench.executor.close()
    assert bench.left() == []
    assert list((tmp_path / ".leanopt" / "scratch").glob("*/")) == []
