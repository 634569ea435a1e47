"""The options of the `docker` executor: what `[executor]` may hold for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, instance_of, le, optional

from leanopt_core.executors.docker import checks
from leanopt_core.pipeline.units import Bytes
from leanopt_core.work import Mount

# What the kernel can tell from nothing.
_LEAST_PROCESSOR = 0.01
_MEMORY_OF_TMPFS = "it is memory of the worker's"


def extra_mount(text: str, project: Path) -> Mount:
    """Return what one of the option `mounts` means; its name is the place inside."""
    source, target, *mode = text.split(":")
    # Unlike `Path`'s own, it leaves a user alone who is not there.
    folder = project / os.path.expanduser(source)  # noqa: PTH111
    return Mount(checks.place_of(target), folder, writable=mode == ["rw"])


@frozen
class DockerOptions:
    """The options of the `docker` executor."""

    image: str = field(
        default="python:3.13-slim",
        validator=[instance_of(str), checks.image],
        metadata={"help": "the image that workers run in; it needs a python3"},
    )
    pull: Literal["missing", "never", "always"] = field(
        default="missing", metadata={"help": "when to fetch the image from its registry"}
    )
    cpus: float = field(
        default=2.0,
        validator=ge(_LEAST_PROCESSOR),
        metadata={"help": "processors that a worker may use"},
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
        validator=optional([ge(1), le(2**31 - 1)]),
        metadata={"help": "whom workers run as where leanopt is run by root; by default 65534"},
    )
    devices: tuple[str, ...] = field(
        default=(),
        validator=checks.devices,
        metadata={"help": 'devices that workers may use, as `"/dev/nvidia0"`'},
    )
    environment: Mapping[str, str] = field(
        factory=dict,
        validator=checks.environment,
        metadata={"help": "more variables for workers"},
    )
    mounts: tuple[str, ...] = field(
        default=(),
        validator=checks.mounts,
        metadata={"help": 'more folders, read-only as `"./more:/more"`, else `"./more:/more:rw"`'},
    )
