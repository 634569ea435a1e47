"""The contract of an executor: it starts harnesses somewhere and carries bytes; the pool does the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from leanopt_core.work import Launch, Mount


@frozen
class Completed:
    """How a one-off command ended: its exit code, standard output, and the end of standard error."""

    exit_code: int
    output: str
    errors: str = ""


@frozen
class Chunk:
    """What a channel had to read: answer bytes, bytes of everything else, and whether it closed."""

    out: bytes = b""
    err: bytes = b""
    closed: bool = False


class Channel(Protocol):
    """The line to one worker. Used by one thread; nothing here blocks.

    A channel whose worker is gone reads `closed`; writing to it accepts nothing and raises nothing.
    """

    def filenos(self) -> Sequence[int]:
        """Return the descriptors that become readable when `read` has something."""
        ...

    def read(self) -> Chunk:
        """Return what is there now."""
        ...

    def write(self, data: bytes) -> int:
        """Accept as many bytes as fit now and return how many."""
        ...

    def write_fileno(self) -> int:
        """Return the descriptor that becomes writable when `write` would accept more."""
        ...

    def fill(self, text: str) -> str:
        """Return `text` with `{data}`, `{scratch}` and the like replaced for this worker's place."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the worker's scratch folder; `name` may not leave it."""
        ...

    def get(self, name: str) -> bytes:
        """Return a file from the worker's scratch folder; `name` may not leave it."""
        ...

    def memory(self) -> int | None:
        """Return the bytes that the worker holds now, None where that cannot be known."""
        ...

    def end(self) -> None:
        """Close the worker's input, so that its harness ends by itself."""
        ...

    def kill(self) -> None:
        """End the worker and everything it started, for certain; may be called twice."""
        ...

    def fate(self) -> str:
        """Say how the worker ended, as `exit code 3` or `memory limit of 512 MiB exceeded`."""
        ...


class Executor(Protocol):
    """Where backtests run. `place`, `once` and `spawn` may be called from several threads."""

    def place(self) -> Mapping[str, str]:
        """Say what decides a result about this place, as interpreter and platform, or image id."""
        ...

    def once(
        self, command: Sequence[str], mounts: Sequence[Mount] = (), *, time_limit: float = 600.0
    ) -> Completed:
        """Run one command to its end where the workers run; placeholders as in `Launch`."""
        ...

    def spawn(self, launch: Launch, worker: int) -> Channel:
        """Start worker number `worker` (from 1) and return its channel, before its harness is ready.

        Raises ExecutorError where it cannot be started.
        """
        ...

    def workers(self, wanted: int | None) -> int:
        """Return how many workers to run: `wanted`, or what suits this place for None."""
        ...

    def close(self) -> None:
        """Release everything; every worker has been killed by then."""
        ...
