"""The channel to a harness in a container: one connection to the engine for all its streams."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Chunk
from leanopt_core.executors.command import fill_placeholders
from leanopt_core.executors.docker import cgroup
from leanopt_core.executors.docker.container import KILLED, Container
from leanopt_core.executors.docker.demultiplexer import Demultiplexer
from leanopt_core.executors.docker.line import Line
from leanopt_core.executors.docker.tmpfs import TmpfsScratch
from leanopt_core.executors.scratch import Scratch

_NOTHING = Chunk()
# How long, in seconds: a container may take to be killed before it is left to the threads; it may
# take to be known how one ended whose files cannot be reached.
_PATIENCE, _FINDING_OUT = 1.5, 15.0


class DockerChannel:
    """The line to one container; `Channel` says what the methods promise."""

    def __init__(
        self,
        container: Container,
        line: Line,
        scratch: Scratch | TmpfsScratch,
        places: Mapping[str, str],
        *,
        statistics: Path | None = None,
    ) -> None:
        self._container = container
        self._line = line
        self._scratch = scratch
        self._places = places
        self._statistics = statistics
        self._demultiplexer = Demultiplexer()
        self._silent = False
        self._killed_at: float | None = None
        # The worker is over, to those who watch, when it is known how it ended.
        self._descriptors = (line.fileno(), container.fileno())

    @property
    def volatile(self) -> bool:
        """Return whether the scratch folder is gone with the container."""
        return isinstance(self._scratch, TmpfsScratch)

    def filenos(self) -> Sequence[int]:
        """Return the descriptors of the connection and of the container's end."""
        return self._descriptors

    def read(self, fileno: int) -> Chunk:
        """Return what is there now on one of `filenos`."""
        if fileno != self._descriptors[0]:
            return Chunk(closed=bool(self._container.exit_reason()))
        data = self._line.read()
        if data is None:
            return _NOTHING
        if not data:
            self._silent = True
            self._container.inquire()
            return Chunk(closed=True)
        return self._demultiplexer.feed(data)

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now; raises BrokenPipeError where it never will again."""
        if self._silent:
            raise BrokenPipeError("the container's line has closed")
        return self._line.write(data)

    def write_fileno(self) -> int:
        """Return the descriptor of the connection."""
        return self._line.fileno()

    def fill(self, text: str) -> str:
        """Return `text` with the placeholders replaced."""
        return fill_placeholders(self._places, text)

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the scratch folder."""
        try:
            self._scratch.put(name, content)
        except TransientError:
            self._container.inquire()
            raise

    def open(self, name: str) -> BinaryIO:
        """Open a file below the scratch folder to read."""
        with self._telling_who_ended_it():
            return self._scratch.open(name)

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below a folder of the scratch folder."""
        with self._telling_who_ended_it():
            return self._scratch.names(folder)

    @contextmanager
    def _telling_who_ended_it(self) -> Iterator[None]:
        """Let a TransientError pass only where the container was ended from outside."""
        try:
            yield
        except TransientError as error:
            self._container.inquire()
            self._container.wait(_FINDING_OUT)
            if self._container.outside():
                raise
            raise ExecutorError(str(error)) from None

    def remove(self, folder: str) -> None:
        """Remove a folder below the scratch folder."""
        self._scratch.clear(folder)

    def memory(self) -> int | None:
        """Return the bytes that the container holds, None where its control group is elsewhere."""
        return None if self._statistics is None else cgroup.held(self._statistics)

    def end(self) -> None:
        """Close the harness's input."""
        self._line.end()

    def kill(self) -> None:
        """Begin to kill and remove the container, paused or not."""
        self._killed_at = self._killed_at or time.monotonic()
        self._container.end(KILLED)

    def exit_reason(self) -> str:
        """Say how the container ended, empty while it has not."""
        return self._container.exit_reason()

    def outside(self) -> bool | None:
        """Say whether somebody else has ended the container, None while that is being found out."""
        return self._container.outside()

    def exit_code(self) -> int | None:
        """Return the harness's exit code (128 + signal), None where it was ended from here."""
        return self._container.exit_code

    def release(self) -> None:
        """End what still lives and close the connection; the scratch goes with the channel."""
        self.kill()
        if self._killed_at is not None:
            self._container.wait(self._killed_at + _PATIENCE - time.monotonic())
        if isinstance(self._scratch, TmpfsScratch):
            self._scratch.close()
        self._line.close()
        self._container.close()
