"""What an executor has left on this machine: processes, descriptors, threads, folders."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from attrs import field, frozen

#: Seconds for which a killed process may still be seen.
_DYING: Final = 3.0

PROCESSES: Final = Path("/proc")


@frozen
class Traces:
    """A test's own mark, which everything it starts has in its environment, and scratch folders."""

    mark: str = field(factory=lambda: str(uuid4()))
    scratch: list[Path] = field(factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """Return the variable with the mark, for workers: they do not inherit this process's."""
        return {_VARIABLE: self.mark}

    @contextmanager
    def in_environment(self) -> Iterator[None]:
        """Have all processes that are started in the block inherit the mark."""
        os.environ[_VARIABLE] = self.mark
        try:
            yield
        finally:
            del os.environ[_VARIABLE]

    def held(self) -> dict[str, int]:
        """Return how many descriptors and threads this process has, and how many processes run."""
        gc.collect()
        descriptors = Path("/proc/self/fd")
        return {
            "descriptors": len(list(descriptors.iterdir())) if descriptors.exists() else 0,
            "threads": threading.active_count(),
            "processes": len(self.processes()),
        }

    def processes(self) -> list[int]:
        """Return this machine's processes that have the mark."""
        return marked(f"{_VARIABLE}={self.mark}")

    def folders(self) -> list[str]:
        """Return the scratch folders that still exist."""
        gc.collect()
        return [str(path) for path in self.scratch if path.exists()]


_VARIABLE: Final = "LEANOPT_KIT_TEST"


def left(find: Callable[[], list[int]]) -> list[int]:
    """Return the processes that do not end by themselves within seconds, and end them."""
    until = time.monotonic() + _DYING
    while (found := find()) and time.monotonic() < until:
        time.sleep(0.02)
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return found


def marked(mark: str) -> list[int]:
    """Return this machine's processes with `mark` in their environment."""
    return _with(mark, "environ")


def named(mark: str) -> list[int]:
    """Return this machine's processes with `mark` among their arguments."""
    return _with(mark, "cmdline")


def _with(mark: str, file: str) -> list[int]:
    processes = PROCESSES.glob("[0-9]*")
    found = (int(one.name) for one in processes if mark.encode() in _read(one / file))
    return [process for process in found if process != os.getpid()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended, or belongs to another user
        return b""
