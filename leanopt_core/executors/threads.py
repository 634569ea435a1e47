"""Channels to workers without descriptors: objects that are called, one line at a time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import BinaryIO

from leanopt_core.errors import TransientError
from leanopt_core.executors.base import Chunk, LineWorker, WorkerFiles

_READ = 65536
_NOTHING = Chunk()
# How long a worker may take to end before its thread is left behind, in seconds.
_PATIENCE = 0.9


class ThreadChannel:
    """The line to a `LineWorker`: a thread calls it, and a socket pair carries the lines.

    `Channel` says what the methods promise. `files` are the worker's, gone with it if `volatile`;
    `fill` replaces placeholders. A worker that ends while it is idle is missed at its next request.
    """

    def __init__(
        self,
        worker: LineWorker,
        files: WorkerFiles,
        fill: Callable[[str], str],
        *,
        volatile: bool = False,
    ) -> None:
        self._worker = worker
        self._files = files
        self._fill = fill
        self._volatile = volatile
        self._socket, self._its = socket.socketpair()
        self._socket.setblocking(False)
        self._descriptor = self._socket.fileno()
        self._killer: Thread | None = None
        self._reason = ""
        self._outside = False
        # Daemons: leanopt's end need not wait for a worker that hangs.
        self._thread = Thread(target=self._serve, name="line-worker", daemon=True)
        self._thread.start()

    @property
    def volatile(self) -> bool:
        """Return whether the files are gone with the worker."""
        return self._volatile

    def filenos(self) -> Sequence[int]:
        """Return the descriptor of the socket."""
        return (self._descriptor,)

    def read(self, fileno: int) -> Chunk:  # noqa: ARG002 - there is one
        """Return what is there now."""
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return _NOTHING
        except OSError:
            data = b""
        return Chunk(out=data, closed=not data)

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now; raises BrokenPipeError where it never will again."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise BrokenPipeError(f"the worker takes no more lines: {error}") from None

    def write_fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._descriptor

    def fill(self, text: str) -> str:
        """Return `text` with the placeholders replaced."""
        return self._fill(text)

    def put(self, name: str, content: bytes) -> None:
        """Write one of the worker's files."""
        try:
            self._files.put(name, content)
        except TransientError:
            self._outside = True
            raise

    def open(self, name: str) -> BinaryIO:
        """Open one of the worker's files to read."""
        return self._files.open(name)

    def names(self, folder: str) -> Sequence[str]:
        """Return the names of all plain files below a folder."""
        return self._files.names(folder)

    def remove(self, folder: str) -> None:
        """Remove a folder of the worker's files."""
        self._files.remove(folder)

    def memory(self) -> int | None:
        """Return that it is not known."""
        return None

    def end(self) -> None:
        """Have the worker ended after its last answer."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """Begin to end the worker, in a thread of its own: that may call another machine."""
        if self._killer is None:
            self._killer = Thread(target=self._kill, name="line-worker-kill", daemon=True)
            self._killer.start()

    def exit_reason(self) -> str:
        """Say how the worker ended, empty while it has not."""
        return self._reason

    def outside(self) -> bool | None:
        """Return whether the worker said that it was ended from outside."""
        return self._outside

    def release(self) -> None:
        """Kill the worker if it lives, wait a little for its threads, and close the socket."""
        until = time.monotonic() + _PATIENCE
        if self._thread.is_alive() and not self._reason:
            self.kill()
        for thread in (self._killer, self._thread):
            if thread is not None:
                thread.join(max(0.0, until - time.monotonic()))
        self._socket.close()

    def _serve(self) -> None:
        """Hand lines to and fro, and note how the worker ended; in the worker's thread."""
        reason = ""
        try:
            reason = self._relay()
        except TransientError as error:
            reason, self._outside = str(error), self._killer is None
        except BaseException as error:  # noqa: BLE001 - workers are plugins: every error is shown
            reason = str(error) or type(error).__name__
        try:
            self._worker.close()
        except BaseException as error:  # noqa: BLE001
            reason = f"{reason}; it cannot be closed: {error}"
        # Before the line closes, which says that the reason is known.
        self._reason = reason or "it is gone"
        self._its.close()

    def _relay(self) -> str:
        with self._its.makefile("rb") as lines:
            for line in lines:
                self._its.sendall(self._worker.send(line.rstrip(b"\n")) + b"\n")
        return "killed" if self._killer is not None else self._worker.end()

    def _kill(self) -> None:
        with suppress(BaseException):  # the worker's thread says what is wrong with it
            self._worker.kill()
        # If its thread waits for a line, there is none.
        with suppress(OSError):
            self._its.shutdown(socket.SHUT_RD)
