"""Keeps two processes from working at one run; the lock ends with its process, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leanopt_core.errors import ResumeError


@contextmanager
def run_lock(folder: Path, run: str) -> Iterator[None]:
    """Hold the lock of the run of this name, a file in `folder`.

    Raises ResumeError where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResumeError(f"run {run} is still at work in another process") from None
        yield
        path.unlink(missing_ok=True)
