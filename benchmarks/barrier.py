"""The peer: a dispatcher with a barrier after each batch, threads, 15 requests in flight.

This is how a simple parallel optimizer works: a batch of requests goes to threads, each takes a
free worker, and the next batch begins when the last answer of this one is there. It speaks the
same protocol to the same harness, stores nothing and checks nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from subprocess import PIPE, Popen
from typing import Any, Self

import leanopt_harness

IN_FLIGHT = 15


class Worker:
    """One warm harness and its two pipes."""

    def __init__(self, strategy: Path) -> None:
        harness = str(Path(leanopt_harness.__file__).parent)
        command = [sys.executable, harness, "serve", "--entry", f"{strategy}:run"]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE)
        self.ask({"id": "hello", "hello": {"protocol": 1, "client": "barrier"}})

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise ValueError("the harness has no pipes")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        if answer["status"] != "complete":
            raise ValueError(f"the harness answered {answer}")
        return answer

    def close(self) -> None:
        """End the harness."""
        self._process.communicate()


class Barrier:
    """Workers and as many threads as requests may be in flight; a context manager."""

    def __init__(self, strategy: Path, workers: int, in_flight: int = IN_FLIGHT) -> None:
        self._in_flight = in_flight
        self._free: SimpleQueue[Worker] = SimpleQueue()
        self._stack = ExitStack()
        self._threads = self._stack.enter_context(ThreadPoolExecutor(in_flight))
        with ThreadPoolExecutor(workers) as starting:
            for worker in starting.map(Worker, [strategy] * workers):
                self._stack.callback(worker.close)
                self._free.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Backtest every point, batch after batch, and return the answers."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(points), self._in_flight):
            batch = range(start, min(start + self._in_flight, len(points)))
            answers += self._threads.map(lambda at: self._one(at, points[at]), batch)
        return answers

    def _one(self, at: int, point: Mapping[str, Any]) -> dict[str, Any]:
        worker = self._free.get()
        try:
            return worker.ask({"id": str(at), "backtest": {"scenario": {}, "parameters": point}})
        finally:
            self._free.put(worker)
