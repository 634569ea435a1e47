"""Lines out of bytes, in linear time and bounded memory."""

from __future__ import annotations

#: The longest line that a harness may send, in bytes (128 MiB).
LINE_LIMIT = 128 * 2**20


class LineTooLongError(Exception):
    """A line passed the limit; what follows on this stream has no meaning any more."""


class Framer:
    """Cuts a stream into lines. Every byte is copied a bounded number of times."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        r"""Return the lines that `data` completes, without their `\n`.

        Raises LineTooLongError once a line, complete or not, is longer than the limit; lines
        before it in the same data are lost then, as is everything after.
        """
        first, newline, rest = data.partition(b"\n")
        self._size += len(first)
        if self._size > self._limit:
            self._parts.clear()
            raise LineTooLongError(f"a line of more than {self._limit} bytes")
        if not newline:
            self._parts.append(first)
            return []
        if self._parts:
            self._parts.append(first)
            first = b"".join(self._parts)
            self._parts.clear()
        self._size = 0
        return [first, *self._more(rest)] if rest else [first]

    def _more(self, rest: bytes) -> list[bytes]:
        *lines, unfinished = rest.split(b"\n")
        if max(map(len, (*lines, unfinished))) > self._limit:
            raise LineTooLongError(f"a line of more than {self._limit} bytes")
        if unfinished:
            self._parts.append(unfinished)
            self._size = len(unfinished)
        return lines
