"""Name the plugin that works for long, on screen and in the log; nothing is changed or stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Lock, Thread, get_ident

from leanopt_core.closing import Closing
from leanopt_core.search.calls import Call, Calls
from leanopt_core.search.events import RunEvent, Screen, Warned


class SharedScreen:
    """A screen that the main thread and the watchdog use in turn."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._lock = Lock()

    def observe(self, event: RunEvent) -> None:
        """Pass an event on."""
        with self._lock:
            self._screen.observe(event)

    def tick(self) -> None:
        """Let the screen redraw."""
        with self._lock:
            self._screen.tick()

    def patience(self) -> float | None:
        """Return the maximum seconds until the next `tick`, None for no limit."""
        return self._screen.patience()


class Watchdog(Closing):
    """A thread that looks at the calls in progress and warns of long ones; a context manager.

    It warns of a call after `first` seconds, then after each multiple of `again` seconds, and looks
    every `every` seconds. While a call keeps the thread that made the watchdog, it redraws the
    screen in that thread's place. `clock` is that of `calls`.
    """

    def __init__(
        self,
        calls: Calls,
        screen: SharedScreen,
        *,
        first: float = 10.0,
        again: float = 60.0,
        every: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._screen = screen
        self._first, self._again, self._every = first, again, every
        self._clock = clock
        self._drawing = get_ident()
        # The calls in progress by thread, and after how many seconds to warn of each next.
        self._due: Mapping[int, tuple[Call, float]] = {}
        self._closed = Event()
        # A daemon, since a screen that blocks, as a full pipe does, must not keep leanopt alive.
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look at the calls in progress once."""
        now, due = self._clock(), {}
        for thread, call in self._calls.now().items():
            known, limit = self._due.get(thread, (call, self._first))
            limit = limit if known == call else self._first
            seconds = now - call.since
            if seconds >= limit:
                # If it looks late, as after a sleep of the machine, one warning is enough.
                limit = max(limit, seconds // self._again * self._again)
                said = f"{call.plugin} has been {call.working()} for {limit:g} s"
                if thread == self._calls.main and self._calls.handlers.replaced():
                    said += f"; it has replaced leanopt's handler of Ctrl-C: kill -9 {os.getpid()}"
                self._screen.observe(Warned(said))
                limit += self._again - limit % self._again
            due[thread] = call, limit
        self._due = due
        if self._drawing in due and due[self._drawing][1] > self._first:
            self._screen.tick()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join(self._every)

    def _watch(self) -> None:
        while not self._closed.wait(self._every):
            # A screen that cannot show a warning must not end the watch.
            with suppress(Exception):
                self.look()
