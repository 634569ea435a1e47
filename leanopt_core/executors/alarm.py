"""A bell that ends a wait from another thread or from a signal handler."""

from __future__ import annotations

import socket


class Alarm:
    """Becomes readable at `ring`, quiet again at `hush`."""

    def __init__(self) -> None:
        # Sockets, not pipes: one that is closed refuses, and never writes to a successor's number.
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._heard.fileno()

    def ring(self) -> None:
        """Make it readable; after `close` nothing happens."""
        try:
            self._bell.send(b"\0")
        except OSError:
            return  # full: readable already; or closed

    def hush(self) -> None:
        """Take every ring so far."""
        try:
            while len(self._heard.recv(4096)) == 4096:  # noqa: PLR2004 - as many as were asked for
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the sockets back."""
        self._heard.close()
        self._bell.close()
