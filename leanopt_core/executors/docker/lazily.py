"""What takes long to make, is made at most once, and can be given up while it is being made."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from leanopt_core.errors import ExecutorError

T = TypeVar("T")


class Lazily(Generic[T]):
    """Makes a thing for the first who asks; `undo` is called with it, if it was made, at the end.

    From any thread; `close` waits for nobody, and what is being made then is undone by its maker.
    """

    def __init__(self, make: Callable[[], T], undo: Callable[[T], None]) -> None:
        self._make = make
        self._undo = undo
        self._making = Lock()
        self._lock = Lock()
        self._made: T | None = None
        self._closed = False

    def get(self) -> T:
        """Return it; raises ExecutorError after `close`, and what making it raises."""
        with self._making:
            with self._lock:
                made, closed = self._made, self._closed
            if made is None and not closed:
                made = self._make()
                closed = self._late(made)
        if made is None or closed:
            raise ExecutorError("the executor has been closed")
        return made

    def close(self) -> None:
        """Undo it, for good."""
        with self._lock:
            self._closed = True
            made, self._made = self._made, None
        if made is not None:
            self._undo(made)

    def _late(self, made: T) -> bool:
        """Keep what was made, or undo it where nobody wants it any more; return whether so."""
        with self._lock:
            if not self._closed:
                self._made = made
                return False
        self._undo(made)
        return True
