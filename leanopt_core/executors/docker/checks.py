"""Check the machine before the first container: configured mounts and devices, shared folders."""

from __future__ import annotations

import io
import stat
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import (
    Client,
    Engine,
    engine_errors,
    from_sdk,
    is_transient,
)
from leanopt_core.executors.docker.orphans import container_name
from leanopt_core.executors.docker.settings import DockerOptions, parse_device, parse_mount

_INSIDE = "/leanopt/probe"
_FILE = "seen"


def check_options(options: DockerOptions, project: Path, *, devices: bool) -> None:
    """Raise ExecutorError with all configured folders, and if `devices`, devices that are absent.

    `devices` says that the engine runs on this machine.
    """
    wrong = list(_absent_folders(options, project))
    # On other systems the engine runs in a virtual machine, and has the devices of that.
    if devices and sys.platform == "linux":
        wrong += _absent_devices(options)
    if wrong:
        raise ExecutorError("\n".join(wrong))


def _absent_folders(options: DockerOptions, project: Path) -> Iterator[str]:
    for text in options.mounts:
        source = parse_mount(text, project).source
        try:
            source.stat()
        except OSError as error:
            yield f'executor.mounts: "{text}": {source} is not to be had: {error.strerror}'


def _absent_devices(options: DockerOptions) -> Iterator[str]:
    for text in options.devices:
        device = Path(parse_device(text).path)
        try:
            mode = device.stat().st_mode
        except OSError as error:
            yield f'executor.devices: "{text}": {device} is not to be had: {error.strerror}'
            continue
        if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or _has_devices(device)):
            yield f'executor.devices: "{text}": {device} is no device'


def _has_devices(folder: Path) -> bool:
    """Return whether this is a folder with devices, as /dev/snd: Docker takes all of them."""
    return any(one.is_char_device() or one.is_block_device() for one in folder.rglob("*"))


def probe_folders(engine: Engine, image: str, labels: Mapping[str, str], folder: Path) -> None:
    """Raise ExecutorError where the engine does not see `folder` as this machine does.

    Writes a file with a random token and reads it back through the engine, by the mount of a
    container that is made and removed without ever running.
    """
    # Random, since another machine can have a folder of this name, even one of leanopt's.
    token = token_hex(16).encode()
    (folder / _FILE).write_bytes(token)
    try:
        found = _read(engine.client, image, labels, folder)
    finally:
        (folder / _FILE).unlink()
    if found != token:
        raise ExecutorError(
            f"the Docker engine at {engine.host} does not see this machine's folders ({folder} is"
            " another there): workers need an engine on this machine, or one that shares them"
        )


def _read(client: Client, image: str, labels: Mapping[str, str], folder: Path) -> bytes:
    """Return what the engine sees in the file, empty where it sees none."""
    mount = {"Type": "bind", "Source": str(folder), "Target": _INSIDE, "ReadOnly": True}
    body = {
        "Image": image,
        # It never runs, so the image need not have this.
        "Entrypoint": ["/never"],
        "Labels": dict(labels),
        "HostConfig": {"NetworkMode": "none", "Mounts": [mount]},
    }
    try:
        ident = client.create_container_from_config(body, container_name(labels))["Id"]
    except Exception as error:
        # So the engine calls a folder that it does not see; it has no code for that.
        if "bind source path does not exist" in str(error):
            return b""
        with engine_errors("the engine makes no container"):
            raise
    try:
        stream, _ = client.get_archive(ident, f"{_INSIDE}/{_FILE}")
        return _only_file(b"".join(stream))
    except Exception as error:
        if is_transient(error):
            with engine_errors("a container that looks at this machine's folders is gone"):
                raise
        if not from_sdk(error):
            raise
        return b""
    finally:
        # What remains is an orphan once leanopt has ended: a later start removes it.
        with suppress(Exception):
            client.remove_container(ident, v=True, force=True)


def _only_file(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file: Any = tar.extractfile(_FILE)
        return file.read() if file is not None else b""
