"""Starts workers in threads, so that they start side by side and the first one ready begins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import count
from threading import Lock, Thread

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Channel

# A worker's number, when its start began (`time.monotonic`), and what came of that.
Arrival = tuple[int, float, Channel | ExecutorError]

# As many starts in a row may fail as make a hopeless place, and as many where workers worked before
# (an engine that restarts comes back); the longest pause before another try, in seconds.
_HOPELESS, _HOPELESS_LATER, _PAUSE = 3, 7, 30.0


class Spawner:
    """Calls `spawn(number)` in threads; `arrived` collects what came of it after each `wake`."""

    def __init__(self, spawn: Callable[[int], Channel], wake: Callable[[], None]) -> None:
        self._spawn = spawn
        self._wake = wake
        self._numbers = count(1)
        self._lock = Lock()
        self._arrivals: list[Arrival] = []
        self._threads: dict[int, Thread] = {}
        self._failures = 0
        self._missing = 0
        self._worked = False
        #: Whether `shut` was called.
        self.closed = False
        #: When `catch_up` is to be called, in `time.monotonic` seconds.
        self.due = math.inf

    def begin(self) -> None:
        """Start another worker; returns at once."""
        number = next(self._numbers)
        # A daemon: leanopt's end need not wait for an executor that hangs.
        thread = Thread(target=self._run, args=(number,), name=f"start-{number}", daemon=True)
        with self._lock:
            if self.closed:
                return
            self._threads[number] = thread
        thread.start()

    def failed(self, *, others: bool) -> bool:
        """Note that a start has failed, and try again: at once, after some failures later.

        Return False where that is the end of trying, as there are no `others` that serve or start.
        """
        later = self.due < math.inf
        if not later:  # else it is the trouble that was counted already
            self._failures += 1
        if not others and self._failures >= (_HOPELESS_LATER if self._worked else _HOPELESS):
            return False
        if self._failures < _HOPELESS:
            self.begin()
            return True
        self._missing += 1
        if not later:
            self.due = time.monotonic() + min(_PAUSE, 0.125 * 2**self._failures)
        return True

    def succeeded(self) -> None:
        """Note that a worker works, so that the next failure is a first one."""
        self._failures = 0
        self._worked = True

    def catch_up(self) -> None:
        """Start the workers whose start was put off."""
        self.due = math.inf
        missing, self._missing = self._missing, 0
        for _ in range(missing):
            self.begin()

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
        """Start nothing any more; a worker that arrives from now on is ended in its thread."""
        with self._lock:
            self.closed = True

    def join(self, deadline: float) -> None:
        """Wait for the starts under way, until `deadline` in `time.monotonic` seconds."""
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, number: int) -> None:
        begun = time.monotonic()
        arrival = self._attempt(number)
        with self._lock:
            late = self.closed
            if not late:
                del self._threads[number]
                self._arrivals.append((number, begun, arrival))
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
