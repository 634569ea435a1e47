"""The folder in which engines build: one process at a time, and what none has finished goes."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leanopt_core.engines.base import Tell, silent

#: How the names of folders begin in which a build is made.
UNFINISHED: Final = "unfinished-"
#: The lock of whoever builds. It ends with its process, so what is unfinished then is nobody's.
TURN: Final = "turn.lock"


@contextmanager
def turn(builds: Path, tell: Tell = silent) -> Iterator[None]:
    """Let one process at a time build in this folder; waits for that, then tidies it.

    `tell` hears that it waits.
    """
    builds.mkdir(parents=True, exist_ok=True)
    with (builds / TURN).open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another build of this folder ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        for folder in builds.glob(f"{UNFINISHED}*"):
            shutil.rmtree(folder, ignore_errors=True)
        yield
