"""A scratch folder in memory inside a container: its files go through a program run there.

The engine's own copying does not see a tmpfs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.demultiplexer import Demultiplexer
from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.line import hang_up
from leanopt_core.executors.docker.settings import PYTHON, SCRATCH
from leanopt_core.executors.docker.trouble import told
from leanopt_core.executors.scratch import parts

_STEWARD = Path(__file__).with_name("steward.py")
_PATIENCE = 60.0
_READ = 65536
# What the answer to one question may be longer than the folder is large, in bytes.
_HEAD = 65536


class TmpfsScratch:
    """The files of one container's scratch; from any thread, gone with the container."""

    def __init__(self, client: Client, ident: str, size: int) -> None:
        self._client = client
        self._ident = ident
        self._limit = size + _HEAD
        self._lock = Lock()
        self._attached: Any = None
        self._line: Any = None
        self._heard = bytearray()
        self._demultiplexer = Demultiplexer()

    def put(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that may be there; its folders are made."""
        self._ask("put", name, content)

    def open(self, name: str) -> BinaryIO:
        """Open a file to read: all of it is fetched."""
        return io.BytesIO(self._ask("get", name))

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below `folder`, by name from there, sorted."""
        found = json.loads(self._ask("names", folder))
        return [str(name) for name in found]

    def clear(self, folder: str) -> None:
        """Remove `folder` with all in it, if it is there."""
        self._ask("clear", folder)

    def close(self) -> None:
        """Let the program go; what a thread is asking it fails."""
        with self._lock:
            self._hang_up()

    def _ask(self, do: str, name: str, content: bytes = b"") -> bytes:
        head = {"do": do, "name": "/".join(parts(name)), "size": len(content)}
        with self._lock, told(f"scratch file '{name}' is out of reach in its container"):
            try:
                said, data = self._exchange(json.dumps(head).encode() + b"\n" + content)
            except BaseException:
                self._hang_up()
                raise
        if said.get("error") == "absent":
            raise FileNotFoundError(name)
        if error := said.get("error"):
            raise ExecutorError(f"scratch file '{name}' cannot be used: {error}")
        return data

    def _exchange(self, asked: bytes) -> tuple[dict[str, Any], bytes]:
        if self._line is None:
            self._line = self._start()
        self._line.sendall(asked)
        while b"\n" not in self._heard:
            self._hear()
        head, _, rest = bytes(self._heard).partition(b"\n")
        said = _understood(head)
        self._heard = bytearray(rest)
        while len(self._heard) < said["size"]:
            self._hear()
        data = bytes(self._heard[: said["size"]])
        del self._heard[: said["size"]]
        return said, data

    def _start(self) -> Any:
        command = [PYTHON, "-I", "-S", "-c", _STEWARD.read_text(encoding="utf-8"), SCRATCH]
        made = self._client.exec_create(self._ident, command, stdin=True, workdir="/")
        self._attached = self._client.exec_start(made["Id"], socket=True)
        line = getattr(self._attached, "_sock", self._attached)
        line.settimeout(_PATIENCE)
        return line

    def _hear(self) -> None:
        chunk = self._line.recv(_READ)
        if not chunk:
            raise ExecutorError("the scratch of a container that has ended is gone")
        self._heard += self._demultiplexer.feed(chunk).out
        if len(self._heard) > self._limit:
            raise ExecutorError("a container's scratch answered with more than it can hold")

    def _hang_up(self) -> None:
        """Forget the program; another one is started at need."""
        if self._line is not None:
            hang_up(self._attached)
        self._line = None
        self._heard.clear()
        self._demultiplexer = Demultiplexer()


def _understood(head: bytes) -> dict[str, Any]:
    """Return an answer's head; what runs beside a strategy is not believed unseen."""
    try:
        said = json.loads(head)
    except ValueError:
        said = None
    size = said.get("size") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(size, int) or size < 0:
        raise ExecutorError("a container's scratch answered what cannot be understood")
    return said
