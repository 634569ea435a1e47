"""The calls into plugins that are in progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident, main_thread
from typing import Final, NamedTuple, TypeAlias

from leanopt_core.search.handlers import Handlers


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


#: A call as a guard notes it: plain, since each backtest makes several.
Note: TypeAlias = tuple[str, str, float]

#: What a thread does before its first call. Between calls the plugin's name is empty, too.
IDLE: Final[Note] = ("", "", 0.0)


class Calls:
    """The call that each thread has in progress; noted by guards, read by a watchdog.

    There is no lock: each thread writes only its own entry of `by_thread`. If a plugin calls
    another one, the inner call counts; the outer one's time starts again after it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.by_thread: dict[int, Note] = {}
        #: The thread on which trials are decided.
        self.main = main_thread().ident
        #: The handlers of signals, which plugins on the main thread could replace.
        self.handlers = Handlers()
        #: The labels of plugins that are known to leave global random state alone.
        self.harmless: set[str] = set()
        # By thread: odd during a call, and another number after each.
        self._free: dict[int, int] = {}

    @contextmanager
    def noted(self, plugin: str, doing: str) -> Iterator[None]:
        """Note what the block does as a call into a plugin, for calls without a guard."""
        thread = get_ident()
        outer = self.by_thread.get(thread, IDLE)
        self.by_thread[thread] = (plugin, doing, self.clock())
        try:
            yield
        finally:
            self.by_thread[thread] = outer if outer is IDLE else self.again(outer)
            if thread == self.main and self.handlers.lost(now := self.clock()):
                self.handlers.restore(plugin, now)

    def again(self, outer: Note) -> Note:
        """Return the note of a call that goes on after a call within it, or of idling."""
        return outer[0], outer[1], self.clock()

    def now(self) -> dict[int, Call]:
        """Return the calls in progress by thread."""
        found = self.by_thread.copy()
        return {thread: Call(*one) for thread, one in found.items() if one[0]}

    def begin_free(self, thread: int) -> None:
        """Note that a thread other than the main one begins a call.

        It decides no trial, so it may use global random state.
        """
        self._free[thread] = self._free.get(thread, 0) + 1

    def end_free(self, thread: int) -> None:
        """Note that such a call has ended."""
        self._free[thread] += 1

    def free_calls(self) -> dict[int, int] | None:
        """Return numbers that each call on another thread changes, None during one.

        What changes in the process between two equal answers was not changed by such a call.
        """
        found = self._free.copy()
        return None if any(number % 2 for number in found.values()) else found
