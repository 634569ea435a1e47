"""Lets a run end in good order on Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import atexit
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Self

#: For so long after a signal further ones are taken for the same wish, in seconds.
PATIENCE = 2.0


class Interrupts:
    """A context manager that decides what SIGINT, SIGTERM and SIGHUP do.

    The first one raises KeyboardInterrupt, or, inside `deferred`, only makes what `stops` is given
    be called. Within `PATIENCE` more are ignored: two keys pressed at once, or a service manager
    that signals both a process and its group. A later one raises KeyboardInterrupt wherever it
    comes. Outside the main thread, where Python hears no signals, nothing is changed.
    """

    def __init__(self) -> None:
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
        """Take the signals until the process has ended, with the exit code that it chose."""
        self._take()
        # While the interpreter goes, its handlers have gone: a signal would kill the process.
        atexit.register(self._ignore)

    def _take(self) -> None:
        if current_thread() is not main_thread():
            return
        taken: dict[int, Any] = {
            one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)
        }
        # Under nohup the end of the terminal is to be ignored.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            taken[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
        self._before = taken
        for one in taken:
            signal.signal(one, self._handle)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a first signal break off nothing of what is done inside."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    @contextmanager
    def stops(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` on the first signal, at once where it has come already."""
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
