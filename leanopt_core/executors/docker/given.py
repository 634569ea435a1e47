"""Whether what the options give workers is on this machine."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.options import DockerOptions, extra_mount


def see_given(options: DockerOptions, project: Path, *, devices: bool) -> None:
    """Raise ExecutorError for folders, and if `devices`, devices that are not there, for all."""
    wrong = list(_folders(options, project))
    # Elsewhere the engine is in a virtual machine, and has the devices of that.
    if devices and sys.platform == "linux":
        wrong += _devices(options)
    if wrong:
        raise ExecutorError("\n".join(wrong))


def _folders(options: DockerOptions, project: Path) -> Iterator[str]:
    for text in options.mounts:
        source = extra_mount(text, project).source
        try:
            source.stat()
        except OSError as error:
            yield f'executor.mounts: "{text}": {source} is not to be had: {error.strerror}'


def _devices(options: DockerOptions) -> Iterator[str]:
    for text in options.devices:
        device = Path(text.partition(":")[0])
        try:
            mode = device.stat().st_mode
        except OSError as error:
            yield f'executor.devices: "{text}": {device} is not to be had: {error.strerror}'
            continue
        if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or _has_devices(device)):
            yield f'executor.devices: "{text}": {device} is no device'


def _has_devices(folder: Path) -> bool:
    """Say whether this is a folder with a device below, as /dev/snd: Docker takes all of it."""
    return any(one.is_char_device() or one.is_block_device() for one in folder.rglob("*"))
