"""The options of the `docker` executor in `[executor]`, checked and parsed.

This module needs no engine and no Docker library.
Each validator refuses a text that Docker would refuse later, with its key and what was expected.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import ge, instance_of, le, optional

from leanopt_core.pipeline.units import Bytes
from leanopt_core.work import Mount

# The kernel cannot give out less of a processor.
_LEAST_PROCESSOR = 0.01
_WORKER_MEMORY = "counts towards the worker's memory"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RIGHTS = re.compile(r"[rwm]*")
# Docker's grammar of image names: https://pkg.go.dev/github.com/distribution/reference
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_IMAGE = re.compile(
    rf"(?P<name>(?:{_HOST})?{_PART}(?:/{_PART})*)"
    rf"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@{_DIGEST})?"
)
_LONGEST_NAME = 255


@frozen
class Device:
    """A device of this machine, its path inside the container, and the rights to it (`rwm`)."""

    path: str
    inside: str
    rights: str


def parse_mount(text: str, project: Path) -> Mount:
    """Return the mount that one of the option `mounts` asks for; its name is the path inside.

    A relative folder is one of `project`. Raises ValueError for a text that is no mount, or a path
    inside that is taken.
    """
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not source or not target.startswith("/") or mode not in ("", "ro", "rw"):
        raise ValueError(f'each must be "FOLDER:/PLACE" or "FOLDER:/PLACE:rw", not "{text}"')
    # `Path.expanduser` raises for a user who does not exist; here the folder is reported missing.
    folder = project / os.path.expanduser(source)  # noqa: PTH111
    return Mount(_free_path(target, text), folder, writable=mode == "rw")


def parse_device(text: str) -> Device:
    """Return the device that one of the option `devices` asks for; raises ValueError."""
    device, _, rest = text.partition(":")
    target, _, rights = rest.partition(":")
    wrong = not device.startswith("/dev/") or (target and not target.startswith("/"))
    if wrong or not _RIGHTS.fullmatch(rights):
        raise ValueError(f'each must be as "/dev/nvidia0" or "/dev/a:/dev/b:r", not "{text}"')
    _free_path(target or device, text)
    _free_path(device, text)
    return Device(device, target or device, rights or "rwm")


def _free_path(target: str, text: str) -> str:
    """Return `target` in its normal form; raises ValueError where nothing can be mounted."""
    path = "/" + "/".join(part for part in target.split("/") if part not in ("", "."))
    if "\0" in text or ".." in path.split("/"):
        raise ValueError(f'{text!r:.100} leads through ".." or has a NUL character in it')
    if f"{path}/".startswith("/leanopt/"):
        raise ValueError(f'/leanopt is reserved for leanopt, and "{text}" is below it')
    if path in ("/", "/dev") or f"{path}/".startswith("/proc/"):
        raise ValueError(f'nothing can be put on {path} in a container, as "{text}" would')
    return path


def _check_image(_: object, __: Attribute[Any], text: str) -> None:
    found = _IMAGE.fullmatch(text)
    if found is None or len(found["name"]) > _LONGEST_NAME:
        raise ValueError(f'must be as "python:3.13-slim", which "{text[:100]}" is not')


def _check_mounts(_: object, __: Attribute[Any], texts: tuple[str, ...]) -> None:
    taken = dict[str, str]()
    for text in texts:
        path = parse_mount(text, Path()).name
        if path in taken:
            raise ValueError(f'"{taken[path]}" and "{text}" have one path inside')
        taken[path] = text


def _check_devices(_: object, __: Attribute[Any], texts: tuple[str, ...]) -> None:
    for text in texts:
        parse_device(text)


def _check_environment(_: object, __: Attribute[Any], variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f'"{name}" is no name of a variable')
        if "\0" in value:
            raise ValueError(f"the value of {name} has a NUL character in it")


@frozen
class DockerOptions:
    """The options of the `docker` executor."""

    image: str = field(
        default="python:3.13-slim",
        validator=[instance_of(str), _check_image],
        metadata={"help": "image for workers; must contain python3"},
    )
    pull: Literal["missing", "never", "always"] = field(
        default="missing",
        metadata={"help": "when to download the image from its registry", "offline": "never"},
    )
    cpus: float = field(
        default=2.0,
        validator=ge(_LEAST_PROCESSOR),
        metadata={"help": "maximum number of processors per worker"},
    )
    threads: int = field(
        default=1,
        validator=ge(1),
        metadata={"help": "threads that numeric libraries may use in each worker"},
    )
    pids_limit: int = field(
        default=512,
        validator=[ge(16), le(1_000_000)],
        metadata={"help": "maximum number of processes and threads per worker"},
    )
    scratch: Literal["folder", "tmpfs"] = field(
        default="folder",
        metadata={"help": "where workers write: a folder of this machine, or memory"},
    )
    scratch_folder: Path | None = field(
        default=None,
        metadata={"help": "existing folder of this machine for scratch (default: in `.leanopt`)"},
    )
    scratch_size: Bytes = field(
        default=Bytes(512 * 2**20),
        metadata={"help": f"maximum size of a scratch folder in memory; {_WORKER_MEMORY}"},
    )
    tmp_size: Bytes = field(
        default=Bytes(512 * 2**20), metadata={"help": f"maximum size of `/tmp`; {_WORKER_MEMORY}"}
    )
    user: int | None = field(
        default=None,
        validator=optional([ge(1), le(2**31 - 1)]),
        metadata={"help": "user id of workers if root runs leanopt (default: 65534)"},
    )
    devices: tuple[str, ...] = field(
        default=(),
        validator=_check_devices,
        metadata={"help": 'devices that workers may use, as `"/dev/nvidia0"`'},
    )
    environment: Mapping[str, str] = field(
        factory=dict,
        validator=_check_environment,
        metadata={"help": "additional environment variables"},
    )
    mounts: tuple[str, ...] = field(
        default=(),
        validator=_check_mounts,
        metadata={
            "help": 'additional folders: `"./more:/more"` (read-only) or `"./more:/more:rw"`'
        },
    )
