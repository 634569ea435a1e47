"""Report orphans of killed leanopts, and remove them after asking."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from attrs import frozen

from leanopt_core.check import Check, Finding, Status, examine
from leanopt_core.doctor import docker
from leanopt_core.doctor.subject import Subject
from leanopt_core.engines.builds import TURN, UNFINISHED_BUILD, build_turn
from leanopt_core.executors import tree
from leanopt_core.executors.channel import MARK
from leanopt_core.executors.removal import remove_tree
from leanopt_core.executors.scratch import ScratchRoot, scratch_home
from leanopt_core.project_files import BUILDS, STATE

_LOCK = "lock"
_NONE = "no orphans"


@frozen
class Orphans:
    """Orphans of one kind, by names a person knows; `remove` returns what went wrong."""

    items: tuple[str, ...]
    remove: Callable[[], Sequence[Finding]]


_Find: TypeAlias = Callable[[Subject], Orphans]


def report(find: _Find, subject: Subject) -> Iterator[Finding]:
    """Yield what there is of one kind, and the command that removes it."""
    orphans = find(subject)
    if not orphans.items:
        yield Finding.ok(_NONE)
        return
    file = "" if subject.file is None else f" {shlex.quote(str(subject.file))}"
    what = f"orphans of killed runs: {', '.join(orphans.items)}"
    yield Finding.warning(what, f"leanopt doctor{file} --clean")


def clean(subject: Subject, confirm: Callable[[Sequence[str]], bool]) -> Iterator[Finding]:
    """Remove orphans and yield what became of each kind; without confirmation, nothing goes.

    `confirm` is called once, with all that would go, if there is anything.
    """
    found: dict[str, Orphans] = {}
    engine = Check("docker", partial(docker.answers, subject))
    findings = list(examine((engine, *_searches(found, subject))))
    yield from (one for one in findings if one.status is not Status.OK)
    items = [f"{kind}: {item}" for kind, orphans in found.items() for item in orphans.items]
    go = bool(items) and confirm(items)
    for kind, orphans in found.items():
        yield from (finding.of(kind) for finding in _removed(orphans, go=go))


def _searches(found: dict[str, Orphans], subject: Subject) -> Iterator[Check]:
    """Yield checks that put what they find into `found`."""

    def search(kind: str, find: _Find) -> tuple[Finding, ...]:
        found[kind] = find(subject)
        return ()

    for kind, (find, needs) in KINDS.items():
        yield Check(kind, partial(search, kind, find), needs)


def _removed(orphans: Orphans, *, go: bool) -> Iterator[Finding]:
    if not orphans.items:
        yield Finding.ok(_NONE)
    elif not go:
        yield Finding.warning(f"left as they are: {', '.join(orphans.items)}")
    elif staying := orphans.remove():
        yield from staying
    else:
        yield Finding.ok(f"removed: {', '.join(orphans.items)}")


def _containers(subject: Subject) -> Orphans:
    """Return the containers of this machine's dead leanopts; raises ExecutorError."""
    from leanopt_core.executors.docker.orphans import find_orphans, remove_orphans

    client = subject.docker_engine.client
    found = find_orphans(client)
    items = tuple(f"{one.name} of {one.project}" for one in found)
    return Orphans(items, lambda: [Finding.wrong(text) for text in remove_orphans(client, found)])


def _scratch(subject: Subject) -> Orphans:
    """Return the scratch folders of the project's dead leanopts."""
    project, elsewhere = subject.folder, subject.scratch_folder

    def remove() -> Sequence[Finding]:
        # As the start of a run does, under the same lock.
        ScratchRoot(project, lambda folder: tree.sweep(f"{MARK}={folder}/"), elsewhere).close()
        return list(_staying(project, _abandoned(project, elsewhere)))

    return Orphans(_abandoned(project, elsewhere), remove)


def _builds(subject: Subject) -> Orphans:
    """Return the project's builds that nobody will finish."""
    project = subject.folder

    def remove() -> Sequence[Finding]:
        # The next build removes unfinished ones when its turn comes: this is one without work.
        with build_turn(project / BUILDS):
            pass
        return list(_staying(project, _unfinished(project)))

    return Orphans(_unfinished(project), remove)


#: How orphans of each kind are found, and the checks that this requires.
KINDS: Final[Mapping[str, tuple[_Find, tuple[str, ...]]]] = MappingProxyType(
    {"containers": (_containers, ("docker",)), "scratch": (_scratch, ()), "builds": (_builds, ())}
)


def _staying(project: Path, names: Iterable[str]) -> Iterator[Finding]:
    """Try once more to remove folders; yield why each stays, and the command that removes it."""
    for name in names:
        path = project.absolute() / name
        if error := remove_tree(path):
            fix = f"sudo rm -rf {shlex.quote(str(path))}"
            yield Finding.wrong(f"{name} cannot be removed: {error.strerror}", fix)


def _abandoned(project: Path, elsewhere: Path | None) -> tuple[str, ...]:
    """Return the scratch folders that no living leanopt has locked.

    Those in the project are relative to it; `elsewhere` is another folder for them.
    """
    root = scratch_home(project, elsewhere)
    if not root.is_dir():
        return ()
    # A leanopt holds the root's lock while its new folder has no lock yet.
    with _locked(root / _LOCK, flags=os.O_CREAT):
        there = sorted(one for one in root.iterdir() if one.is_dir() and not one.is_symlink())
        named = STATE / "scratch" if elsewhere is None else root
        return tuple(str(named / one.name) for one in there if _free(one / _LOCK))


def _free(path: Path) -> bool:
    """Return whether no living process holds a lock."""
    try:
        with _locked(path, how=fcntl.LOCK_NB):
            return True
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False


def _unfinished(project: Path) -> tuple[str, ...]:
    """Return the folders of unfinished builds, nothing while a build is under way."""
    root = project / BUILDS
    try:
        with _locked(root / TURN, how=fcntl.LOCK_NB):
            names = sorted(one.name for one in root.glob(f"{UNFINISHED_BUILD}*"))
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
