"""The Docker engine that this user's `docker` command would talk to."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.endpoint import endpoint, misunderstood
from leanopt_core.executors.docker.trouble import foreign, said, system_error
from leanopt_core.work import Launch

#: A `docker.APIClient`; the SDK has no types.
Client = Any

# Connections kept open, and how long the engine may take to answer, in seconds.
_CONNECTIONS, _PATIENCE = 64, 60
_WORKER_MEMORY = 4 * 2**30


@frozen
class Engine:
    """An engine that answers: where it is, and what it says about itself (`docker info`)."""

    client: Client
    host: str
    info: Mapping[str, Any]

    @property
    def rootless(self) -> bool:
        """Say whether the engine runs as a plain user, to whom a container's root is that user."""
        return self._secured_by("rootless")

    @property
    def remapped(self) -> bool:
        """Say whether a container's users are others outside."""
        return self._secured_by("userns") and not self.rootless

    @property
    def limits_memory(self) -> bool:
        """Say whether containers can be kept from taking more than so much memory."""
        return self.info.get("MemoryLimit") is not False

    def worker_memory(self, launch: Launch) -> int | None:
        """Return the bytes that a worker may take unless it is told otherwise; None for all."""
        if not self.limits_memory:
            return None
        wanted, whole = launch.memory or _WORKER_MEMORY, int(self.info.get("MemTotal") or 0)
        return min(wanted, whole // 2 or wanted)

    @property
    def processors(self) -> int:
        """Return how many processors containers can use."""
        return int(self.info.get("NCPU") or 1)

    def _secured_by(self, name: str) -> bool:
        return any(f"name={name}" in text for text in self.info.get("SecurityOptions") or ())


def connect() -> Engine:
    """Return the engine of `DOCKER_HOST`, else of the current context, else of this machine.

    Raises ExecutorError where none answers, or it may not be used, saying what mends it; and for
    settings of Docker's that mean nothing, naming them.
    """
    import docker

    where = endpoint()
    host = str(where.get("base_url") or "unix:///var/run/docker.sock")
    try:
        client = docker.APIClient(
            version="auto", timeout=_PATIENCE, max_pool_size=_CONNECTIONS, **where
        )
        info = client.info()
    except Exception as error:  # noqa: BLE001 - the SDK stumbles in many ways
        told = _unreachable(host, error) if foreign(error) else misunderstood(error)
        raise ExecutorError(told) from None
    if info.get("OSType") != "linux":
        raise ExecutorError(f"the Docker engine at {host} runs no Linux containers")
    return Engine(client, host, info)


def _unreachable(host: str, error: Exception) -> str:
    cause = system_error(error)
    if cause is not None and cause.errno in (errno.EACCES, errno.EPERM):
        return (
            f"this user may not use the Docker engine at {host}: join its group with"
            " `sudo usermod -aG docker $USER` and log in again, or run a rootless engine"
        )
    hint = "start it, as with `sudo systemctl start docker`, or name another by DOCKER_HOST"
    return f"no Docker engine answers at {host} ({said(error)}): {hint}"
