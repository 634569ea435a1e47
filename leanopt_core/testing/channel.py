"""The contract of an executor's channels: tests with real harnesses."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Executor
from leanopt_core.testing.lines import PATIENCE, ChannelDriver, launch, marked

Connect = Callable[..., ChannelDriver]


class ChannelContract:
    """Tests of the channel to one worker; a part of `ExecutorContract`."""

    #: Seconds to wait before a test fails.
    patience = PATIENCE

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        """Override: yield the executor; close it afterwards."""
        raise NotImplementedError("override the fixture `executor`")

    @pytest.fixture
    def connect(self, executor: Executor) -> Iterator[Connect]:
        """Return a function that starts the kit's harness on a channel; release all at the end.

        The test fails if a process is left that this machine can see.
        """
        lines: list[ChannelDriver] = []
        mark = str(uuid4())

        def connected(environment: Mapping[str, str] | None = None, **how: Any) -> ChannelDriver:
            told = {**(environment or {}), "KIT_MARK": mark}
            lines.append(ChannelDriver(executor, launch(environment=told), self.patience, **how))
            return lines[-1]

        yield connected
        for line in lines:
            line.release()
        left = marked(f"KIT_MARK={mark}")
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        assert left == [], "a released worker left processes behind"

    def test_kill_leaves_nothing(self, connect: Connect) -> None:
        """Killing a harness ends its children and daemons, with or without its pipes."""
        line = connect()
        line.send(id="1", do="multiply", echo=1)
        line.listen(line.answers)
        assert not line.over
        line.channel.kill()
        line.channel.kill()
        line.listen(lambda: line.over)
        assert line.channel.exit_reason()
        assert line.channel.outside() is False

    def test_release_ends_what_lives(self, connect: Connect) -> None:
        """Release ends a living harness within seconds, without telling it first."""
        line = connect()
        line.send(id="1", do="hang")
        began = time.monotonic()
        line.release()
        assert time.monotonic() - began < self.patience

    def test_a_line_from_hello_to_end(self, connect: Connect) -> None:
        """A harness exits when its input ends; its exit reason is then known."""
        line = connect()
        assert line.channel.exit_reason() == ""
        line.send(id="hello", hello={"protocol": 1})
        line.listen(line.answers)
        assert line.answers()[0]["hello"]["engine"] == "kit"
        line.channel.end()
        line.listen(lambda: line.over)
        assert "0" in line.channel.exit_reason()
        assert line.channel.outside() is False

    def test_descriptors_stay_the_same(self, connect: Connect) -> None:
        """Descriptors stay the same, and reading without data does not block."""
        line = connect()
        descriptors = list(line.channel.filenos())
        assert descriptors == list(line.channel.filenos())
        assert line.channel.write_fileno() >= 0
        assert line.channel.read(descriptors[0]).out == b""

    def test_writing_to_the_dead_is_refused(self, connect: Connect) -> None:
        """Writing to a dead harness raises BrokenPipeError and never blocks."""
        line = connect()
        line.send(id="1", do="leave", code=0)
        line.listen(lambda: line.over)
        with pytest.raises(BrokenPipeError):
            _write_on(line)

    def test_memory_is_known_or_not(self, connect: Connect) -> None:
        """A worker's memory is a number of bytes above 0, or None."""
        line = connect()
        line.send(id="1", do="answer")
        line.listen(line.answers)
        held = line.channel.memory()
        assert held is None or held > 0

    def test_a_memory_limit_is_kept_or_refused(self, connect: Connect) -> None:
        """A worker over its memory limit is killed, with memory as its exit reason."""
        try:
            line = connect(memory_limit=256 * 2**20)
        except ExecutorError:
            return
        line.send(id="1", do="swallow", mib=2048)
        line.listen(lambda: line.over or line.answers())
        assert line.answers() == []
        assert "memory" in line.channel.exit_reason()

    def test_scratch_files_go_in_and_out(self, connect: Connect) -> None:
        """Files below `{scratch}` go in and out, after the worker's end too unless volatile."""
        line = connect()
        line.channel.put("deep/er/in.txt", b"one")
        line.channel.put("deep/er/in.txt", b"two")
        scratch = line.channel.fill("{scratch}")
        line.send(id="1", do="read", path=f"{scratch}/deep/er/in.txt")
        line.send(id="2", do="write", path=f"{scratch}/out.txt", text="from there")
        line.listen(lambda: len(line.answers()) == 2)
        assert line.answers()[0]["text"] == "two"
        if not line.channel.volatile:
            line.channel.end()
            line.listen(lambda: line.over)
        with line.channel.open("out.txt") as file:
            assert file.read() == b"from there"

    def test_folders_are_listed_and_removed(self, connect: Connect) -> None:
        """Only regular files are listed, by relative name; a missing folder is empty."""
        line = connect()
        for name in ("of/one.txt", "of/deep/er/two.txt", "other/three.txt"):
            line.channel.put(name, b"x")
        assert line.channel.names("of") == ["deep/er/two.txt", "one.txt"]
        line.channel.remove("of")
        line.channel.remove("of")
        assert line.channel.names("of") == []
        assert line.channel.names("other") == ["three.txt"]

    @pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ".."])
    def test_no_name_leaves_the_scratch_folder(self, connect: Connect, name: str) -> None:
        """A name cannot leave the scratch folder, neither to write nor to read."""
        line = connect()
        with pytest.raises(ExecutorError):
            line.channel.put(name, b"x")
        with pytest.raises(ExecutorError):
            line.channel.open(name)
        with pytest.raises(ExecutorError):
            line.channel.names(name)
        with pytest.raises(ExecutorError):
            line.channel.remove(name)

    def test_files_that_are_not_there(self, connect: Connect) -> None:
        """A missing file raises FileNotFoundError, a folder raises ExecutorError."""
        line = connect()
        with pytest.raises(FileNotFoundError):
            line.channel.open("none.txt")
        line.channel.put("folder/x", b"x")
        with pytest.raises(ExecutorError):
            line.channel.open("folder")

    def test_placeholders(self, connect: Connect) -> None:
        """Placeholders become this worker's paths; one without a mount is an error."""
        line = connect()
        assert line.channel.fill("a {other} {scratch}").startswith("a {other} /")
        assert "{" not in line.channel.fill("{python} {harness}")
        with pytest.raises(ExecutorError):
            line.channel.fill("{data}")

    def test_the_launch_s_environment(self, connect: Connect) -> None:
        """The harness gets the environment, with placeholders replaced."""
        told = {"KIT_PLAIN": "as it is", "KIT_PLACE": "{harness}/x"}
        line = connect(told)
        line.send(id="1", do="report", names=list(told))
        line.listen(line.answers)
        heard = line.answers()[0]["environment"]
        assert heard["KIT_PLAIN"] == "as it is"
        assert heard["KIT_PLACE"] == line.channel.fill("{harness}/x")

    def test_workers_have_folders_of_their_own(self, connect: Connect) -> None:
        """A worker does not see another worker's files."""
        one, other = connect(), connect()
        one.channel.put("mine", b"x")
        with pytest.raises(FileNotFoundError):
            other.channel.open("mine")


def _write_on(line: ChannelDriver) -> None:
    for _ in range(10_000):
        line.channel.write(b"x" * 1000 + b"\n")
