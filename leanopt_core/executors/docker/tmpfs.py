"""A scratch folder in memory inside a container: its files go through a program run there.

The engine's own copying does not see a tmpfs. The program runs beside the strategy and as the same
user, who can end it and answer in its place: nothing that it answers is believed unseen.
"""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.docker.answers import Head, understood, understood_names
from leanopt_core.executors.docker.demultiplexer import Demultiplexer
from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.line import hang_up
from leanopt_core.executors.docker.settings import PYTHON, SCRATCH
from leanopt_core.executors.docker.trouble import told
from leanopt_core.executors.scratch import parts

_STEWARD = Path(__file__).with_name("steward.py")
# How long one answer may take, in seconds.
_PATIENCE = 60.0
_READ = 65536
# The longest list of names, in bytes.
_LIST = 4 * 2**20
_GONE = "the scratch of a container that has ended is gone"


class TmpfsScratch:
    """The files of one container's scratch; from any thread, gone with the container."""

    def __init__(self, client: Client, ident: str, size: int) -> None:
        self._client = client
        self._ident = ident
        self._size = size
        self._lock = Lock()
        self._closed = False
        self._attached: Any = None
        self._line: Any = None
        self._heard = bytearray()
        self._demultiplexer = Demultiplexer()

    def put(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that may be there; its folders are made."""
        self._ask("put", name, content)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read: all of it is fetched."""
        return io.BytesIO(self._ask("get", name, most=self._size))

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below `folder`, by name from there, sorted."""
        return understood_names(self._ask("names", folder, most=_LIST))

    def clear(self, folder: str) -> None:
        """Remove `folder` with all in it, if it is there."""
        self._ask("clear", folder)

    def close(self) -> None:
        """Let the program go; what a thread is asking it fails there, and is not waited for."""
        self._closed = True
        line = self._line
        if line is not None:
            _shut(line)
        self._let_go()

    def _ask(self, do: str, name: str, content: bytes = b"", *, most: int = 0) -> bytes:
        path = "/".join(parts(name))
        asked = {"do": do, "name": path, "most": most, "size": len(content)}
        try:
            with self._lock, told(f"scratch file '{name}' is out of reach in its container"):
                head, data = self._exchange(json.dumps(asked).encode() + b"\n" + content, most)
        finally:
            self._let_go()
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

    def _let_go(self) -> None:
        """Give the line back after the end, in whichever thread comes last."""
        if self._closed and self._lock.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._lock.release()

    def _exchange(self, asked: bytes, most: int) -> tuple[Head, bytes]:
        try:
            line = self._connected()
            deadline = time.monotonic() + _PATIENCE
            line.settimeout(_PATIENCE)
            line.sendall(asked)
            while (head := understood(self._heard, most)) is None:
                self._hear(deadline)
            while len(self._heard) < head.end:
                self._hear(deadline)
        except BaseException:
            self._hang_up()
            raise
        data = bytes(self._heard[head.start : head.end])
        del self._heard[: head.end]
        return head, data

    def _connected(self) -> Any:
        if self._line is None:
            self._line = self._start()
        if self._closed:
            raise TransientError(_GONE)
        return self._line

    def _start(self) -> Any:
        command = [PYTHON, "-I", "-S", "-c", _STEWARD.read_text(encoding="utf-8"), SCRATCH]
        made = self._client.exec_create(self._ident, command, stdin=True, workdir="/")
        self._attached = self._client.exec_start(made["Id"], socket=True)
        return getattr(self._attached, "_sock", self._attached)

    def _hear(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ExecutorError(f"a container's scratch took longer than {_PATIENCE:g} s")
        self._line.settimeout(left)
        chunk = self._line.recv(_READ)
        if not chunk:
            raise TransientError(_GONE)
        self._heard += self._demultiplexer.feed(chunk).out

    def _hang_up(self) -> None:
        """Forget the program; another one is started at need."""
        if self._line is not None:
            hang_up(self._attached)
        self._line = None
        self._heard.clear()
        self._demultiplexer = Demultiplexer()


def _shut(line: Any) -> None:
    """End a connection under a thread that listens to it; TLS has a farewell, which would wait."""
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
