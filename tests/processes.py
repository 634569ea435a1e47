"""The processes that a folder's run and its workers are."""

from __future__ import annotations

import os
from pathlib import Path


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
