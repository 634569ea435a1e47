"""Starts workers in threads, so that they start side by side and the first one ready begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Thread

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Channel

Arrival = tuple[int, Channel | ExecutorError]


class Spawner:
    """Calls `spawn(number)` in threads; `arrived` collects what came of it after each `wake`."""

    def __init__(self, spawn: Callable[[int], Channel], wake: Callable[[], None]) -> None:
        self._spawn = spawn
        self._wake = wake
        self._lock = Lock()
        self._arrivals: list[Arrival] = []
        self._threads: dict[int, Thread] = {}
        self._closed = False

    def begin(self, number: int) -> None:
        """Start worker `number`; returns at once."""
        # A daemon: leanopt's end need not wait for an executor that hangs.
        thread = Thread(target=self._run, args=(number,), name=f"start-{number}", daemon=True)
        with self._lock:
            self._threads[number] = thread
        thread.start()

    def pending(self) -> int:
        """Return how many workers are being started, or have arrived and were not collected."""
        with self._lock:
            return len(self._threads) + len(self._arrivals)

    def arrived(self) -> list[Arrival]:
        """Return what was started, or why not, since the last call."""
        with self._lock:
            arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def shut(self) -> None:
        """End what has arrived; what arrives from now on is ended in its thread."""
        with self._lock:
            self._closed = True
        for _, arrival in self.arrived():
            _discard(arrival)

    def join(self, deadline: float) -> None:
        """Wait for the starts under way, until `deadline` in `time.monotonic` seconds."""
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, number: int) -> None:
        arrival = self._attempt(number)
        with self._lock:
            del self._threads[number]
            late = self._closed
            if not late:
                self._arrivals.append((number, arrival))
        if late:
            _discard(arrival)
        self._wake()

    def _attempt(self, number: int) -> Channel | ExecutorError:
        try:
            return self._spawn(number)
        except ExecutorError as error:
            return error
        except Exception as error:  # noqa: BLE001 - executors are plugins: all is told
            return ExecutorError(f"{type(error).__name__}: {error}")


def _discard(arrival: Channel | ExecutorError) -> None:
    if not isinstance(arrival, ExecutorError):
        arrival.kill()
        arrival.release()
