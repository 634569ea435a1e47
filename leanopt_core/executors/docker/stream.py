"""The connection to a container's standard streams, which never blocks."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import Any

from attrs import define

from leanopt_core.executors.base import Chunk
from leanopt_core.executors.docker.engine import Client

_READ = 65536
# A frame: the stream's number, three empty bytes, four bytes of size, then so many bytes.
_HEADER, _ERRORS = 8, 2


class AttachedStream:
    """A socket over which the engine copies a container's streams."""

    def __init__(self, attached: Any, *, stdin: bool = True) -> None:
        """Take what the SDK's `attach_socket` returned; without `stdin`, nothing is written."""
        self._attached = attached  # holds the HTTP response, and with it the connection
        self._socket: Any = getattr(attached, "_sock", attached)
        # One thread serves all workers, so no stream may block it.
        self._socket.setblocking(False)
        self._open = stdin

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return int(self._socket.fileno())

    def read(self) -> bytes | None:
        """Return the bytes there are now: empty at the end, None while there are none yet."""
        try:
            data: bytes = self._socket.recv(_READ)
            # Bytes that TLS has decrypted already make no descriptor readable.
            while isinstance(self._socket, ssl.SSLSocket) and (more := self._socket.pending()):
                data += self._socket.recv(more)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        # Trouble on the line is its end, as `Channel` promises.
        except OSError:
            return b""
        return data

    def write(self, data: bytes | memoryview) -> int:
        """Write as many bytes as fit and return how many; raises BrokenPipeError for good."""
        if not self._open:
            raise BrokenPipeError("the harness's input has been closed")
        try:
            return int(self._socket.send(data))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            raise BrokenPipeError(str(error)) from None

    def end(self) -> None:
        """Half-close the connection: the container's input ends."""
        if self._open:
            self._open = False
            with suppress(OSError):
                if isinstance(self._socket, ssl.SSLSocket):
                    # Sends our half of TLS's farewell; the socket does not block for the other.
                    self._socket.unwrap()
                else:
                    self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        self._open = False
        hang_up(self._attached)


def attach(client: Client, ident: str, *, stdin: bool) -> AttachedStream:
    """Return the streams of a container that has not started, so that no output is missed."""
    streams = {"stdin": int(stdin), "stdout": 1, "stderr": 1, "stream": 1}
    return AttachedStream(client.attach_socket(ident, params=streams), stdin=stdin)


def hang_up(attached: Any) -> None:
    """Close what the SDK returned as a socket, and the connection that it holds.

    The SDK keeps the connection in the response, so that closing the socket alone would leak it.
    """
    connection = getattr(attached, "_sock", attached)
    response = getattr(attached, "_response", None)
    if response is not None:
        response.close()
    attached.close()
    connection.close()


@define
class Demultiplexer:
    """Separates standard output from standard error, which the engine sends as one stream.

    Frames can be cut anywhere. Every byte is copied once.
    """

    _header: bytes = b""
    _left: int = 0

    def feed(self, data: bytes) -> Chunk:
        """Return the bytes of each stream in `data`."""
        out: list[bytes] = []
        errors: list[bytes] = []
        at = 0
        while at < len(data):
            if not self._left:
                piece = data[at : at + _HEADER - len(self._header) % _HEADER]
                at += len(piece)
                self._feed_header(piece)
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            (errors if self._header[0] == _ERRORS else out).append(piece)
        return Chunk(b"".join(out), b"".join(errors))

    def _feed_header(self, piece: bytes) -> None:
        """Consume header bytes; a whole header before them belongs to the frame before."""
        whole = len(self._header) == _HEADER
        self._header = piece if whole else self._header + piece
        if len(self._header) == _HEADER:
            self._left = int.from_bytes(self._header[4:], "big")
