"""Ends child processes that a failed backtest leaves, so that they cannot disturb the next one."""

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
# The index of the start time (in ticks since boot) in `/proc/PID/stat`, counted from the state.
_START = 19
#: How long to chase children that start further children, in seconds.
_PATIENCE = 1.0


def adopt_orphans() -> None:
    """Make this process the parent of its children's orphans (Linux)."""
    if LINUX:
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(since: float) -> int:
    """Kill the children that started since a time (`time.monotonic`), and return their number.

    Older ones are kept by the strategy, as a pool. Only Linux can find children.
    """
    ended: set[int] = set()
    until = time.monotonic() + _PATIENCE
    # Children of killed processes become this process's, one generation after the other.
    while (new := _children(since)) and time.monotonic() < until:
        for pid in new:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended.update(new)
        time.sleep(0.001)
    return len(ended)


def _children(since: float) -> list[int]:
    """Return the running children that started since then; ended ones are left to their parents."""
    if not LINUX:
        return []
    began = time.clock_gettime(time.CLOCK_BOOTTIME) - (time.monotonic() - since)
    ticks = int(began * os.sysconf("SC_CLK_TCK"))
    found = []
    for thread in os.listdir("/proc/self/task"):
        for pid in map(int, _read(f"/proc/self/task/{thread}/children").split()):
            # The name in brackets may contain anything; the state follows the last bracket.
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
