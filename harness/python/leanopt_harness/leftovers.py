"""Child processes that a failed backtest leaves: no other is to suffer from them."""

# `os` is enough for `/proc`.
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

LINUX = sys.platform == "linux"

_PR_SET_CHILD_SUBREAPER = 36
# Where the start is in `/proc/PID/stat`, in ticks since the machine's, counted from the state.
_START = 19
#: How long children that make children may hold up the answer, in seconds.
_PATIENCE = 1.0


def adopt_orphans() -> None:
    """Have what children leave behind fall to this process, where it is found (Linux)."""
    if LINUX:
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(since: float) -> int:
    """End the children that began since a time (`time.monotonic`); return how many there were.

    The older ones are a strategy's that it keeps, as a pool. Away from Linux none are found.
    """
    ended: set[int] = set()
    until = time.monotonic() + _PATIENCE
    # The children of those that are ended fall to this process, one generation after the other.
    while (new := _children(since)) and time.monotonic() < until:
        for pid in new:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended.update(new)
        time.sleep(0.001)
    return len(ended)


def _children(since: float) -> list[int]:
    """Return the living children that are not older; those that have ended are their maker's."""
    if not LINUX:
        return []
    began = time.clock_gettime(time.CLOCK_BOOTTIME) - (time.monotonic() - since)
    ticks = int(began * os.sysconf("SC_CLK_TCK"))
    found = []
    for thread in os.listdir("/proc/self/task"):
        for pid in map(int, _read(f"/proc/self/task/{thread}/children").split()):
            # The name in brackets may hold anything; the state follows its last bracket.
            fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
            if fields and fields[0] not in b"ZX" and int(fields[_START]) >= ticks:
                found.append(pid)
    return found


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
