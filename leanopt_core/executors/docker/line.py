"""The connection to a container's standard streams, which never waits."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import Any

from leanopt_core.executors.docker.engine import Client

_READ = 65536


class Line:
    """A socket that the engine copies a container's streams to and from."""

    def __init__(self, attached: Any, *, listening: bool = True) -> None:
        """Take what the SDK's `attach_socket` returned; nothing is written if not `listening`."""
        self._attached = attached  # what holds the response, and with it the connection
        self._socket: Any = getattr(attached, "_sock", attached)
        self._socket.setblocking(False)
        self._open = listening

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return int(self._socket.fileno())

    def read(self) -> bytes | None:
        """Return what is there now, empty at the end, None where there is nothing yet."""
        try:
            data: bytes = self._socket.recv(_READ)
            # What TLS has decrypted already makes no descriptor readable.
            while isinstance(self._socket, ssl.SSLSocket) and (more := self._socket.pending()):
                data += self._socket.recv(more)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""
        return data

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit; raises BrokenPipeError where it never will again."""
        if not self._open:
            raise BrokenPipeError("the harness's input has been closed")
        try:
            return int(self._socket.send(data))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            raise BrokenPipeError(str(error)) from None

    def end(self) -> None:
        """Say that nothing more will be written."""
        if self._open:
            self._open = False
            with suppress(OSError):
                if isinstance(self._socket, ssl.SSLSocket):
                    self._socket.unwrap()  # its half that is ours; the answer is not waited for
                else:
                    self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the connection back."""
        self._open = False
        hang_up(self._attached)


def hang_up(attached: Any) -> None:
    """Close what the SDK returned as a socket, and the connection that it holds."""
    connection, response = (
        getattr(attached, "_sock", attached),
        getattr(attached, "_response", None),
    )
    if response is not None:
        response.close()
    attached.close()
    connection.close()


def attach(client: Client, ident: str, *, listening: bool) -> Line:
    """Return the line to a container that has not started: nothing that it says is missed."""
    streams = {"stdin": int(listening), "stdout": 1, "stderr": 1, "stream": 1}
    return Line(client.attach_socket(ident, params=streams), listening=listening)
