"""Copies of a strategy's sources: what is saved during a run does not reach its workers."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import weakref
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from leanopt_core.canonical import digest
from leanopt_core.content import hash_file
from leanopt_core.engines.builds import UNFINISHED_BUILD, build_turn
from leanopt_core.errors import StrategyError

#: The names of the folders of copies.
_NAME: Final = re.compile("python-[0-9a-f]{64}")


class Snapshot:
    """A folder of copies in use: no process removes it while this value is held."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, lock)
        # Without locks of its file system, only `unused` would know; then nothing is removed.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_SH)


def take_snapshot(folder: Path, names: Iterable[str], builds: Path) -> Snapshot:
    """Return a folder in `builds` with copies of these files; make it if it is not there.

    `names` are relative to `folder`, with `/`. Raises StrategyError if one cannot be copied. One
    that has been saved since it was described is found by the identity that workers report.
    """
    try:
        content = {name: (folder / name).read_bytes() for name in names}
        hashes = {name: sha256(one).hexdigest() for name, one in content.items()}
        target = builds / f"python-{digest(hashes)}"
        # In turn, so that it is not removed before it is held.
        with build_turn(builds):
            if not _holds(target, hashes):
                _make(content, builds, target)
            return Snapshot(target)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        raise StrategyError(f"the strategy's sources cannot be copied: {why}") from None


def names_in(text: str) -> set[str]:
    """Return the names of folders of copies that a text has, such as a run's execution."""
    return set(_NAME.findall(text))


def remove_snapshots(builds: Path, kept: Collection[str]) -> int:
    """Remove the folders of copies but those in `kept` or in use; return how many."""
    if not builds.is_dir():
        return 0
    with build_turn(builds):
        found = [one for one in builds.iterdir() if _NAME.fullmatch(one.name)]
        left = [one for one in found if one.name not in kept and _unused(one)]
        for one in left:
            shutil.rmtree(one, ignore_errors=True)
        return sum(not one.exists() for one in left)


def _unused(folder: Path) -> bool:
    """Return whether no process holds a folder of copies."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _make(content: Mapping[str, bytes], builds: Path, target: Path) -> None:
    # Beside the target, on one file system, so that it can be published by a rename.
    work = Path(mkdtemp(prefix=UNFINISHED_BUILD, dir=builds))
    try:
        for name, text in content.items():
            file = work / "source" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        # A container may run as another user.
        for path in (work / "source", *(work / "source").rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        (work / "source").rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _holds(target: Path, hashes: Mapping[str, str]) -> bool:
    """Return whether a folder has these files and no others."""
    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*")}
    found = {name: hash_file(path) for name, path in there.items() if path.is_file()}
    return found == dict(hashes)
