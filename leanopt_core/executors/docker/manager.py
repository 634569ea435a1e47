"""Create, start, watch and remove the containers of one executor, with their scratch folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import BoundedSemaphore, Lock

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.channel import DockerChannel
from leanopt_core.executors.docker.checks import probe_folders
from leanopt_core.executors.docker.container import KILLED, BackgroundTasks, Container
from leanopt_core.executors.docker.engine import engine_errors
from leanopt_core.executors.docker.orphans import (
    container_name,
    find_orphans,
    labels,
    remove_orphans,
)
from leanopt_core.executors.docker.scratch_client import ScratchClient
from leanopt_core.executors.docker.session import DockerSession
from leanopt_core.executors.docker.spec import (
    PYTHON,
    SCRATCH,
    ContainerSpec,
    api_body,
    container_spec,
    paths_inside,
)
from leanopt_core.executors.docker.stream import AttachedStream, attach
from leanopt_core.executors.docker.watch import ContainerWatch, memory_file
from leanopt_core.executors.scratch import LocalScratch, ScratchRoot
from leanopt_core.owners import this_process
from leanopt_core.work import Launch

# At least so many containers start at a time, else as many as there are processors. All at a time
# would make the first, with which the search begins, wait for the last.
_STARTING = 2
# How long the last containers may take to be removed, in seconds.
_CLOSING = 1.5


class ContainerManager:
    """The containers of one executor; none outlives it. May be used from any thread."""

    def __init__(self, session: DockerSession, *, remove_old: bool) -> None:
        """Remove orphans if `remove_old`, make the scratch root, see that the engine sees it.

        Raises ExecutorError where the engine sees another folder there.
        """
        self._session = session
        self._client = session.engine.client
        self._run = token_hex(8)
        self._owner = this_process()
        self._numbers = count(1)
        self._tasks = BackgroundTasks()
        self._watch = ContainerWatch(self._client, self._run, self._on_event, self._on_lost)
        self._starting = BoundedSemaphore(max(_STARTING, session.engine.processors))
        self._lock = Lock()
        self._containers: dict[str, Container] = {}
        self._closed = False
        if remove_old:
            # What cannot be removed now is left for the next time.
            remove_orphans(self._client, find_orphans(self._client))
        self._scratch_root = ScratchRoot(
            session.project,
            _nothing_runs if remove_old else None,
            session.options.scratch_folder,
        )
        try:
            probe = self._labels("probe", 0)
            probe_folders(session.engine, session.image.ident, probe, self._scratch_root.path)
        except BaseException:
            self._scratch_root.close()
            raise

    def start(
        self,
        launch: Launch,
        worker: str,
        *,
        memory: int | None = None,
        network: bool = False,
        stdin: bool = True,
    ) -> DockerChannel:
        """Start a container for `launch` and return its channel; raises ExecutorError."""
        number, options = next(self._numbers), self._session.options
        folder = self._scratch(f"{worker}-{number}") if options.scratch == "folder" else None
        spec = container_spec(
            self._session,
            launch,
            labels=self._labels(worker, number),
            scratch=None if folder is None else folder.path,
            memory=memory,
            network=network,
            stdin=stdin,
        )
        container, stream = self._start(spec)
        scratch = folder or ScratchClient(
            self._client, container.ident, PYTHON, SCRATCH, options.scratch_size
        )
        statistics = memory_file(self._client, container.ident)
        inside = paths_inside(launch.mounts)
        return DockerChannel(container, stream, scratch, inside, statistics=statistics)

    def close(self) -> None:
        """Remove every container, within about two seconds, and the scratch folders."""
        with self._lock:
            self._closed = True
        deadline = time.monotonic() + _CLOSING
        for container in self._all():
            container.kill(KILLED)
            container.retry_removal()
        self._tasks.join(deadline)
        self._watch.close()
        # Last, since workers write there until they are removed.
        self._scratch_root.close()

    def _labels(self, worker: str, number: int) -> dict[str, str]:
        project = self._session.project
        return labels(self._owner, project, self._run, worker=worker, number=number)

    def _scratch(self, name: str) -> LocalScratch:
        try:
            return LocalScratch(self._scratch_root.path / name, self._session.user.owner)
        except OSError as error:
            raise ExecutorError(f"no scratch folder can be made: {error}") from None

    def _start(self, spec: ContainerSpec) -> tuple[Container, AttachedStream]:
        # Before the container, so that no event about it is missed.
        watched = self._watch.start()
        for container in self._all():
            container.retry_removal()
        with self._starting:
            # Asked after the wait for a turn: `close` may have come meanwhile.
            if self._closed:
                raise ExecutorError("the executor was closed before a container was made")
            container = self._create(spec)
            stream = self._attach_and_start(container, stdin=spec.stdin)
        if not watched:
            container.note_death()  # no event will tell of it
        return container, stream

    def _create(self, spec: ContainerSpec) -> Container:
        name = container_name(spec.labels)
        with engine_errors("a container cannot be made"):
            made = self._client.create_container_from_config(api_body(spec), name)
        container = Container(
            self._client, made["Id"], self._tasks, self._forget, memory=spec.memory
        )
        with self._lock:
            self._containers[container.ident] = container
            late = self._closed
        if late:  # `close` has gone through the containers already, without this one
            _discard(container)
            raise ExecutorError("the executor was closed while a container was made")
        return container

    def _attach_and_start(self, container: Container, *, stdin: bool) -> AttachedStream:
        undo: list[Callable[[], None]] = [lambda: _discard(container)]
        try:
            with engine_errors("a container cannot be started"):
                # In this order: what a container says before it is attached to is lost.
                stream = attach(self._client, container.ident, stdin=stdin)
                undo.append(stream.close)
                self._client.start(container.ident)
        except ExecutorError:
            for step in reversed(undo):
                step()
            raise
        return stream

    def _all(self) -> list[Container]:
        with self._lock:
            return list(self._containers.values())

    def _forget(self, container: Container) -> None:
        with self._lock:
            self._containers.pop(container.ident, None)

    def _on_event(self, ident: str, event: str) -> None:
        """Note what became of a container; end one that is paused or has lost a process."""
        with self._lock:
            container = self._containers.get(ident)
        if container is None:
            return
        match event:
            case "pause":
                container.kill("its container was paused from outside")
            case "oom":  # the kernel killed one of its processes; the others may run on
                container.kill(container.out_of_memory())
            case "die":
                container.note_death()
            case _:
                container.note_outside()

    def _on_lost(self) -> None:
        """Note that the engine has gone: its containers end with it."""
        for container in self._all():
            container.note_outside()
            container.note_death()


def _discard(container: Container) -> None:
    container.kill(KILLED)
    container.close()


def _nothing_runs(_: Path) -> None:
    """End nothing in an old scratch folder: all that a worker started ended with its container."""
