"""The `docker` executor: one warm container a worker, on the engine of the `docker` command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import Lock

from attrs import evolve

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Completed, Manual
from leanopt_core.executors.docker.by_hand import command_line
from leanopt_core.executors.docker.channel import DockerChannel
from leanopt_core.executors.docker.ground import Base, prepare, survey
from leanopt_core.executors.docker.housing import Housing
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.person import hand_back, hand_over
from leanopt_core.executors.docker.settings import SCRATCH, Tenant, body, places
from leanopt_core.executors.docker.tmpfs import TmpfsScratch
from leanopt_core.executors.oneoff import run
from leanopt_core.work import Launch, Mount


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
        self._housing: Housing | None = None
        self._closed = False

    def place(self) -> Mapping[str, str]:
        """Say which image it is, by its id, and for which platform."""
        image = self._surveyed().image
        return {"image": image.ident, "platform": image.platform}

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or the number of processors that the engine has."""
        return wanted if wanted is not None else self._surveyed().engine.processors

    def once(
        self,
        command: Sequence[str],
        mounts: Sequence[Mount] = (),
        *,
        time_limit: float = 600.0,
        network: bool = False,
    ) -> Completed:
        """Run one command to its end in a container of its own, without standard input."""
        person = self._surveyed().site.person
        written = [mount.source for mount in mounts if mount.writable]
        for path in written:
            hand_over(path, person)
        try:
            launch = Launch(tuple(command), tuple(mounts))
            tenant = Tenant(launch, network=network, listening=False)
            return run(self._start(tenant, "once"), time_limit)
        finally:
            for path in written:
                hand_back(path, person)

    def spawn(
        self, launch: Launch, worker: int, *, memory_limit: int | None = None
    ) -> DockerChannel:
        """Start a harness in a container and return its channel."""
        return self._start(Tenant(launch, memory=memory_limit), str(worker))

    def manual(self, launch: Launch) -> Manual:
        """Say by which `docker run` a person starts the same worker; its scratch is in memory."""
        configuration = body(self._surveyed().site, Tenant(launch))
        inside = {"request": SCRATCH, **places(launch.mounts)}
        return Manual(command_line(configuration, self._options.image), {}, inside)

    def close(self) -> None:
        """Remove every container and the scratch folders, for good, within about two seconds."""
        with self._lock:
            self._closed = True
            base, housing = self._base, self._housing
            self._base = self._housing = None
        if housing is not None:
            housing.close()
            housing.ground.shelf.close()
        if base is not None:
            base.engine.client.close()

    def _surveyed(self) -> Base:
        with self._lock:
            return self._survey()

    def _survey(self) -> Base:
        if self._closed:
            raise ExecutorError("the executor has been closed")
        if self._base is None:
            self._base = survey(self._options, self._project)
        return self._base

    def _prepared(self) -> Housing:
        with self._lock:
            base = self._survey()
            if self._housing is None:
                self._housing = Housing(prepare(base, self._run), self._run)
            return self._housing

    def _start(self, tenant: Tenant, worker: str) -> DockerChannel:
        housing = self._prepared()
        ground = housing.ground
        ground.check(tenant.launch.mounts, tenant.memory)
        folder = None
        if self._options.scratch == "folder":
            folder = ground.scratch(f"{worker}-{next(self._numbers)}")
        housed = evolve(
            tenant,
            labels={**ground.labels, "leanopt.worker": worker},
            scratch=None if folder is None else folder.path,
        )
        container, line = housing.start(housed, ground.name(worker))
        client, size = ground.base.engine.client, self._options.scratch_size
        return DockerChannel(
            container,
            line,
            folder or TmpfsScratch(client, container.ident, size),
            places(tenant.launch.mounts),
            statistics=housing.statistics(container),
        )
