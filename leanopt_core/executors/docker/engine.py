"""The connection to the Docker engine, and its errors as leanopt's errors.

The engine is the one that this user's `docker` command uses: the same variables, the same file,
the same contexts. Errors of the SDK are recognised without importing it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLError
from types import MappingProxyType
from typing import Any, cast

from attrs import frozen

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.work import Launch

#: A `docker.APIClient`; the SDK has no types.
Client = Any
#: The name of the context that means this machine's engine.
DEFAULT_CONTEXT = "default"

# Connections kept open, and how long the engine may take to answer, in seconds.
_CONNECTIONS, _TIMEOUT = 64, 60
_WORKER_MEMORY = 4 * 2**30
# Members of the `docker` command's file that the SDK reads without checking their types.
_MEMBERS: Mapping[str, type] = MappingProxyType(
    {"currentContext": str, "auths": dict, "HttpHeaders": dict, "proxies": dict}
)
# The packages whose exceptions the SDK lets through.
_SDK_PACKAGES = ("docker", "requests", "urllib3")
_NOT_FOUND, _CONFLICT, _UNAVAILABLE = 404, 409, 503


@frozen
class Engine:
    """An engine that answers: where it is, and what it says about itself (`docker info`)."""

    client: Client
    host: str
    info: Mapping[str, Any]

    @property
    def rootless(self) -> bool:
        """Return whether the engine runs as a plain user, who is a container's root."""
        return self._has_security("rootless")

    @property
    def remapped(self) -> bool:
        """Return whether a container's users have other numbers outside."""
        return self._has_security("userns") and not self.rootless

    @property
    def limits_memory(self) -> bool:
        """Return whether the engine can limit a container's memory."""
        return self.info.get("MemoryLimit") is not False

    def worker_memory(self, launch: Launch) -> int | None:
        """Return a worker's default memory limit in bytes, None for no limit."""
        if not self.limits_memory:
            return None
        wanted, whole = launch.memory or _WORKER_MEMORY, int(self.info.get("MemTotal") or 0)
        return min(wanted, whole // 2 or wanted)

    @property
    def processors(self) -> int:
        """Return how many processors containers can use."""
        return int(self.info.get("NCPU") or 1)

    def _has_security(self, name: str) -> bool:
        return any(f"name={name}" in text for text in self.info.get("SecurityOptions") or ())


def connect() -> Engine:
    """Return the engine of `DOCKER_HOST`, else of the current context, else of this machine.

    Raises ExecutorError where no engine answers or this user may not use it, with what to do; and
    for Docker settings that cannot be used, by their name.
    """
    import docker

    where = _endpoint()
    host = str(where.get("base_url") or "unix:///var/run/docker.sock")
    try:
        client = docker.APIClient(
            version="auto", timeout=_TIMEOUT, max_pool_size=_CONNECTIONS, **where
        )
        info = client.info()
    except Exception as error:  # noqa: BLE001 - the SDK fails in many ways over bad settings
        message = _unreachable(host, error) if from_sdk(error) else _bad_settings(error)
        raise ExecutorError(message) from None
    if info.get("OSType") != "linux":
        raise ExecutorError(f"the Docker engine at {host} runs no Linux containers")
    return Engine(client, host, info)


def context() -> str:
    """Return the current context's name; raises ExecutorError for a file that cannot be used."""
    settings = _settings()
    return os.environ.get("DOCKER_CONTEXT") or settings.get("currentContext") or DEFAULT_CONTEXT


def _endpoint() -> dict[str, Any]:
    """Return the SDK's arguments, by the rules of the `docker` command; raises ExecutorError."""
    from docker.utils import kwargs_from_env

    name = context()
    try:
        if os.environ.get("DOCKER_HOST"):
            return dict(kwargs_from_env())
        return {} if name == DEFAULT_CONTEXT else _of_context(name)
    except ExecutorError:
        raise
    except Exception as error:  # noqa: BLE001 - the SDK fails in many ways over bad settings
        raise ExecutorError(_bad_settings(error)) from None


def _of_context(name: str) -> dict[str, Any]:
    from docker.context import ContextAPI

    found = ContextAPI.get_context(name)
    if found is None:
        raise ExecutorError(
            f"there is no Docker context '{name}'; `docker context ls` lists them, and"
            " `docker context use default` goes back to this machine's engine"
        )
    return {"base_url": found.Host, "tls": found.TLSConfig}


def _settings() -> Mapping[str, Any]:
    """Return the content of the `docker` command's file; raises ExecutorError for other JSON."""
    file = _settings_file()
    try:
        settings = json.loads(Path(file).read_bytes()) if file else {}
    except (OSError, ValueError, RecursionError):
        return {}  # the SDK ignores such a file too
    if not isinstance(settings, dict):
        raise ExecutorError(f"{file} holds no JSON object: fix it, or name another DOCKER_CONFIG")
    for name, kind in _MEMBERS.items():
        if not isinstance(settings.get(name), kind | None):
            wanted = "a text" if kind is str else "an object"
            shown = json.dumps(settings[name])[:100]
            raise ExecutorError(f"{file}: {name}: found {shown}, expected {wanted}")
    return settings


def _settings_file() -> str | None:
    from docker.utils.config import find_config_file

    return cast("str | None", find_config_file())


def _bad_settings(error: Exception) -> str:
    """Return which setting is wrong, after the SDK has failed with `error` over it."""
    if host := os.environ.get("DOCKER_HOST"):
        kept = f", DOCKER_CERT_PATH={path}" if (path := os.environ.get("DOCKER_CERT_PATH")) else ""
        return f"DOCKER_HOST={host}{kept} leads to no Docker engine: {message_of(error)}"
    if (name := context()) != DEFAULT_CONTEXT:
        return f"the Docker context '{name}' cannot be used: {message_of(error)}"
    return f"{_settings_file() or 'the Docker settings'} cannot be used: {message_of(error)}"


def _unreachable(host: str, error: Exception) -> str:
    cause = system_error(error)
    if cause is not None and cause.errno in (errno.EACCES, errno.EPERM):
        return (
            f"this user may not use the Docker engine at {host}: join its group with"
            " `sudo usermod -aG docker $USER` and log in again, or run a rootless engine"
        )
    hint = "start it, as with `sudo systemctl start docker`, or name another by DOCKER_HOST"
    return f"no Docker engine answers at {host} ({message_of(error)}): {hint}"


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Raise ExecutorError with `what` and the engine's own words in place of the SDK's errors.

    It is a TransientError where another try may succeed.
    """
    try:
        yield
    except Exception as error:
        if not from_sdk(error):
            raise
        kind = TransientError if is_transient(error) else ExecutorError
        raise kind(f"{what}: {message_of(error)}") from None


def from_sdk(error: BaseException) -> bool:
    """Return whether an error comes from the SDK, or from the connection to the engine."""
    root = type(error).__module__.partition(".")[0]
    return root in _SDK_PACKAGES or isinstance(error, OSError)


def is_transient(error: BaseException) -> bool:
    """Return whether another try may succeed: no engine answers, or the container was ended."""
    if is_not_found(error):
        # A container can be made again; a missing image or path stays missing.
        return "no such container" in message_of(error).lower()
    return _status(error) in (None, _CONFLICT, _UNAVAILABLE)


def is_not_found(error: BaseException) -> bool:
    """Return whether the engine answered that there is no such thing."""
    return _status(error) == _NOT_FOUND


def is_conflict(error: BaseException) -> bool:
    """Return whether the engine refused for now, as for a container that is being removed."""
    return _status(error) == _CONFLICT


def _status(error: BaseException) -> int | None:
    """Return the HTTP status of the engine's answer, None where it did not answer."""
    return getattr(getattr(error, "response", None), "status_code", None)


def message_of(error: BaseException) -> str:
    """Return what went wrong in one line: the engine's words, else the system's."""
    explanation = getattr(error, "explanation", None)
    if explanation:
        return str(explanation).strip()
    cause = system_error(error)
    return cause.strerror or str(cause) if cause is not None else str(error)


def system_error(error: BaseException) -> OSError | None:
    """Return the operating system's error that an error was raised for, None without one."""
    seen: list[object] = [error]
    for one in seen:
        # The error numbers of TLS are not the system's.
        if isinstance(one, OSError) and one.errno is not None and not isinstance(one, SSLError):
            return one
        if isinstance(one, BaseException):
            # The libraries below the SDK hand on the system's error as an argument of their own.
            inner = (one.__cause__, one.__context__, *one.args)
            seen += [new for new in inner if isinstance(new, BaseException) and new not in seen]
    return None
