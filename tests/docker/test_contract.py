"""The `docker` executor keeps the contract of executors, with both kinds of scratch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.executor import ExecutorContract


class TestFolder(ExecutorContract):
    """Scratch is a folder of this machine."""

    @pytest.fixture
    def executor(self, make: Callable[..., DockerExecutor]) -> DockerExecutor:
        """An executor in a folder of its own."""
        return make()


class TestTmpfs(ExecutorContract):
    """Scratch is memory in the container."""

    @pytest.fixture
    def executor(self, make: Callable[..., DockerExecutor]) -> DockerExecutor:
        """An executor in a folder of its own."""
        return make(scratch="tmpfs")
