"""Whom a container's processes belong to, inside and outside."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine

_NOBODY = 65534


@frozen
class Person:
    """The user, group and further groups inside.

    `given` says that outside they are others than the caller's; `rights` that they may there what
    the caller may.
    """

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    given: bool = False
    rights: bool = True

    @property
    def owner(self) -> tuple[int, int] | None:
        """Return whom what workers are to write to has to be given to, None for nobody."""
        return (self.uid, self.gid) if self.given else None

    def sees(self, path: Path) -> bool:
        """Say whether they can read a folder or file of the caller's."""
        if self.rights:
            return os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))
        uid, gid = (self.uid, self.gid) if self.given else (os.getuid(), os.getgid())
        status = path.stat()
        shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
        wanted = 0o5 if path.is_dir() else 0o4
        return (status.st_mode >> shift) & wanted == wanted


def choose(engine: Engine, asked: int | None) -> Person:
    """Return the caller, or whom root has chosen: no container runs as this machine's root."""
    caller = os.getuid()
    if engine.rootless:
        # There the caller's further groups mean nothing.
        return Person(0, 0, rights=False)
    if caller == 0:
        return Person(asked or _NOBODY, asked or _NOBODY, given=True, rights=False)
    if asked not in (None, caller):
        raise ExecutorError(
            f"executor.user = {asked}: only root can run workers as somebody else"
            f" (they run as the caller, {caller})"
        )
    return Person(caller, os.getgid(), tuple(sorted({*os.getgroups()} - {os.getgid()})))


def hand_over(path: Path, person: Person) -> None:
    """Let workers write to a folder of the caller's."""
    if person.given:
        os.chown(path, person.uid, person.gid)


def hand_back(path: Path, person: Person) -> None:
    """Make the caller the owner of a folder with all in it."""
    if not person.given:
        return
    mine = (os.getuid(), os.getgid())
    for _, folders, files, here in os.fwalk(path):
        os.fchown(here, *mine)
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                os.chown(name, *mine, dir_fd=here, follow_symlinks=False)
