"""Stop a run cleanly on Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Self

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

    `calls` notes the calls into plugins, since one of them may not end. `leave` gives back the
    terminal if `last_resort` ends the process.
    """

    def __init__(self) -> None:
        self.calls = Calls()
        self.leave: Callable[[], None] = lambda: None
        self._asked: float | None = None
        self._deferred = False
        self._stop: Callable[[], None] | None = None
        self._before: Mapping[int, Any] = {}

    def __enter__(self) -> Self:
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def keep(self) -> None:
        """Handle the signals until the process has ended with its exit code."""
        self._take()
        # The interpreter drops handlers while it exits: a signal would then kill the process.
        atexit.register(self._ignore)

    def _take(self) -> None:
        if current_thread() is not main_thread():
            return
        taken: dict[int, Any] = {
            one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)
        }
        # nohup asks to ignore the end of the terminal.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            taken[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
        self._before = taken
        for one in taken:
            signal.signal(one, self._handle)

    def last_resort(self, *, patience: float = PATIENCE) -> LastResort:
        """Return a context manager in which a second signal ends a process that is stuck.

        Only for a process of leanopt's own: another program must not be ended.
        """
        return LastResort(self._before, self._farewell, patience=patience)

    def _farewell(self) -> None:
        """Give back the terminal, and write which plugin did not return."""
        self.leave()
        call = self.calls.now().get(main_thread().ident or 0)
        stuck = "" if call is None else f": {call.plugin} was still {call.working()}"
        said = f"leanopt: ended by a second signal{stuck}; what has finished is stored\n"
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
        for one in self._before:
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
