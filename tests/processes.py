"""The processes of a run and its workers: find them, and kill the run."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path


def kill_once(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """End a run by SIGKILL as soon as it has reached a point; it must not end before."""
    while not reached():
        assert process.poll() is None, process.communicate()[1]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def processes_of(folder: Path) -> list[int]:
    """Return the processes whose environment or command names a folder: its run's and workers'."""
    needle, found = os.fsencode(folder), []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if needle in text and state != "Z":
                found.append(int(process.name))
    return found
