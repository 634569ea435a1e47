"""Read and write a scratch folder in a container's memory, through an agent that runs there.

The engine's own way to copy files does not see such a folder. The agent runs beside the strategy
and as the same user, who can end it and answer in its place: so every answer is checked here.
"""

from __future__ import annotations

import io
import json
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from attrs import frozen

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.docker.engine import Client, engine_errors
from leanopt_core.executors.docker.stream import Demultiplexer, hang_up
from leanopt_core.executors.scratch import parts

_AGENT = Path(__file__).with_name("scratch_agent.py")
# How long one answer may take, in seconds.
_TIMEOUT = 60.0
_READ = 65536
# Limits of what is believed, in bytes: an answer's first line, a list of names; and its length.
_LONGEST_HEAD, _LONGEST_LIST, _MOST_NAMES = 4096, 4 * 2**20, 10_000
_GONE = "the scratch of a container that has ended is gone"


class ScratchClient:
    """The files of one container's scratch; from any thread, gone with the container."""

    def __init__(self, client: Client, ident: str, python: str, path: str, size: int) -> None:
        """Take the engine's client, the container, and in it: Python, the folder, its size."""
        self._client = client
        self._ident = ident
        self._python = python
        self._path = path
        self._size = size
        # One question at a time: answers come in order and name no question.
        self._lock = Lock()
        self._closed = False
        self._attached: Any = None
        self._socket: Any = None
        self._received = bytearray()
        self._demultiplexer = Demultiplexer()

    def put(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there; its folders are made."""
        self._ask("put", name, content)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read: all of it is fetched."""
        return io.BytesIO(self._ask("get", name, limit=self._size))

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below `folder`, by name from there, sorted."""
        return parse_names(self._ask("names", folder, limit=_LONGEST_LIST))

    def remove(self, folder: str) -> None:
        """Remove `folder` with all in it, if it is there."""
        self._ask("clear", folder)

    def close(self) -> None:
        """Let the agent end; a thread that waits for an answer fails."""
        self._closed = True
        connection = self._socket
        if connection is not None:
            # `close` alone would not wake the thread that listens; and TLS's own farewell waits.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._hang_up_if_closed()

    def _ask(self, do: str, name: str, content: bytes = b"", *, limit: int = 0) -> bytes:
        path = "/".join(parts(name))
        asked = {"do": do, "name": path, "limit": limit, "size": len(content)}
        try:
            with (
                self._lock,
                engine_errors(f"scratch file '{name}' is out of reach in its container"),
            ):
                head, data = self._exchange(json.dumps(asked).encode() + b"\n" + content, limit)
        finally:
            self._hang_up_if_closed()
        if head.error == "absent":
            raise FileNotFoundError(name)
        if head.error == "full":
            raise ExecutorError(
                f"a worker's scratch of {self._size / 2**20:g} MiB in memory is full, so that"
                f" '{name}' may be cut short: give it more (executor.scratch_size)"
            )
        if head.error:
            raise ExecutorError(f"scratch file '{name}' cannot be used: {head.error}")
        return data

    def _exchange(self, asked: bytes, limit: int) -> tuple[Head, bytes]:
        try:
            connection = self._connected()
            # For the whole answer: each read alone could go on for ever, one byte at a time.
            deadline = time.monotonic() + _TIMEOUT
            connection.settimeout(_TIMEOUT)
            connection.sendall(asked)
            while (head := parse_head(self._received, limit)) is None:
                self._receive(deadline)
            while len(self._received) < head.end:
                self._receive(deadline)
        except BaseException:
            # The rest of an answer must not be taken for the next one.
            self._hang_up()
            raise
        data = bytes(self._received[head.start : head.end])
        del self._received[: head.end]
        return head, data

    def _connected(self) -> Any:
        if self._socket is None:
            source = _AGENT.read_text(encoding="utf-8")
            command = [self._python, "-I", "-S", "-c", source, self._path]
            made = self._client.exec_create(self._ident, command, stdin=True, workdir="/")
            self._attached = self._client.exec_start(made["Id"], socket=True)
            self._socket = getattr(self._attached, "_sock", self._attached)
        if self._closed:
            raise TransientError(_GONE)
        return self._socket

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ExecutorError(f"a container's scratch took longer than {_TIMEOUT:g} s")
        self._socket.settimeout(left)
        chunk = self._socket.recv(_READ)
        if not chunk:
            raise TransientError(_GONE)
        self._received += self._demultiplexer.feed(chunk).out

    def _hang_up_if_closed(self) -> None:
        """Close the connection at the end, in whichever thread is the last to use it."""
        if self._closed and self._lock.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._lock.release()

    def _hang_up(self) -> None:
        """Close the connection; the next question starts another agent."""
        if self._socket is not None:
            hang_up(self._attached)
        self._socket = None
        self._received.clear()
        self._demultiplexer = Demultiplexer()


@frozen
class Head:
    """The first line of an answer: what went wrong, and where its bytes start and end."""

    error: str
    start: int
    end: int


def parse_head(received: bytes | bytearray, limit: int) -> Head | None:
    """Return the head of the answer that begins here, None while it is incomplete.

    Raises ExecutorError for a head that is malformed, or announces more than `limit` bytes.
    """
    end = received.find(b"\n", 0, _LONGEST_HEAD)
    if end < 0:
        if len(received) < _LONGEST_HEAD:
            return None
        raise _malformed("a line without end")
    head = _parse(bytes(received[:end]))
    size, error = (head.get("size"), head.get("error")) if isinstance(head, dict) else (None, "")
    # Not `isinstance`, which takes `true` for a number.
    if type(size) is not int or not 0 <= size <= limit or not isinstance(error, str | None):
        raise _malformed(f"{bytes(received[:end])[:100]!r}")
    # It is shown in a terminal, which obeys control characters.
    shown = "".join(sign if sign.isprintable() else "?" for sign in error or "")
    return Head(shown, end + 1, end + 1 + size)


def parse_names(data: bytes) -> list[str]:
    """Return the file names in an answer; raises ExecutorError where one leads elsewhere."""
    names = _parse(data)
    if not isinstance(names, list) or len(names) > _MOST_NAMES:
        raise _malformed(f"{_MOST_NAMES} names of files were the most to expect")
    for name in names:
        try:
            # JSON holds texts that no file name can be.
            os.fsencode(name)
            parts(name)
        except (TypeError, ValueError, ExecutorError):
            raise _malformed(f"{name!r:.100} for a file's name") from None
    return names


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _malformed(f"{data[:100]!r}") from None


def _malformed(what: str) -> ExecutorError:
    return ExecutorError(f"a container's scratch answered what cannot be understood: {what}")
