"""What an executor finds out and makes ready once, before its first container."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect
from leanopt_core.executors.docker.given import see_given
from leanopt_core.executors.docker.image import Image, find
from leanopt_core.executors.docker.labels import Owner, labels, this_process
from leanopt_core.executors.docker.leftovers import clean, leftovers
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.person import choose
from leanopt_core.executors.docker.probe import probe
from leanopt_core.executors.docker.settings import Site
from leanopt_core.executors.scratch import Scratch, ScratchRoot
from leanopt_core.work import Mount

# Docker's own.
_LEAST_MEMORY = 6 * 2**20


@frozen
class Base:
    """The engine, the image, and what all containers have in common."""

    engine: Engine
    image: Image
    site: Site

    def check(self, mounts: Sequence[Mount], memory: int | None) -> None:
        """Raise ExecutorError for what cannot be had: a folder to see, a memory limit."""
        person = self.site.person
        for mount in mounts:
            if not mount.source.exists():
                raise ExecutorError(f"{mount.source} is to be seen by workers, but is not there")
            if not mount.writable and not person.sees(mount.source):
                raise ExecutorError(
                    f"workers run as user {person.uid}, who may not read {mount.source}:"
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


@frozen
class Ground:
    """Where containers can be started: folders are there and seen."""

    base: Base
    shelf: ScratchRoot
    owner: Owner
    run: str

    def labels(self, worker: str, number: int) -> dict[str, str]:
        """Return the labels of a container; the run has no other with this worker and number."""
        project = self.base.site.project
        return labels(self.owner, project, self.run, worker=worker, number=number)

    def scratch(self, name: str) -> Scratch:
        """Return a new scratch folder that workers may write to."""
        try:
            return Scratch(self.shelf.path / name, self.base.site.person.owner)
        except OSError as error:
            raise ExecutorError(f"no scratch folder can be made: {error}") from None


def survey(options: DockerOptions, project: Path) -> Base:
    """Find the engine, what the options give workers, and the image.

    Raises ExecutorError where one is not to be had.
    """
    engine = connect()
    see_given(options, project, devices="unix://" in engine.host)
    image = find(engine.client, options)
    site = Site(
        image.ident,
        choose(engine, options.user),
        options,
        project.absolute(),
        engine.processors,
        engine.remapped,
    )
    return Base(engine, image, site)


def prepare(base: Base, run: str, *, tidy: bool) -> Ground:
    """Make the scratch folders' folder and see that it is seen; before, if `tidy`, tidy up.

    That removes what dead leanopts left; what cannot be removed now is left for the next time.
    Raises ExecutorError where the engine sees other folders.
    """
    if tidy:
        clean(base.engine.client, leftovers(base.engine.client))
    ground = Ground(
        base, ScratchRoot(base.site.project, _swept if tidy else None), this_process(), run
    )
    try:
        probe(base.engine, base.image.ident, ground.labels("probe", 0), ground.shelf.path)
    except BaseException:
        ground.shelf.close()
        raise
    return ground


def _swept(_: Path) -> None:
    """Do nothing: with its container, all that a worker started has gone."""
