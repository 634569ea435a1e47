"""The folder in which engines build: one process at a time; unfinished builds are removed."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leanopt_core.engines.base import Report, silent
from leanopt_core.project_files import make_folder

#: Prefix of the folders of unfinished builds.
UNFINISHED_BUILD: Final = "unfinished-"
#: Lock of the building process. It ends with its process; unfinished builds are then orphans.
TURN: Final = "turn.lock"


@contextmanager
def build_turn(builds: Path, report: Report = silent) -> Iterator[None]:
    """Wait until no other process builds in this folder, then remove unfinished builds.

    `report` is called if it has to wait.
    """
    make_folder(builds)
    with (builds / TURN).open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another build of this folder ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        for folder in builds.glob(f"{UNFINISHED_BUILD}*"):
            shutil.rmtree(folder, ignore_errors=True)
        yield
