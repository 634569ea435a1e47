"""Where the Docker engine is, by the variables and the file that the `docker` command heeds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.trouble import said

DEFAULT = "default"

# Of its members, what the SDK takes for granted.
_MEMBERS: Mapping[str, type] = MappingProxyType(
    {"currentContext": str, "auths": dict, "HttpHeaders": dict, "proxies": dict}
)


def endpoint() -> dict[str, Any]:
    """Return what the SDK is to be told, by the rules of the `docker` command.

    Raises ExecutorError for settings that cannot be used.
    """
    from docker.utils import kwargs_from_env

    name = context()
    try:
        if os.environ.get("DOCKER_HOST"):
            return dict(kwargs_from_env())
        return {} if name == DEFAULT else _of_context(name)
    except ExecutorError:
        raise
    except Exception as error:  # noqa: BLE001 - the SDK stumbles in many ways
        raise ExecutorError(misunderstood(error)) from None


def context() -> str:
    """Return the current context's name; raises ExecutorError for a file that cannot be used."""
    settings = _settings()
    return os.environ.get("DOCKER_CONTEXT") or settings.get("currentContext") or DEFAULT


def misunderstood(error: Exception) -> str:
    """Return what is wrong with settings over which the SDK has stumbled with this error."""
    if host := os.environ.get("DOCKER_HOST"):
        kept = f", DOCKER_CERT_PATH={path}" if (path := os.environ.get("DOCKER_CERT_PATH")) else ""
        return f"DOCKER_HOST={host}{kept} leads to no Docker engine: {said(error)}"
    if (name := context()) != DEFAULT:
        return f"the Docker context '{name}' cannot be used: {said(error)}"
    return f"{_file() or 'what Docker is told'} cannot be used: {said(error)}"


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
    """Return what the `docker` command's file says, nothing where it is none; ExecutorError."""
    file = _file()
    try:
        settings = json.loads(Path(file).read_bytes()) if file else {}
    except (OSError, ValueError, RecursionError):
        return {}  # so does the SDK
    if not isinstance(settings, dict):
        raise ExecutorError(f"{file} holds no JSON object: mend it, or name another DOCKER_CONFIG")
    for name, kind in _MEMBERS.items():
        if not isinstance(settings.get(name), kind | None):
            wanted = "a text" if kind is str else "an object"
            shown = json.dumps(settings[name])[:100]
            raise ExecutorError(f"{file}: {name}: found {shown}, expected {wanted}")
    return settings


def _file() -> str | None:
    from docker.utils.config import find_config_file

    return cast("str | None", find_config_file())
