"""The `docker` executor: one warm container per worker, on the engine of the `docker` command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from attrs import define

from leanopt_core.canonical import canonical_json
from leanopt_core.content import hash_data, hash_file
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import ReproduceCommand
from leanopt_core.executors.command import run_to_end
from leanopt_core.executors.docker.channel import DockerChannel
from leanopt_core.executors.docker.manager import ContainerManager
from leanopt_core.executors.docker.session import DockerSession, open_session
from leanopt_core.executors.docker.settings import DockerOptions, parse_mount
from leanopt_core.executors.docker.spec import (
    SCRATCH,
    container_spec,
    docker_run,
    paths_inside,
)
from leanopt_core.work import Command, Completed, Launch

T = TypeVar("T")

# How many bytes of each mounted folder are read: enough for a model or a table, not for an archive
# of prices.
_HASHED = 256 * 2**20


def create(options: DockerOptions, project: Path) -> DockerExecutor:
    """Return the executor; scratch folders are made in `<project>/.leanopt/scratch`."""
    return DockerExecutor(options, project)


class DockerExecutor:
    """Starts harnesses in containers; `Executor` says what the methods promise."""

    def __init__(self, options: DockerOptions, project: Path, *, tidy: bool = True) -> None:
        """Take the options and the project's folder; unless `tidy`, orphans are not removed."""
        self._options = options
        self._project = project
        # Two, since many questions need only a session, which leaves nothing on the machine.
        self._session: LazyResource[DockerSession] = LazyResource(
            partial(open_session, options, project), lambda session: session.engine.client.close()
        )
        self._manager: LazyResource[ContainerManager] = LazyResource(
            lambda: ContainerManager(self._session.get(), remove_old=tidy), ContainerManager.close
        )

    def runtime(self) -> Mapping[str, str]:
        """Return the image's id and platform, and what the options add to it."""
        image = self._session.get().image
        added = options_identity(self._options, self._project)
        return {"image": image.ident, "platform": image.platform, **added}

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or the number of processors that the engine has."""
        return wanted if wanted is not None else self._session.get().engine.processors

    def run_command(self, command: Command) -> Completed:
        """Run one command to its end in a container of its own, without standard input."""
        user = self._session.get().user
        launch = Launch(command.argv, command.mounts, command.environment)
        written = [mount.source for mount in command.mounts if mount.writable]
        for folder in written:
            user.hand_over(folder)
        try:
            manager = self._manager_for(launch)
            channel = manager.start(launch, "once", network=command.network, stdin=False)
            return run_to_end(channel, command.time_limit)
        finally:
            for folder in written:
                user.hand_back(folder)

    def spawn(
        self, launch: Launch, worker: int, *, memory_limit: int | None = None
    ) -> DockerChannel:
        """Start a harness in a container and return its channel."""
        manager = self._manager_for(launch, memory_limit)
        return manager.start(launch, str(worker), memory=memory_limit)

    def unasked_memory(self, launch: Launch) -> int | None:
        """Return a worker's default memory limit in bytes, None for no limit."""
        return self._session.get().engine.worker_memory(launch)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Return the `docker run` command for the same worker; its scratch is in memory."""
        spec = container_spec(self._session.get(), launch)
        inside = {"request": SCRATCH, **paths_inside(launch.mounts)}
        return ReproduceCommand(docker_run(spec), {}, inside)

    def close(self) -> None:
        """Remove every container and the scratch folders, for good, within about two seconds.

        Work in other threads, as fetching an image, is not waited for.
        """
        # In this order: the manager removes containers through the session's client.
        self._manager.close()
        self._session.close()

    def _manager_for(self, launch: Launch, memory: int | None = None) -> ContainerManager:
        # Checked first: making the manager makes folders and a container.
        self._session.get().check(launch.mounts, memory)
        return self._manager.get()


def options_identity(options: DockerOptions, project: Path) -> dict[str, str]:
    """Return the options that can change results: variables, devices, mounts with their contents.

    A writable mount changes with every backtest, and counts by its text alone. Raises ExecutorError
    where a folder cannot be read.
    """
    return dict(_identities(options, project))


def _identities(options: DockerOptions, project: Path) -> Iterator[tuple[str, str]]:
    if options.environment:
        yield "environment", canonical_json(dict(options.environment))
    if options.devices:
        yield "devices", canonical_json(list(options.devices))
    for text in options.mounts:
        mount = parse_mount(text, project)
        yield f"mount {text}", "writable" if mount.writable else _content(mount.source)


def _content(path: Path) -> str:
    try:
        return hash_data(path, _FileIdentity().of)
    except OSError as error:
        raise ExecutorError(f"executor.mounts: {path} cannot be read: {error.strerror}") from None


@define
class _FileIdentity:
    """Identifies the first files of a folder by content, large and later ones by their status."""

    _left: int = _HASHED

    def of(self, file: Path) -> str:
        status = file.stat()
        if not status.st_size:
            return "empty"  # a file of the kernel's, as in /proc, claims that, and may be endless
        if status.st_size > self._left:
            return f"{status.st_size} bytes of {status.st_mtime_ns}"
        self._left -= status.st_size
        return hash_file(file)


class LazyResource(Generic[T]):
    """A resource that is made at most once, by the first who needs it, and released at the end.

    From any thread. `close` waits for nobody: a resource that is being made then is released by
    the thread that makes it.
    """

    def __init__(self, make: Callable[[], T], release: Callable[[T], None]) -> None:
        self._make = make
        self._release = release
        # `_making` is held while the resource is made, which can take minutes, as for an image.
        # `close` takes only `_lock`, and so waits for nobody.
        self._making = Lock()
        self._lock = Lock()
        self._made: T | None = None
        self._closed = False

    def get(self) -> T:
        """Return it; raises ExecutorError after `close`, and the errors of making it."""
        with self._making:
            with self._lock:
                made, closed = self._made, self._closed
            if made is None and not closed:
                made = self._make()
                closed = not self._kept(made)
        if made is None or closed:
            raise ExecutorError("the executor has been closed")
        return made

    def close(self) -> None:
        """Release it, for good."""
        with self._lock:
            self._closed = True
            made, self._made = self._made, None
        if made is not None:
            self._release(made)

    def _kept(self, made: T) -> bool:
        """Keep what was made, or release it where `close` came first; return whether it is kept."""
        with self._lock:
            if not self._closed:
                self._made = made
                return True
        self._release(made)
        return False
