"""Keep leanopt's signal handlers in place when a plugin replaces them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

#: How often handlers are put back that are not checked after each call, in seconds.
_EVERY: Final = 1.0

_CTRL_C: Final = int(signal.SIGINT)
# The function that `signal.getsignal` calls, and then spends 5 us on the type of the answer.
_current: Final[Callable[[int], Any]] = import_module("_signal").getsignal

Handler = Callable[[int, Any], object]


class Handlers:
    """The handlers of a process's signals; `restore` puts back what a plugin has replaced.

    Python sets handlers on the main thread alone, so a guard asks `lost` there after each call.
    `warn` shows a warning. `wakeup` is the descriptor that hears of signals, None without one.
    """

    def __init__(self) -> None:
        self.warn: Callable[[str], object] = lambda _text: None
        self.wakeup: int | None = None
        self._handler: Handler | None = None
        self._before: Mapping[int, Any] = {}
        self._due = 0.0
        self._named = set[str]()

    @property
    def signals(self) -> Collection[int]:
        """Return the signals that have the handler."""
        return self._before.keys()

    def take(self, signals: Collection[int], handler: Handler) -> None:
        """Handle these signals."""
        self._before = {one: signal.getsignal(one) for one in signals}
        self._handler = handler
        for one in signals:
            signal.signal(one, handler)

    @contextmanager
    def warning(self, warn: Callable[[str], object]) -> Iterator[None]:
        """Show warnings by `warn` within the block."""
        before, self.warn = self.warn, warn
        try:
            yield
        finally:
            self.warn = before

    def give_back(self) -> None:
        """Put back the handlers that were there before."""
        self._handler = None
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def lost(self, now: float) -> bool:
        """Return whether Ctrl-C has another handler, or the other signals are to be looked at."""
        return self._handler is not None and (
            _current(_CTRL_C) is not self._handler or now >= self._due
        )

    def replaced(self) -> list[int]:
        """Return the signals that have another handler now; in any thread."""
        if self._handler is None:
            return []
        return [one for one in self._before if _current(one) is not self._handler]

    def restore(self, label: str, now: float) -> None:
        """Put everything back after a call of the plugin `label`; on the main thread."""
        self._due = now + _EVERY
        if self.wakeup is not None:
            # Nobody can ask for it without setting it, as `asyncio` does.
            signal.set_wakeup_fd(self.wakeup, warn_on_full_buffer=False)
        replaced = self.replaced()
        for one in replaced:
            signal.signal(one, self._handler)
        # The other signals are looked at too rarely to know whose call it was.
        who = label if _CTRL_C in replaced else "a plugin"
        if replaced and who not in self._named:
            self._named.add(who)
            names = ", ".join(signal.Signals(one).name for one in replaced)
            self.warn(f"{who} replaced leanopt's handler of {names}; it has been put back")
