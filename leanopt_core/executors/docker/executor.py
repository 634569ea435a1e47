"""The `docker` executor: one warm container a worker, on the engine of the `docker` command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from secrets import token_hex

from attrs import evolve

from leanopt_core.executors.base import Completed, ReproduceCommand
from leanopt_core.executors.command import run
from leanopt_core.executors.docker.by_hand import command_line
from leanopt_core.executors.docker.channel import DockerChannel
from leanopt_core.executors.docker.deciding import deciding
from leanopt_core.executors.docker.ground import Base, prepare, survey
from leanopt_core.executors.docker.housing import Housing
from leanopt_core.executors.docker.labels import name
from leanopt_core.executors.docker.lazily import Lazily
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.person import hand_back, hand_over
from leanopt_core.executors.docker.settings import SCRATCH, Tenant, body, places
from leanopt_core.executors.docker.tmpfs import TmpfsScratch
from leanopt_core.work import Launch, Mount


def create(options: DockerOptions, project: Path) -> DockerExecutor:
    """Return the executor; scratch folders are made in `<project>/.leanopt/scratch`."""
    return DockerExecutor(options, project)


class DockerExecutor:
    """Starts harnesses in containers; `Executor` says what the methods promise."""

    def __init__(self, options: DockerOptions, project: Path, *, tidy: bool = True) -> None:
        """Take what is to be used; not `tidy`, what dead leanopts left is not removed."""
        self._options = options
        self._project = project
        self._tidy = tidy
        self._run = token_hex(8)
        self._numbers = count(1)
        self._base = Lazily(partial(survey, options, project), _leave)
        self._housing = Lazily(self._prepare, _vacate)

    def runtime(self) -> Mapping[str, str]:
        """Say which image it is, by its id, for which platform, and what the options add to it."""
        image = self._base.get().image
        added = deciding(self._options, self._project)
        return {"image": image.ident, "platform": image.platform, **added}

    def workers(self, wanted: int | None) -> int:
        """Return `wanted`, or the number of processors that the engine has."""
        return wanted if wanted is not None else self._base.get().engine.processors

    def run_command(
        self,
        command: Sequence[str],
        mounts: Sequence[Mount] = (),
        *,
        time_limit: float = 600.0,
        network: bool = False,
    ) -> Completed:
        """Run one command to its end in a container of its own, without standard input."""
        person = self._base.get().site.person
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

    def unasked_memory(self, launch: Launch) -> int | None:
        """Return the bytes that a worker may hold where the user sets no limit, None for all."""
        return self._base.get().engine.worker_memory(launch)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """Say by which `docker run` a person starts the same worker; its scratch is in memory."""
        base = self._base.get()
        configuration = body(base.site, Tenant(launch, memory=base.engine.worker_memory(launch)))
        inside = {"request": SCRATCH, **places(launch.mounts)}
        return ReproduceCommand(command_line(configuration), {}, inside)

    def close(self) -> None:
        """Remove every container and the scratch folders, for good, within about two seconds.

        What is under way in other threads, as fetching an image, is not waited for.
        """
        self._housing.close()
        self._base.close()

    def _prepare(self) -> Housing:
        return Housing(prepare(self._base.get(), self._run, tidy=self._tidy), self._run)

    def _start(self, tenant: Tenant, worker: str) -> DockerChannel:
        self._base.get().check(tenant.launch.mounts, tenant.memory)
        housing = self._housing.get()
        ground, number = housing.ground, next(self._numbers)
        folder = None
        if self._options.scratch == "folder":
            folder = ground.scratch(f"{worker}-{number}")
        labels = ground.labels(worker, number)
        housed = evolve(
            tenant,
            labels=labels,
            scratch=None if folder is None else folder.path,
            memory=tenant.memory or ground.base.engine.worker_memory(tenant.launch),
        )
        container, line = housing.start(housed, name(labels))
        client, size = ground.base.engine.client, self._options.scratch_size
        return DockerChannel(
            container,
            line,
            folder or TmpfsScratch(client, container.ident, size),
            places(tenant.launch.mounts),
            statistics=housing.statistics(container),
        )


def _leave(base: Base) -> None:
    base.engine.client.close()


def _vacate(housing: Housing) -> None:
    housing.close()
    housing.ground.shelf.close()
