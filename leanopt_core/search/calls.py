"""The calls into plugins that are in progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import get_ident
from typing import NamedTuple


class Call(NamedTuple):
    """A call in progress: the plugin, what it was asked, since when (of the clock of `Calls`)."""

    plugin: str
    doing: str
    since: float

    def working(self) -> str:
        """Return what the plugin is doing, as `working on trial 30`."""
        number = self.doing.rpartition(" trial ")[2]
        if number.isdigit():
            return f"working on trial {number}"
        first = self.doing.partition(" ")[0]
        active = first.endswith("ing") and first != "being"
        return self.doing if active else f"working ({self.doing})"


class Calls:
    """The call that each thread has in progress; noted by the threads, read by a watchdog.

    It has no lock, since each thread writes only its own entry. If a plugin calls another one, the
    inner call counts; the outer one's time starts again after it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_thread: dict[int, Call] = {}

    def begin(self, plugin: str, doing: str) -> Call | None:
        """Note that this thread's call begins; return the call around it, for `end`."""
        thread = get_ident()
        outer = self._by_thread.get(thread)
        self._by_thread[thread] = Call(plugin, doing, self._clock())
        return outer

    def end(self, outer: Call | None) -> None:
        """Note that this thread's call has ended."""
        thread = get_ident()
        if outer is None:
            self._by_thread.pop(thread, None)
        else:
            self._by_thread[thread] = outer._replace(since=self._clock())

    def now(self) -> dict[int, Call]:
        """Return the calls in progress by thread."""
        return self._by_thread.copy()
