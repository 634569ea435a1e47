"""Stop a run cleanly on Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Self

from leanopt_core.search.calls import Calls
from leanopt_core.search.last_resort import LastResort

#: Signals within this many seconds count as one.
PATIENCE = 2.0


class Interrupts:
    """A context manager that handles SIGINT, SIGTERM and SIGHUP.

    The first signal raises KeyboardInterrupt; inside `deferred` it only calls the function given to
    `stops`. Further signals within `PATIENCE` are ignored: a double key press, or a service manager
    that signals both a process and its group. A later signal raises KeyboardInterrupt anywhere.
    Outside the main thread Python handles no signals, and nothing changes.

    `calls` notes the calls into plugins, since one of them may not end, and puts back handlers that
    a plugin replaces. If `last_resort` ends the process, `leave` gives back the terminal, and
    `promise` is the last that is said.
    """

    def __init__(self, promise: str = "") -> None:
        self.calls = Calls()
        self._promise = promise
        self.leave: Callable[[], None] = lambda: None
        self._asked: float | None = None
        self._deferred = self._kept = False
        self._stop: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self.calls.handlers.give_back()

    def keep(self) -> None:
        """Handle the signals beyond the block, until the process has ended with its exit code."""
        self._kept = True
        # The interpreter drops handlers while it exits: a signal would then kill the process.
        atexit.register(self._ignore)

    def _take(self) -> None:
        if current_thread() is not main_thread():
            return
        # nohup asks to ignore the end of the terminal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        more = () if ignored else (signal.SIGHUP,)
        self.calls.handlers.take((signal.SIGINT, signal.SIGTERM, *more), self._handle)

    @contextmanager
    def last_resort(self, *, patience: float = PATIENCE) -> Iterator[None]:
        """End a process that is stuck within the block at a second signal.

        Only for a process of leanopt's own: another program must not be ended.
        """
        handlers = self.calls.handlers
        with LastResort(handlers.signals, self._farewell, patience=patience) as resort:
            handlers.wakeup = resort.descriptor
            try:
                yield
            finally:
                handlers.wakeup = None

    def _farewell(self) -> None:
        """Give back the terminal, and write which plugin did not return."""
        self.leave()
        call = self.calls.now().get(main_thread().ident or 0)
        stuck = "" if call is None else f": {call.plugin} was still {call.working()}"
        promise = f"; {self._promise}" if self._promise else ""
        said = f"leanopt: ended by a second signal{stuck}{promise}\n"
        # Not through `sys.stderr`, whose lock the main thread may hold.
        with suppress(OSError):
            os.write(2, said.encode(errors="backslashreplace"))

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Do not interrupt the block on the first signal."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    @contextmanager
    def stops(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` on the first signal, at once if it has already come."""
        self._stop = stop
        if self._asked is not None:
            stop()
        try:
            yield
        finally:
            self._stop = None

    def _ignore(self) -> None:
        for one in self.calls.handlers.signals:
            signal.signal(one, signal.SIG_IGN)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        now, before = time.monotonic(), self._asked
        if before is not None and now - before < PATIENCE:
            return
        self._asked = now
        if before is None and self._deferred:
            if self._stop is not None:
                self._stop()
            return
        raise KeyboardInterrupt
