"""What an executor finds out and makes ready once, before its first container."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect
from leanopt_core.executors.docker.image import Image, find
from leanopt_core.executors.docker.labels import labels, this_process
from leanopt_core.executors.docker.leftovers import clean, leftovers
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.docker.person import choose
from leanopt_core.executors.docker.probe import probe
from leanopt_core.executors.docker.settings import Site
from leanopt_core.executors.scratch import Scratch, Shelf
from leanopt_core.work import Mount

_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@frozen
class Base:
    """The engine, the image, and what all containers have in common."""

    engine: Engine
    image: Image
    site: Site


@frozen
class Ground:
    """Where containers can be started: leftovers are gone, folders are there and seen."""

    base: Base
    shelf: Shelf
    labels: Mapping[str, str]

    def name(self, worker: str) -> str:
        """Return a name for a container that no other has."""
        project = _NO_NAME.sub("-", self.base.site.project.name)
        return f"leanopt-{project}-{worker}-{token_hex(4)}"

    def scratch(self, name: str) -> Scratch:
        """Return a new scratch folder that workers may write to."""
        try:
            return Scratch(self.shelf.path / name, self.base.site.person.owner)
        except OSError as error:
            raise ExecutorError(f"no scratch folder can be made: {error}") from None

    def check(self, mounts: Sequence[Mount], memory: int | None) -> None:
        """Raise ExecutorError for what cannot be had: a folder to see, a memory limit."""
        person = self.base.site.person
        for mount in mounts:
            if not mount.source.exists():
                raise ExecutorError(f"{mount.source} is to be seen by workers, but is not there")
            if not mount.writable and not person.sees(mount.source):
                raise ExecutorError(
                    f"workers run as user {person.uid}, who may not read {mount.source}:"
                    f" `chmod -R a+rX {mount.source}`, or name its owner by executor.user"
                )
        if memory is not None and self.base.engine.info.get("MemoryLimit") is False:
            raise ExecutorError(f"the Docker engine at {self.base.engine.host} limits no memory")


def survey(options: DockerOptions, project: Path) -> Base:
    """Find the engine and the image; raises ExecutorError where one is not to be had."""
    engine = connect()
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


def prepare(base: Base, run: str) -> Ground:
    """Remove what dead leanopts left, make the scratch folders' folder, see that it is seen.

    What cannot be removed now is left for the next time. Raises ExecutorError where the engine
    sees other folders.
    """
    clean(base.engine.client, leftovers(base.engine.client))
    shelf = Shelf(base.site.project, lambda _: None)
    labelled = labels(this_process(), base.site.project, run)
    try:
        probe(base.engine, base.image.ident, labelled, shelf.path)
    except BaseException:
        shelf.close()
        raise
    return Ground(base, shelf, labelled)
