"""Call the channels of an executor's workers, and report contract violations as PluginError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

from leanopt_core.errors import LeanoptError
from leanopt_core.executors.base import Channel, Chunk
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import Guard
from leanopt_core.shown import shown

T = TypeVar("T")

_NEEDED = (
    *("filenos", "read", "write", "write_fileno", "fill", "put", "open", "names", "remove"),
    *("memory", "end", "kill", "exit_reason", "outside", "release"),
)


class GuardedChannel:
    """The line to one worker; what it does wrong is a PluginError that names its executor."""

    def __init__(self, channel: Channel, label: str, calls: Calls | None = None) -> None:
        passing = (LeanoptError, BrokenPipeError, FileNotFoundError)
        self._guard = Guard(label, passing, calls=calls)
        self._guard.needs(channel, _NEEDED, "starting a worker")
        self._channel = channel
        self.filenos()
        # Looked up once: these two are called for every backtest.
        self._read, self._write = channel.read, channel.write

    @property
    def volatile(self) -> bool:
        """Return whether the scratch folder is gone with the worker."""
        doing = "asked whether its files are volatile"
        return bool(self._guard.call(doing, getattr, self._channel, "volatile"))

    def filenos(self) -> Sequence[int]:
        """Return the descriptors to watch; the first carries the answers."""
        doing = "asked for a worker's descriptors"
        found: Any = self._guard.call(doing, self._channel.filenos)
        if found and isinstance(found, Sequence) and all(isinstance(one, int) for one in found):
            return tuple(found)
        what = f"it returned {shown(found)}, expected one or more descriptors"
        raise self._guard.fault(doing, what)

    def read(self, fileno: int) -> Chunk:
        """Return what is there now on one of `filenos`."""
        doing = "reading from a worker"
        return self._kind(Chunk, doing, self._guard.call(doing, self._read, fileno))

    def write(self, data: bytes | memoryview) -> int:
        """Accept as many bytes as fit now and return how many."""
        doing = "writing to a worker"
        return self._kind(int, doing, self._guard.call(doing, self._write, data))

    def write_fileno(self) -> int:
        """Return the descriptor that becomes writable when `write` would accept more."""
        return self._asked(int, "asked for a worker's input", self._channel.write_fileno)

    def fill(self, text: str) -> str:
        """Return `text` with placeholders replaced for this worker."""
        return self._asked(str, "filling in placeholders", self._channel.fill, text)

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the worker's scratch folder."""
        self._guard.call("writing a worker's file", self._channel.put, name, content)

    def open(self, name: str) -> BinaryIO:
        """Open a file below the worker's scratch folder to read."""
        return self._guard.call("opening a worker's file", self._channel.open, name)

    def names(self, folder: str) -> Sequence[str]:
        """Return every plain file below a folder of the scratch folder."""
        return self._guard.call("listing a worker's files", self._channel.names, folder)

    def remove(self, folder: str) -> None:
        """Remove a folder below the scratch folder."""
        self._guard.call("removing a worker's files", self._channel.remove, folder)

    def memory(self) -> int | None:
        """Return the bytes that the worker holds now, None if unknown."""
        doing = "asked for a worker's memory"
        return self._unless_none(int, doing, self._channel.memory)

    def end(self) -> None:
        """Close the worker's input."""
        self._guard.call("ending a worker", self._channel.end)

    def kill(self) -> None:
        """Begin to end the worker and everything it started."""
        self._guard.call("killing a worker", self._channel.kill)

    def exit_reason(self) -> str:
        """Say how the worker ended, empty while that is unknown."""
        return self._asked(str, "asked how a worker ended", self._channel.exit_reason)

    def outside(self) -> bool | None:
        """Say whether the worker was ended from outside, None while that is being found out."""
        doing = "asked whether a worker was ended from outside"
        return self._unless_none(bool, doing, self._channel.outside)

    def release(self) -> None:
        """Give back what the worker held here."""
        self._guard.call("releasing a worker", self._channel.release)

    def _asked(self, kind: type[T], doing: str, method: Callable[..., T], *arguments: object) -> T:
        return self._kind(kind, doing, self._guard.call(doing, method, *arguments))

    def _unless_none(self, kind: type[T], doing: str, method: Callable[[], T | None]) -> T | None:
        found = self._guard.call(doing, method)
        return None if found is None else self._kind(kind, doing, found)

    def _kind(self, kind: type[T], doing: str, found: object) -> T:
        if isinstance(found, kind):
            return found
        what = f"it returned {type(found).__name__}, expected {kind.__name__}"
        raise self._guard.fault(doing, what)
