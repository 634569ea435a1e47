"""End the process after a second signal, even if the main thread is stuck.

Python calls signal handlers on the main thread, between two of its instructions. A plugin can keep
it from doing so, or from ending: it waits in C, or swallows KeyboardInterrupt. So another thread
hears of the signals too, through a descriptor that the interpreter writes to when they arrive.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection
from threading import Event, Thread

from leanopt_core.closing import Closing

#: The exit code of an interrupted command.
_INTERRUPTED = 130
# Seconds for the last words.
_FAREWELL = 3.0


class LastResort(Closing):
    """A context manager; within it, a second signal ends the process within `patience` seconds.

    Signals within `patience` seconds of the first count as one. The thread gives the main thread
    as long again to end in good order; then it calls `farewell` and ends the process with exit code
    130, as safely as `kill -9` does. Make it on the main thread.
    """

    def __init__(
        self,
        signals: Collection[int],
        farewell: Callable[[], None],
        *,
        patience: float,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._signals = signals
        self._farewell = farewell
        self._patience = patience
        self._end = end
        self._closed = Event()
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._thread = Thread(target=self._listen, name="last-resort", daemon=True)
        self._thread.start()

    @property
    def descriptor(self) -> int:
        """Return what the interpreter writes signals to."""
        return self._mouth

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        signal.set_wakeup_fd(self._before, warn_on_full_buffer=False)
        os.close(self._mouth)
        self._thread.join(self._patience)

    def _listen(self) -> None:
        first = None
        # Empty once `close` has closed the other end.
        while heard := os.read(self._ear, 1):
            now = time.monotonic()
            if heard[0] not in self._signals:
                continue
            if first is None:
                first = now
            elif now - first >= self._patience:
                if not self._closed.wait(self._patience):
                    # It writes to a terminal or a pipe, which may take nothing any more.
                    last = Thread(target=self._farewell, name="farewell", daemon=True)
                    last.start()
                    last.join(_FAREWELL)
                    self._end(_INTERRUPTED)
                break
        os.close(self._ear)
