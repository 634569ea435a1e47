"""A scratch in memory that is full says so: what was written to it last may be cut short."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.lines import PATIENCE, ChannelDriver, launch


@pytest.fixture
def line(make: Callable[..., DockerExecutor]) -> Iterator[ChannelDriver]:
    """A worker with 64 KiB."""
    line = ChannelDriver(make(scratch="tmpfs", scratch_size=2**16), launch(), PATIENCE)
    yield line
    line.release()


def test_it_is_said_until_there_is_room(line: ChannelDriver) -> None:
    """By the option, of files that are read and files that are written."""
    line.channel.put("of/small", b"1")
    with line.channel.open("of/small") as file:
        assert file.read() == b"1"
    with pytest.raises(ExecutorError, match=r"0\.0625 MiB .* is full.*executor\.scratch_size"):
        line.channel.put("more/large", bytes(2**17))
    with pytest.raises(ExecutorError, match=r"is full.*executor\.scratch_size"):
        line.channel.open("of/small")
    line.channel.remove("more")
    assert line.channel.names("of") == ["small"]
    with line.channel.open("of/small") as file:
        assert file.read() == b"1"
