"""Prevent two processes from running the same run; a lock ends with its process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import IO

from leanopt_core.errors import ResumeError
from leanopt_core.project_files import make_folder

# A process that checks a lock holds it for a moment; a run that starts waits for that.
_PATIENCE = 0.5
_PAUSE = 0.02
# No run has a name with a dot in front.
_TURN = ".turn.lock"


@contextmanager
def run_lock(folder: Path, run: str) -> Iterator[None]:
    """Hold the lock of a run: a file in `folder` with the process id.

    Raises ResumeError if another process holds it.
    """
    make_folder(folder)
    path = lock_path(folder, run)
    with _locked(path, patience=_PATIENCE) as file:
        if file is None:
            raise ResumeError(
                f"run {run} is still running in another process; "
                f"watch it with `leanopt watch {quote(run)}`"
            )
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            # Still locked: later, it could be the file of another process.
            path.unlink(missing_ok=True)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Wait until no other process starts, resumes or deletes a run of the project."""
    make_folder(folder)
    with (folder / _TURN).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_path(folder: Path, run: str) -> Path:
    """Return the file that is locked while a process runs the run."""
    return folder / f"{run}.lock"


def holder(folder: Path, run: str) -> int | None:
    """Return the id of the process of a run, None if it is not running.

    0 means that the process has not written its id yet.
    """
    path = lock_path(folder, run)
    try:
        # To read: another user's lock, or one on a read-only file system, can be tested too.
        with _locked(path, mode="r") as free:
            if free is not None:
                return None
    except FileNotFoundError:
        return None
    text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    # A new holder may not have written its id yet: the text can be that of a dead process.
    return int(text) if text.isdigit() and _has_open(int(text), path) else 0


def wait_until_free(folder: Path, run: str) -> None:
    """Wait until no process runs the run."""
    path = lock_path(folder, run)
    if path.exists():
        # Not truncated: the text is the holder's until the lock is taken.
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)


def _has_open(process: int, path: Path) -> bool:
    """Return whether a process has the file open, as far as the system can tell."""
    opened = Path("/proc", str(process), "fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(path.samefile(one) for one in opened.iterdir() if one.exists())
    except OSError:
        return False


@contextmanager
def _locked(path: Path, *, patience: float = 0.0, mode: str = "a+") -> Iterator[IO[str] | None]:
    """Yield the locked file, None if another process holds it for `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        with path.open(mode, encoding="utf-8") as file:
            if not _taken(file):
                if time.monotonic() >= until:
                    yield None
                    return
                time.sleep(_PAUSE)
            # The previous holder may have removed the file after it was opened here.
            elif path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield file
                return


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
