"""Split bytes into lines in bounded memory, and write requests as lines with worker paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

#: Maximum length of a line from a harness, in bytes (128 MiB).
LINE_LIMIT = 128 * 2**20


class LineTooLongError(Exception):
    """A line is over the limit; the rest of the stream cannot be used."""


class Framer:
    """Splits a stream into lines. Every byte is copied a bounded number of times."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        r"""Return the lines that `data` completes, without their `\n`.

        Raises LineTooLongError if a line, complete or not, is longer than the limit; the other
        lines of the same data are then lost, and so is everything after.
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


def request_line(ident: str, payload: str, *, time_limit: float | None = None) -> bytes:
    """Return the line for a request; `payload` is a JSON object without `id`, without newlines.

    `time_limit`, in seconds, is passed to the harness if given.
    """
    members = payload[1:]
    comma = "" if members.lstrip().startswith("}") else ","
    limit = "" if time_limit is None else f',"time_limit":{time_limit}'
    return f'{{"id":"{ident}"{limit}{comma}{members}\n'.encode()


def fill_in(payload: str, placeholders: Iterable[str], fill: Callable[[str], str]) -> str:
    """Return `payload` with, for each placeholder, the first equal JSON text replaced.

    `fill` returns the worker's value of a placeholder such as `{data}`.
    """
    for placeholder in placeholders:
        filled = json.dumps(fill(placeholder))
        # JSON may have letters beyond ASCII as they are, or escaped.
        for plain in (False, True):
            written = json.dumps(placeholder, ensure_ascii=plain)
            if written in payload:
                payload = payload.replace(written, filled, 1)
                break
    return payload
