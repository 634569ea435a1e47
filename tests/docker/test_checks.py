"""What the machine does not have, or Docker does not take, is said by its key beforehand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.lines import launch

Make = Callable[..., DockerExecutor]


def test_folders_and_devices_that_are_not_there(make: Make, folder: Path) -> None:
    """All of them at once, as they were written; the image is not looked for before."""
    (folder / "there").mkdir()
    executor = make(
        mounts=("there:/a", "./gone:/b", "~nobody-at-all/x:/c"),
        devices=("/dev/null", "/dev/shm", "/dev/gone:/dev/x:r"),
        image="leanopt-test:none",
        pull="never",
    )
    with pytest.raises(ExecutorError) as raised:
        executor.runtime()
    said = [f'executor.mounts: "./gone:/b": {folder / "gone"}', 'executor.mounts: "~nobody-at-all']
    if sys.platform == "linux":
        said += ['executor.devices: "/dev/shm"', 'executor.devices: "/dev/gone:/dev/x:r"']
    lines = str(raised.value).splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))


def test_less_memory_than_docker_takes(
    make: Make, folder: Path, containers: Callable[[Path], list[Any]]
) -> None:
    """By the key and the least; nothing has been made for it."""
    executor = make()
    with pytest.raises(ExecutorError, match=r"executor.memory_limit: found 6000000 .* 6 MiB"):
        executor.spawn(launch(), 1, memory_limit=6_000_000)
    assert not (folder / ".leanopt").exists()
    assert containers(folder) == []
    executor.spawn(launch(), 1, memory_limit=6 * 2**20).release()
