"""Docker, as far as a pipeline needs it: the engine, its disk, the image, the folders it sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from leanopt_core.doctor.line import Line, StuckError, ok, warning, wrong
from leanopt_core.doctor.machine import free
from leanopt_core.doctor.mending import cause_of
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import ExecutorError, LeanoptError
from leanopt_core.executors.docker.options import DockerOptions
from leanopt_core.executors.scratch import ScratchRoot


def reach(subject: Subject) -> Iterator[Line]:
    """See that an engine answers; where nothing needs one, its absence is no more than a warning.

    Raises StuckError where none does.
    """
    try:
        engine = subject.docker_engine
    except ExecutorError as error:
        cause = cause_of(error)
        unneeded = _unneeded(subject)
        said = warning(f"{cause.what}: {unneeded}", cause.mend)
        raise StuckError(said if unneeded else wrong(cause.what, cause.mend)) from None
    yield ok(f"{engine.info.get('ServerVersion', 'an engine')} at {engine.host}")


def _unneeded(subject: Subject) -> str:
    """Return why no engine is needed, empty where one is."""
    if subject.file is None:
        return "only pipelines whose executor is docker need it"
    try:
        return "" if subject.docker_options is not None else "not needed by this pipeline"
    except LeanoptError:
        return "needed where the executor is docker"


def disk(subject: Subject) -> Iterator[Line]:
    """Measure what is free where the engine keeps images and containers."""
    engine = subject.docker_engine
    root = Path(engine.info.get("DockerRootDir") or "/var/lib/docker")
    if "unix" in engine.host and root.exists():
        yield free(root, "docker system df -v")
    else:
        yield ok(f"{root} is not on a disk of this machine")


def image(subject: Subject) -> Iterator[Line]:
    """See that the image is there; raises StuckError where it is not: nothing is fetched here."""
    from leanopt_core.executors.docker.image import present

    options = _options(subject)
    found = present(subject.docker_engine.client, options.image)
    if found is None:
        then = "no run fetches it" if options.pull == "never" else "the first run would fetch it"
        what = f'{options.image} is not there (executor.pull is "{options.pull}": {then})'
        raise StuckError(wrong(what, f"docker pull {options.image}"))
    yield ok(f"{options.image} ({found.ident.removeprefix('sha256:')[:12]}, {found.platform})")


def folders(subject: Subject) -> Iterator[Line]:
    """See that the engine sees this machine's folders; raises ExecutorError where it does not."""
    from leanopt_core.executors.docker.labels import labels, this_process
    from leanopt_core.executors.docker.probe import probe

    shelf = ScratchRoot(subject.folder, None)
    try:
        run = token_hex(8)
        labelled = labels(this_process(), subject.folder, run, worker="probe", number=0)
        probe(subject.docker_engine, _options(subject).image, labelled, shelf.path)
    finally:
        shelf.close()
    yield ok(f"the engine sees {subject.folder}")


def _options(subject: Subject) -> DockerOptions:
    options = subject.docker_options
    assert options is not None  # noqa: S101 - these are checks of pipelines that use it
    return options
