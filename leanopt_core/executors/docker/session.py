"""A Docker session: the engine, the image, and the user of workers, each determined once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from leanopt_core.errors import ExecutorError, NotFetchedError
from leanopt_core.executors.docker.checks import check_options
from leanopt_core.executors.docker.engine import (
    Client,
    Engine,
    connect,
    engine_errors,
    is_not_found,
)
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.work import Mount

_NOBODY = 65534
# Docker's own minimum.
_LEAST_MEMORY = 6 * 2**20


@frozen
class Image:
    """An image by its id, which stays the same when its name moves to another."""

    ident: str
    platform: str


@frozen
class WorkerUser:
    """The user, group and further groups of a container's processes.

    `distinct`: outside they are others than the caller's, so folders have to be handed over.
    `as_caller`: outside they have all rights of the caller.
    """

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    distinct: bool = False
    as_caller: bool = True

    @property
    def owner(self) -> tuple[int, int] | None:
        """Return whom writable folders must belong to, None where that is the caller."""
        return (self.uid, self.gid) if self.distinct else None

    def can_read(self, path: Path) -> bool:
        """Return whether workers can read a folder or file of the caller's."""
        if self.as_caller:
            return os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))
        uid, gid = self.owner or (os.getuid(), os.getgid())
        status = path.stat()
        # As the kernel: the first class that fits decides, even if a later one allows more.
        shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
        wanted = 0o5 if path.is_dir() else 0o4
        return (status.st_mode >> shift) & wanted == wanted

    def hand_over(self, folder: Path) -> None:
        """Let workers write to a folder of the caller's."""
        if self.distinct:
            os.chown(folder, self.uid, self.gid)

    def hand_back(self, folder: Path) -> None:
        """Make the caller the owner of a folder with all in it."""
        if not self.distinct:
            return
        mine = (os.getuid(), os.getgid())
        for _, folders, files, here in os.fwalk(folder):
            os.fchown(here, *mine)
            for name in (*folders, *files):
                with suppress(FileNotFoundError):
                    # Links are not followed: a worker can make one that leads anywhere.
                    os.chown(name, *mine, dir_fd=here, follow_symlinks=False)


@frozen
class DockerSession:
    """The connection to an engine, and what all containers of an executor share."""

    engine: Engine
    image: Image
    user: WorkerUser
    options: DockerOptions
    project: Path

    def check(self, mounts: Sequence[Mount], memory: int | None) -> None:
        """Raise ExecutorError for mounts that workers cannot read, or an impossible memory limit.

        `memory` is in bytes, None for no limit.
        """
        for mount in mounts:
            if not mount.source.exists():
                raise ExecutorError(f"{mount.source} is to be seen by workers, but is not there")
            if not mount.writable and not self.user.can_read(mount.source):
                raise ExecutorError(
                    f"workers run as user {self.user.uid}, who may not read {mount.source}:"
                    f" `chmod -R a+rX {mount.source}`, or name its owner by executor.user"
                )
        if memory is None:
            return
        if not self.engine.limits_memory:
            raise ExecutorError(f"the Docker engine at {self.engine.host} limits no memory")
        if memory < _LEAST_MEMORY:
            raise ExecutorError(
                f"executor.memory_limit: found {memory} bytes, but Docker limits no container to"
                f" less than {_LEAST_MEMORY / 2**20:g} MiB"
            )


def open_session(options: DockerOptions, project: Path) -> DockerSession:
    """Connect to the engine, check the options on this machine, find or fetch the image.

    Raises ExecutorError where one of these fails.
    """
    engine = connect()
    check_options(options, project, devices="unix://" in engine.host)
    image = find_image(engine.client, options)
    user = choose_user(engine, options.user)
    return DockerSession(engine, image, user, options, project.absolute())


def choose_user(engine: Engine, wanted: int | None) -> WorkerUser:
    """Return the caller, or `wanted` where root calls; no container runs as this machine's root."""
    caller = os.getuid()
    if engine.rootless:
        # Its root is the caller. The caller's further groups do not exist there.
        return WorkerUser(0, 0, as_caller=False)
    if caller == 0:
        uid = wanted or _NOBODY
        return WorkerUser(uid, uid, distinct=True, as_caller=False)
    if wanted not in (None, caller):
        raise ExecutorError(
            f"executor.user = {wanted}: only root can run workers as somebody else"
            f" (they run as the caller, {caller})"
        )
    # With all groups of the caller, workers can read all that the caller can.
    return WorkerUser(caller, os.getgid(), tuple(sorted({*os.getgroups()} - {os.getgid()})))


def find_image(client: Client, options: DockerOptions) -> Image:
    """Return the image; fetch it before where `pull` says so, with a note on standard error.

    Raises ExecutorError where it is absent or cannot be fetched.
    """
    found = None if options.pull == "always" else present_image(client, options.image)
    if found is None and options.pull == "never":
        raise NotFetchedError(
            f"there is no image '{options.image}' on this machine:"
            f" `docker pull {options.image}` fetches it"
        )
    if found is None:
        _fetch(client, options.image)
        found = present_image(client, options.image)
    if found is None:
        raise ExecutorError(f"the image '{options.image}' was fetched and is not there")
    return found


def present_image(client: Client, name: str) -> Image | None:
    """Return the image of a name, None where the engine does not have it."""
    with engine_errors(f"the image '{name}' cannot be looked up"):
        try:
            found = client.inspect_image(name)
        except Exception as error:
            if is_not_found(error):
                return None
            raise
    return Image(found["Id"], f"{found['Os']}/{found['Architecture']}")


def _fetch(client: Client, name: str) -> None:
    sys.stderr.write(f"fetching the image {name} ...\n")
    with engine_errors(f"the image '{name}' cannot be fetched"):
        for line in client.pull(name, stream=True, decode=True):
            _check_progress(name, line)


def _check_progress(name: str, line: Any) -> None:
    # The engine answers 200 before it begins: a failure is a line of its progress.
    if isinstance(line, dict) and (fault := line.get("error")):
        raise ExecutorError(f"the image '{name}' cannot be fetched: {fault}")
