"""The options of the `docker` executor: what `[executor]` may hold for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, instance_of, le, min_len, optional

from leanopt_core.pipeline.units import Bytes
from leanopt_core.work import Mount

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMORY_OF_TMPFS = "it is memory of the worker's"


def _mounts(_: object, __: Attribute[Any], mounts: tuple[str, ...]) -> None:
    for text in mounts:
        source, _sep, rest = text.partition(":")
        target, _sep, mode = rest.partition(":")
        if not source or not target.startswith("/") or mode not in ("", "ro", "rw"):
            raise ValueError(f'each must be "FOLDER:/PLACE" or "FOLDER:/PLACE:rw", not "{text}"')
        if f"{target.rstrip('/')}/".startswith("/leanopt/"):
            raise ValueError(f'/leanopt is leanopt\'s own place, and "{text}" lies there')


def _devices(_: object, __: Attribute[Any], devices: tuple[str, ...]) -> None:
    for text in devices:
        device, _sep, rest = text.partition(":")
        place = rest.partition(":")[0] or "/"
        if not device.startswith("/dev/") or not place.startswith("/"):
            raise ValueError(f'each must be as "/dev/nvidia0" or "/dev/a:/dev/b:r", not "{text}"')


def _environment(_: object, __: Attribute[Any], environment: Mapping[str, str]) -> None:
    for name in environment:
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name}" is no name of a variable')


def extra_mount(text: str, project: Path) -> Mount:
    """Return what one of the option `mounts` means; its name is the place inside."""
    source, target, *mode = text.split(":")
    return Mount(target, project / Path(source).expanduser(), writable=mode == ["rw"])


@frozen
class DockerOptions:
    """The options of the `docker` executor."""

    image: str = field(
        default="python:3.13-slim",
        validator=[instance_of(str), min_len(1)],
        metadata={"help": "the image that workers run in; it needs a python3"},
    )
    pull: Literal["missing", "never", "always"] = field(
        default="missing", metadata={"help": "when to fetch the image from its registry"}
    )
    cpus: float = field(
        default=2.0, validator=gt(0), metadata={"help": "processors that a worker may use"}
    )
    threads: int = field(
        default=1,
        validator=ge(1),
        metadata={"help": "threads that numeric libraries may use in each worker"},
    )
    pids_limit: int = field(
        default=512,
        validator=[ge(16), le(1_000_000)],
        metadata={"help": "processes and threads that a worker may have"},
    )
    scratch: Literal["folder", "tmpfs"] = field(
        default="folder",
        metadata={"help": "where workers write: a folder of this machine, or memory"},
    )
    scratch_size: Bytes = field(
        default=Bytes(512 * 2**20),
        metadata={"help": f"of a scratch in memory, at most; {_MEMORY_OF_TMPFS}"},
    )
    tmp_size: Bytes = field(
        default=Bytes(512 * 2**20), metadata={"help": f"of `/tmp`, at most; {_MEMORY_OF_TMPFS}"}
    )
    user: int | None = field(
        default=None,
        validator=optional([ge(1), le(2**32 - 2)]),
        metadata={"help": "whom workers run as where leanopt is run by root; by default 65534"},
    )
    devices: tuple[str, ...] = field(
        default=(),
        validator=_devices,
        metadata={"help": 'devices that workers may use, as `"/dev/nvidia0"`'},
    )
    environment: Mapping[str, str] = field(
        factory=dict,
        validator=_environment,
        metadata={"help": "more variables for workers"},
    )
    mounts: tuple[str, ...] = field(
        default=(),
        validator=_mounts,
        metadata={"help": 'more folders, read-only as `"./more:/more"`, else `"./more:/more:rw"`'},
    )
