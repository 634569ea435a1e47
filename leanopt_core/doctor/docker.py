"""Check Docker: the engine, its disk, the image, the folders it sees."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType

from leanopt_core.check import Finding, StuckError
from leanopt_core.doctor.machine import free
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import ExecutorError, LeanoptError
from leanopt_core.executors.docker.engine import DEFAULT_CONTEXT, context, system_error
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.executors.scratch import ScratchRoot

# What installs Docker, by the program that installs packages.
_INSTALL: Mapping[str, str] = MappingProxyType(
    {
        "apt-get": "sudo apt-get install docker.io",
        "dnf": "sudo dnf install moby-engine",
        "zypper": "sudo zypper install docker",
        "pacman": "sudo pacman -S docker",
        "apk": "sudo apk add docker",
        "brew": "brew install --cask docker",
    }
)


def answers(subject: Subject) -> Iterator[Finding]:
    """Check that an engine answers; where nothing needs one, its absence is only a warning.

    Raises StuckError where no engine answers.
    """
    try:
        engine = subject.docker_engine
    except ExecutorError as error:
        what, fix = _cause(error)
        unneeded = _unneeded(subject)
        if unneeded:
            raise StuckError(Finding.warning(f"{what}: {unneeded}", fix)) from None
        raise StuckError(Finding.wrong(what, fix)) from None
    yield Finding.ok(f"{engine.info.get('ServerVersion', 'an engine')} at {engine.host}")


def _unneeded(subject: Subject) -> str:
    """Return why no engine is needed, empty where one is."""
    if subject.file is None:
        return "only pipelines whose executor is docker need it"
    try:
        return "" if subject.docker_options is not None else "not needed by this pipeline"
    except LeanoptError:
        return "needed where the executor is docker"


def _cause(error: ExecutorError) -> tuple[str, str | None]:
    """Return why `connect` failed with this error, and the command that fixes it."""
    try:
        chosen = context()
    except ExecutorError as broken:
        return str(broken), None
    system = system_error(error)
    if system is not None and system.errno in (errno.EACCES, errno.EPERM):
        what = "this user may not use its socket (log in again after the command)"
        return what, "sudo usermod -aG docker $USER"
    # A variable comes before the context, and that before what is installed, as with `docker`.
    silent = (
        f"no engine answers ({system.strerror})"
        if system is not None
        else str(error).partition(";")[0]
    )
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        if value := os.environ.get(name):
            what = silent if name in silent else f"{name} is {value}, and {silent}"
            return what, f"unset {name}"
    if chosen != DEFAULT_CONTEXT:
        return f"the context is {chosen}, and {silent}", "docker context use default"
    if not any(map(shutil.which, ("docker", "dockerd"))):
        found = (command for name, command in _INSTALL.items() if shutil.which(name))
        return "it is not installed", next(found, None)
    return f"it is installed, but {silent}", _start()


def _start() -> str:
    """Return the command that starts the engine on this machine."""
    if sys.platform == "darwin":
        return "open -a Docker"
    managed = Path("/run/systemd/system").is_dir()
    return "sudo systemctl start docker" if managed else "sudo service docker start"


def disk(subject: Subject) -> Iterator[Finding]:
    """Measure what is free where the engine keeps images and containers."""
    engine = subject.docker_engine
    root = Path(engine.info.get("DockerRootDir") or "/var/lib/docker")
    if "unix" in engine.host and root.exists():
        yield free(root, "docker system df -v")
    else:
        yield Finding.ok(f"{root} is not on a disk of this machine")


def image(subject: Subject) -> Iterator[Finding]:
    """Check that the image is there; raises StuckError where it is not. Fetches nothing."""
    from leanopt_core.executors.docker.session import present_image

    options = _options(subject)
    found = present_image(subject.docker_engine.client, options.image)
    if found is None:
        then = "no run fetches it" if options.pull == "never" else "the first run would fetch it"
        what = f'{options.image} is not there (executor.pull is "{options.pull}": {then})'
        raise StuckError(Finding.wrong(what, f"docker pull {options.image}"))
    ident = found.ident.removeprefix("sha256:")[:12]
    yield Finding.ok(f"{options.image} ({ident}, {found.platform})")


def folders(subject: Subject) -> Iterator[Finding]:
    """Check that the engine sees this machine's folders; raises ExecutorError where it does not."""
    from leanopt_core.executors.docker.checks import probe_folders
    from leanopt_core.executors.docker.orphans import labels
    from leanopt_core.owners import this_process

    scratch_root = ScratchRoot(subject.folder, None, _options(subject).scratch_folder)
    try:
        run = token_hex(8)
        labelled = labels(this_process(), subject.folder, run, worker="probe", number=0)
        probe_folders(subject.docker_engine, _options(subject).image, labelled, scratch_root.path)
    finally:
        scratch_root.close()
    yield Finding.ok(f"the engine sees {subject.folder}")


def _options(subject: Subject) -> DockerOptions:
    options = subject.docker_options
    assert options is not None  # noqa: S101 - these are checks of pipelines that use it
    return options
