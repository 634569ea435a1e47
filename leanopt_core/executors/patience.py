"""How long starts and commands are tried again, and the pauses between two tries."""

from __future__ import annotations

import time

# The first failures in a row that are followed by another try at once; the shortest and the longest
# pause after the later ones, in seconds.
_AT_ONCE, _SHORTEST, _LONGEST = 2, 0.25, 10.0


class Patience:
    """Time runs from the first trouble after something was completed; `limit` is in seconds."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._since: float | None = None
        self._failures = 0

    def completed(self) -> None:
        """Note that a backtest or a command has been completed: all trouble is over."""
        self._since = None
        self._failures = 0

    def troubled(self) -> None:
        """Note that a worker at work was ended from outside."""
        if self._since is None:
            self._since = time.monotonic()

    def failed(self) -> None:
        """Note that a start has failed, or a command."""
        self.troubled()
        self._failures += 1

    def left(self) -> float:
        """Return for how many seconds to go on trying; none are left where it is below 0."""
        since = self._since
        return self.limit if since is None else self.limit - (time.monotonic() - since)

    def pause(self) -> float:
        """Return how many seconds to wait before the next try, at most those that are left."""
        if self._failures <= _AT_ONCE:
            return 0.0
        # Bounded, as is the largest float.
        doublings = min(self._failures - _AT_ONCE - 1, 10)
        pause = min(_LONGEST, _SHORTEST * 2.0**doublings)
        left = self.left()
        return min(pause, left) if left > 0 else pause
