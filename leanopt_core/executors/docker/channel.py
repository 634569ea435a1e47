"""The channel to a harness in a container: its streams, its scratch folder, its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Chunk
from leanopt_core.executors.command import fill_placeholders
from leanopt_core.executors.docker.container import KILLED, Container
from leanopt_core.executors.docker.scratch_client import ScratchClient
from leanopt_core.executors.docker.stream import AttachedStream, Demultiplexer
from leanopt_core.executors.docker.watch import memory_in_use
from leanopt_core.executors.scratch import LocalScratch

_NOTHING = Chunk()
# How long, in seconds: the release of a channel waits for its container to be killed; a failed
# access to files waits for the exit reason.
_KILLING, _FINDING_OUT = 1.5, 15.0


class DockerChannel:
    """The channel to one container; `Channel` says what the methods promise."""

    def __init__(
        self,
        container: Container,
        stream: AttachedStream,
        scratch: LocalScratch | ScratchClient,
        inside: Mapping[str, str],
        *,
        statistics: Path | None = None,
    ) -> None:
        self._container = container
        self._stream = stream
        self._scratch = scratch
        self._inside = inside
        self._statistics = statistics
        self._demultiplexer = Demultiplexer()
        self._silent = False
        self._killed_at: float | None = None
        # The worker is over, to those who watch, when it is known how it ended.
        self._descriptors = (stream.fileno(), container.fileno())

    @property
    def volatile(self) -> bool:
        """Return whether the scratch folder is gone with the container."""
        return isinstance(self._scratch, ScratchClient)

    def filenos(self) -> Sequence[int]:
        """Return the descriptors of the connection and of the container's end."""
        return self._descriptors

    def read(self, fileno: int) -> Chunk:
        """Return what is there now on one of `filenos`."""
        if fileno != self._descriptors[0]:
            return Chunk(closed=bool(self._container.exit_reason()))
        data = self._stream.read()
        if data is None:
            return _NOTHING
        if not data:
            # An end of the stream can be the connection's or the container's: the engine knows.
            self._silent = True
            self._container.find_exit_reason()
            return Chunk(closed=True)
        return self._demultiplexer.feed(data)

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now; raises BrokenPipeError where it never will again."""
        if self._silent:
            raise BrokenPipeError("the container's line has closed")
        return self._stream.write(data)

    def write_fileno(self) -> int:
        """Return the descriptor of the connection."""
        return self._stream.fileno()

    def fill(self, text: str) -> str:
        """Return `text` with the placeholders replaced."""
        return fill_placeholders(self._inside, text)

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the scratch folder."""
        try:
            self._scratch.put(name, content)
        except TransientError:
            self._container.find_exit_reason()
            raise

    def open(self, name: str) -> BinaryIO:
        """Open a file below the scratch folder to read."""
        with self._transient_only_from_outside():
            return self._scratch.open(name)

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below a folder of the scratch folder."""
        with self._transient_only_from_outside():
            return self._scratch.names(folder)

    @contextmanager
    def _transient_only_from_outside(self) -> Iterator[None]:
        """Let a TransientError pass only where the container was ended from outside.

        A strategy that ends its own container must not have its backtest repeated without end.
        """
        try:
            yield
        except TransientError as error:
            self._container.find_exit_reason()
            self._container.wait(_FINDING_OUT)
            if self._container.outside():
                raise
            raise ExecutorError(str(error)) from None

    def remove(self, folder: str) -> None:
        """Remove a folder below the scratch folder."""
        self._scratch.remove(folder)

    def memory(self) -> int | None:
        """Return the bytes that the container holds, None where its control group is elsewhere."""
        return None if self._statistics is None else memory_in_use(self._statistics)

    def end(self) -> None:
        """Close the harness's input."""
        self._stream.end()

    def kill(self) -> None:
        """Begin to kill and remove the container, paused or not."""
        # The first kill counts: `release` waits only for what is left of its time.
        self._killed_at = self._killed_at or time.monotonic()
        self._container.kill(KILLED)

    def exit_reason(self) -> str:
        """Say how the container ended, empty while it has not."""
        return self._container.exit_reason()

    def outside(self) -> bool | None:
        """Return whether somebody else ended the container, None while that is being found out."""
        return self._container.outside()

    def exit_code(self) -> int | None:
        """Return the harness's exit code (128 + signal), None where leanopt ended it."""
        return self._container.exit_code

    def release(self) -> None:
        """End what still lives and close the connection; the scratch goes with the channel."""
        # Not longer: the manager goes on with what the engine is slow to remove.
        self.kill()
        if self._killed_at is not None:
            self._container.wait(self._killed_at + _KILLING - time.monotonic())
        # A reader in another thread may wait for the agent's answer: this ends its wait.
        if isinstance(self._scratch, ScratchClient):
            self._scratch.close()
        self._stream.close()
        self._container.close()
