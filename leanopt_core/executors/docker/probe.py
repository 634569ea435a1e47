"""Whether an engine sees this machine's folders: a file of one, read through the engine."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.labels import name
from leanopt_core.executors.docker.trouble import foreign, passing, told

_PLACE = "/leanopt/probe"
_FILE = "seen"


def probe(engine: Engine, image: str, labels: dict[str, str], folder: Path) -> None:
    """Raise ExecutorError where the engine does not see `folder` as it is here.

    A container is made and removed; nothing runs in it.
    """
    token = token_hex(16).encode()
    (folder / _FILE).write_bytes(token)
    try:
        found = _read(engine.client, _body(image, labels, folder), name(labels))
    finally:
        (folder / _FILE).unlink()
    if found != token:
        raise ExecutorError(
            f"the Docker engine at {engine.host} does not see this machine's folders ({folder} is"
            " another there): workers need an engine on this machine, or one that shares them"
        )


def _body(image: str, labels: dict[str, str], folder: Path) -> dict[str, Any]:
    mount = {"Type": "bind", "Source": str(folder), "Target": _PLACE, "ReadOnly": True}
    return {
        "Image": image,
        "Entrypoint": ["/never"],
        "Labels": labels,
        "HostConfig": {"NetworkMode": "none", "Mounts": [mount]},
    }


def _read(client: Any, body: dict[str, Any], name: str) -> bytes:
    """Return what the file holds over there, empty where there is none."""
    try:
        ident = client.create_container_from_config(body, name)["Id"]
    except Exception as error:
        if "bind source path does not exist" in str(error):
            return b""
        with told("the engine makes no container"):
            raise
    try:
        stream, _ = client.get_archive(ident, f"{_PLACE}/{_FILE}")
        return _only_file(b"".join(stream))
    except Exception as error:
        if passing(error):
            with told("a container that looks at this machine's folders is gone"):
                raise
        if not foreign(error):
            raise
        return b""
    finally:
        with suppress(Exception):
            client.remove_container(ident, v=True, force=True)


def _only_file(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(_FILE)
        return file.read() if file is not None else b""
