"""The `docker` executor: one warm container a worker, on the engine of the `docker` command."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import Lock

from leanopt_core.executors.base import Completed, Manual
from leanopt_core.executors.docker import cgroup
from leanopt_core.executors.docker.by_hand import command_line
from leanopt_core.executors.docker.channel import DockerChannel
from leanopt_core.executors.docker.container import KILLED, Container
from leanopt_core.executors.docker.errands import Errands
from leanopt_core.executors.docker.ground import Base, Ground, prepare, survey
from leanopt_core.executors.docker.line import attach
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.person import hand_back, hand_over
from leanopt_core.executors.docker.settings import SCRATCH, Tenant, body, places
from leanopt_core.executors.docker.tmpfs import TmpfsScratch
from leanopt_core.executors.docker.trouble import told
from leanopt_core.executors.docker.watch import Watch
from leanopt_core.executors.oneoff import run
from leanopt_core.work import Launch, Mount

# How long the last containers may take to be removed when the executor closes, in seconds.
_CLOSING = 1.5


def create(options: DockerOptions, project: Path) -> DockerExecutor:
    """Return the executor; scratch folders are made in `<project>/.leanopt/scratch`."""
    return DockerExecutor(options, project)


class DockerExecutor:
    """Starts harnesses in containers; `Executor` says what the methods promise."""

    def __init__(self, options: DockerOptions, project: Path) -> None:
        self._options = options
        self._project = project
        self._run = token_hex(8)
        self._numbers = count(1)
        self._lock = Lock()
        self._base: Base | None = None
        self._ground: Ground | None = None
        self._watch: Watch | None = None
        self._errands = Errands()
        self._containers: dict[str, Container] = {}

    def place(self) -> Mapping[str, str]:
        """Say which image it is, by its id, and for which platform."""
        with self._lock:
            image = self._surveyed().image
        return {"image": image.ident, "platform": image.platform}

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or the number of processors that the engine has."""
        if wanted is not None:
            return wanted
        with self._lock:
            return self._surveyed().engine.processors

    def once(
        self,
        command: Sequence[str],
        mounts: Sequence[Mount] = (),
        *,
        time_limit: float = 600.0,
        network: bool = False,
    ) -> Completed:
        """Run one command to its end in a container of its own, without standard input."""
        person = self._prepared().base.site.person
        written = [mount.source for mount in mounts if mount.writable]
        for path in written:
            hand_over(path, person)
        try:
            launch = Launch(tuple(command), tuple(mounts))
            return run(self._start(launch, "once", network=network, listening=False), time_limit)
        finally:
            for path in written:
                hand_back(path, person)

    def spawn(
        self, launch: Launch, worker: int, *, memory_limit: int | None = None
    ) -> DockerChannel:
        """Start a harness in a container and return its channel."""
        return self._start(launch, str(worker), memory=memory_limit)

    def manual(self, launch: Launch) -> Manual:
        """Say by which `docker run` a person starts the same worker; its scratch is in memory."""
        with self._lock:
            site = self._surveyed().site
        inside = {"request": SCRATCH, **places(launch.mounts)}
        return Manual(command_line(body(site, Tenant(launch)), self._options.image), {}, inside)

    def close(self) -> None:
        """Remove every container and the scratch folders, within about two seconds."""
        deadline = time.monotonic() + _CLOSING
        for container in self._living():
            container.end(KILLED)
            container.retry()
        self._errands.join(deadline)
        with self._lock:
            base, ground, watch = self._base, self._ground, self._watch
            self._base = self._ground = self._watch = None
        if watch is not None:
            watch.close()
        if ground is not None:
            ground.shelf.close()
        if base is not None:
            base.engine.client.close()

    def _surveyed(self) -> Base:
        if self._base is None:
            self._base = survey(self._options, self._project)
        return self._base

    def _prepared(self) -> Ground:
        with self._lock:
            base = self._surveyed()
            if self._ground is None:
                self._ground = prepare(base, self._run)
                self._watch = Watch(base.engine.client, self._run, self._notice)
            if self._watch is not None:
                self._watch.begin()
            return self._ground

    def _start(
        self,
        launch: Launch,
        worker: str,
        *,
        memory: int | None = None,
        network: bool = False,
        listening: bool = True,
    ) -> DockerChannel:
        ground = self._prepared()
        ground.check(launch.mounts, memory)
        for container in self._living():
            container.retry()
        site = ground.base.site
        name = f"{worker}-{next(self._numbers)}"
        folder = ground.scratch(name) if self._options.scratch == "folder" else None
        tenant = Tenant(
            launch,
            {**ground.labels, "leanopt.worker": worker},
            None if folder is None else folder.path,
            memory,
            network,
            listening,
        )
        client = ground.base.engine.client
        with told("a container cannot be made"):
            made = client.create_container_from_config(body(site, tenant), ground.name(worker))
        ident = made["Id"]
        container = Container(client, ident, self._errands, self._forget, memory=memory)
        with self._lock:
            self._containers[ident] = container
        try:
            with told("a container cannot be started"):
                line = attach(client, ident, listening=listening)
                client.start(ident)
                pid = int(client.inspect_container(ident)["State"]["Pid"])
        except BaseException:
            container.end(KILLED)
            raise
        return DockerChannel(
            container,
            line,
            folder or TmpfsScratch(client, ident, self._options.scratch_size),
            places(launch.mounts),
            statistics=cgroup.find(pid, ident),
        )

    def _living(self) -> list[Container]:
        with self._lock:
            return list(self._containers.values())

    def _forget(self, container: Container) -> None:
        with self._lock:
            self._containers.pop(container.ident, None)

    def _notice(self, ident: str, event: str) -> None:
        """End a container that goes on by halves: paused, or some of it killed for its memory."""
        with self._lock:
            container = self._containers.get(ident)
        if container is not None:
            container.end(
                "its container was paused from outside" if event == "pause" else container.full()
            )
