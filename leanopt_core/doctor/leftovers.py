"""What dead leanopts have left: found, and removed where that is wished."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from leanopt_core.doctor.line import Line, wrong
from leanopt_core.doctor.subject import Subject
from leanopt_core.engines.builds import TURN, UNFINISHED, turn
from leanopt_core.executors import tree
from leanopt_core.executors.channel import MARK
from leanopt_core.executors.removal import remove_tree
from leanopt_core.executors.scratch import ScratchRoot
from leanopt_core.places import BUILDS, STATE

_SCRATCH = STATE / "scratch"
_LOCK = "lock"


@frozen
class Pile:
    """Leftovers of one kind, as a person knows them; `remove` returns what is wrong then."""

    items: tuple[str, ...]
    remove: Callable[[], Sequence[Line]]


def containers(subject: Subject) -> Pile:
    """Return the containers of this machine's dead leanopts; raises ExecutorError."""
    from leanopt_core.executors.docker.leftovers import clean, leftovers

    client = subject.docker_engine.client
    found = leftovers(client)
    items = tuple(f"{one.name} of {one.project}" for one in found)
    return Pile(items, lambda: [wrong(text) for text in clean(client, found)])


def scratch(subject: Subject) -> Pile:
    """Return the scratch folders of the project's dead leanopts."""
    project = subject.folder

    def remove() -> Sequence[Line]:
        # What the start of a run does, under the same lock.
        ScratchRoot(project, lambda folder: tree.sweep(f"{MARK}={folder}/")).close()
        return list(_staying(project, _abandoned(project)))

    return Pile(_abandoned(project), remove)


def builds(subject: Subject) -> Pile:
    """Return the builds of the project that nobody finishes any more."""
    project = subject.folder

    def remove() -> Sequence[Line]:
        with turn(project / BUILDS):
            pass
        return list(_staying(project, _unfinished(project)))

    return Pile(_unfinished(project), remove)


def _staying(project: Path, names: Iterable[str]) -> Iterator[Line]:
    """Remove folders that have resisted once more; yield why they stay, and what takes them."""
    for name in names:
        path = project.absolute() / name
        if error := remove_tree(path):
            mend = f"sudo rm -rf {shlex.quote(str(path))}"
            yield wrong(f"{name} cannot be removed: {error.strerror}", mend)


def _abandoned(project: Path) -> tuple[str, ...]:
    """Return the scratch folders that no living leanopt has locked, relative to the project."""
    root = project.absolute() / _SCRATCH
    if not root.is_dir():
        return ()
    # A leanopt that is making its folder has the root's lock.
    with _locked(root / _LOCK, flags=os.O_CREAT):
        there = sorted(one for one in root.iterdir() if one.is_dir() and not one.is_symlink())
        return tuple(str(_SCRATCH / one.name) for one in there if _free(one / _LOCK))


def _free(path: Path) -> bool:
    """Say whether no living process has a lock."""
    try:
        with _locked(path, how=fcntl.LOCK_NB):
            return True
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False


def _unfinished(project: Path) -> tuple[str, ...]:
    """Return the folders of builds that were begun, none while something is being built."""
    root = project / BUILDS
    try:
        with _locked(root / TURN, how=fcntl.LOCK_NB):
            names = sorted(one.name for one in root.glob(f"{UNFINISHED}*"))
            return tuple(str(BUILDS / name) for name in names)
    except (FileNotFoundError, BlockingIOError):
        return ()


@contextmanager
def _locked(path: Path, *, flags: int = 0, how: int = 0) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(lock)
