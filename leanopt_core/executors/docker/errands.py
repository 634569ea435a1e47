"""Work for the engine that nobody waits for: each piece in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Thread


class Errands:
    """Starts threads, and waits for them at the end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._threads: set[Thread] = set()

    def send(self, work: Callable[[], None]) -> None:
        """Have it done; returns at once."""
        # A daemon: leanopt's end need not wait for an engine that hangs.
        thread = Thread(target=lambda: self._run(work, thread), name="docker", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def join(self, deadline: float) -> None:
        """Wait until all is done, until `deadline` in `time.monotonic` seconds."""
        while True:
            with self._lock:
                thread = next(iter(self._threads), None)
            pause = deadline - time.monotonic()
            if thread is None or pause <= 0:
                return
            thread.join(pause)

    def _run(self, work: Callable[[], None], thread: Thread) -> None:
        try:
            work()
        finally:
            with self._lock:
                self._threads.discard(thread)
