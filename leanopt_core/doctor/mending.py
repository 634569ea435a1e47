"""Why no Docker engine answers, and the command that mends it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.endpoint import DEFAULT, context
from leanopt_core.executors.docker.trouble import system_error

# By the program that installs packages.
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


@frozen
class Cause:
    """What is wrong, and what mends it."""

    what: str
    mend: str | None


def cause_of(error: ExecutorError) -> Cause:
    """Return why `connect` has failed with this error."""
    try:
        chosen = context()
    except ExecutorError as broken:
        return Cause(str(broken), None)
    system = system_error(error)
    if system is not None and system.errno in (errno.EACCES, errno.EPERM):
        what = "this user may not use its socket (log in again after the command)"
        return Cause(what, "sudo usermod -aG docker $USER")
    silent = (
        f"no engine answers ({system.strerror})"
        if system is not None
        else str(error).partition(";")[0]
    )
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        if value := os.environ.get(name):
            what = silent if name in silent else f"{name} is {value}, and {silent}"
            return Cause(what, f"unset {name}")
    if chosen != DEFAULT:
        return Cause(f"the context is {chosen}, and {silent}", "docker context use default")
    if not any(map(shutil.which, ("docker", "dockerd"))):
        found = (command for name, command in _INSTALL.items() if shutil.which(name))
        return Cause("it is not installed", next(found, None))
    return Cause(f"it is installed, but {silent}", _start())


def _start() -> str:
    if sys.platform == "darwin":
        return "open -a Docker"
    managed = Path("/run/systemd/system").is_dir()
    return "sudo systemctl start docker" if managed else "sudo service docker start"
