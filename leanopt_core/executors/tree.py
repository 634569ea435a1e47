"""Trees of processes from Linux's `/proc`: descendants and their memory.

Standard library only and no imports of leanopt's own: the guard reads this file from its folder.
Without `/proc`, nothing is found.
"""

# Looked at many times a second, by a program that starts once a worker: `os` is enough.
# ruff: noqa: PTH110, PTH123, PTH208

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence


def descendants(root: int) -> list[int]:
    """Return the processes below `root`, parents first. One that forks meanwhile may be missed."""
    below = _children if os.path.exists(f"/proc/{root}/task/{root}/children") else _search()
    found: list[int] = []
    row = [root]
    while row:
        row = [child for pid in row for child in below(pid)]
        found += row
    return found


def held(pids: Sequence[int], limit: int = 0) -> int:
    """Return the bytes of memory that processes hold together, shared pages counted once.

    Counting so is slow: the plain sum is returned where it is not more than `limit`.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    resident = sum(page * _resident_pages(pid) for pid in pids)
    return resident if resident <= limit or len(pids) == 1 else sum(map(_share, pids))


def available() -> int | None:
    """Return the bytes of memory that can still be had here, None where that is not known."""
    free = None
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith(b"MemAvailable:"):
            free = int(line.split()[1]) * 1024
    # In a container its own limit may come first.
    limit, used = (_read(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current"))
    if free is not None and limit.isdigit() and used.isdigit():
        free = min(free, int(limit) - int(used))
    return free


def sweep(marker: str) -> None:
    """Kill every process, this one aside, that has a variable beginning with `marker`.

    For what a guard could not end because it was killed itself.
    """
    # The NUL before it keeps the end of another variable's name from matching.
    wanted = b"\0" + marker.encode()
    for pid in _processes():
        if pid != os.getpid() and wanted in b"\0" + _read(f"/proc/{pid}/environ"):
            kill(pid)


def kill(pid: int) -> None:
    """Send SIGKILL; a process that is gone, or not ours, is nothing to worry about."""
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [
        # A child is listed at the thread that forked it.
        int(child)
        for thread in threads
        for child in _read(f"/proc/{pid}/task/{thread}/children").split()
    ]


def _search() -> Callable[[int], list[int]]:
    """Return what `_children` does, by one look at all processes, for kernels without that file."""
    below: dict[int, list[int]] = {}
    for pid in _processes():
        # The name in brackets may hold anything; the state and the parent follow its last bracket.
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if fields:
            below.setdefault(int(fields[1]), []).append(pid)
    return lambda pid: below.get(pid, [])


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _resident_pages(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) if fields else 0


def _share(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
