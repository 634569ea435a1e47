"""Starts programs, and ends them together with their child processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LINUX = sys.platform == "linux"

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
#: How long to wait for children that cannot be killed (another user's), in seconds.
_PATIENCE = 1.0


def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a program in its own session, with its output in one pipe and no input.

    On Linux it dies with this process, even if that is killed. Raises OSError if it cannot start.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - there are no threads
    )


def adopt_orphans() -> None:
    """Make this process the parent of orphans, so that `end` finds them (Linux)."""
    if LINUX:
        _prctl()(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def alarm() -> int:
    """Return a descriptor that becomes readable when a program has ended."""
    ear, bell = os.pipe()
    os.set_blocking(ear, False)
    os.set_blocking(bell, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    return ear


def end(program: subprocess.Popen[bytes]) -> None:
    """Kill the program and its process group; on Linux, all other descendants too."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and (pids := _children()) is not None:
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def drain(descriptor: int, take: Callable[[bytes], None]) -> None:
    """Take what is in a pipe now."""
    while select.select([descriptor], [], [], 0)[0] and (data := os.read(descriptor, 1 << 16)):
        take(data)


def _children() -> list[int] | None:
    """Return this process's children, None if the system does not say."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return None
    return [int(pid) for pid in text.split()]


def _dies_with(parent: int) -> Callable[[], None] | None:
    """Return the function that a child calls first."""
    if not LINUX:
        return None
    prctl = _prctl()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before prctl
            os._exit(1)

    return tie


def _prctl() -> Callable[..., Any]:
    import ctypes

    prctl: Callable[..., Any] = ctypes.CDLL(None, use_errno=True).prctl
    return prctl
