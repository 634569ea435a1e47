"""The contract of an executor, as tests with real harnesses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.pool import Pool
from leanopt_core.testing.lines import HARNESS, PATIENCE, Line, ask, launch, request
from leanopt_core.work import Category, Mount, Request

Connect = Callable[..., Line]


class ExecutorContract:
    """Inherit and override `executor`; it needs a `{python}` of 3.8 or newer where workers run."""

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        """Override: yield the executor; close it afterwards."""
        raise NotImplementedError("override the fixture `executor`")

    @pytest.fixture
    def connect(self, executor: Executor) -> Iterator[Connect]:
        """Return what starts the kit's harness on a channel; all are released at the end."""
        lines: list[Line] = []

        def connected(**how: Any) -> Line:
            lines.append(Line(executor, how.pop("launch", launch()), **how))
            return lines[-1]

        yield connected
        for line in lines:
            line.release()

    def test_place(self, executor: Executor) -> None:
        """Texts that name the place, the same each time."""
        place = executor.place()
        assert place
        assert all(isinstance(text, str) for pair in place.items() for text in pair)
        assert executor.place() == place

    def test_workers(self, executor: Executor) -> None:
        """As many as wanted, or what suits the place."""
        assert executor.workers(3) == 3
        assert executor.workers(None) >= 1

    @pytest.mark.parametrize("workers", [1, 3])
    def test_each_request_gets_its_own_answer(self, executor: Executor, workers: int) -> None:
        """In whatever order they come."""
        with Pool[int](executor, launch(), workers=workers) as pool:
            finished = ask(pool, *(request("answer", echo=number) for number in range(20)))
        assert [_echo(one) for one in finished] == list(range(20))

    def test_long_lines_pass_both_ways(self, executor: Executor) -> None:
        """Longer than any pipe holds, with every kind of letter."""
        texts = ["x" * 3_000_000, 'é✓株\\"\n' * 100_000, ""]
        with Pool[int](executor, launch(), workers=1) as pool:
            finished = ask(pool, *(request("answer", echo=text) for text in texts))
        assert [_echo(one) for one in finished] == texts

    def test_standard_error_never_blocks(self, executor: Executor) -> None:
        """However much a strategy prints there, the answer comes."""
        with Pool[int](executor, launch(), workers=1) as pool:
            (one,) = ask(pool, request("flood", mib=32, echo="after"))
        assert _echo(one) == "after"

    def test_a_death_is_told_and_the_next_one_served(self, executor: Executor) -> None:
        """With how it ended; a fresh worker takes its place."""
        with Pool[int](executor, launch(), workers=1, retries=0) as pool:
            gone, after = ask(pool, request("leave", code=3), request("answer", echo="after"))
        assert gone.failure is not None
        assert gone.failure.category is Category.DIED
        assert "3" in gone.failure.message, "the exit code is not told"
        assert _echo(after) == "after"

    def test_a_hanging_worker_is_ended(self, executor: Executor) -> None:
        """At its time limit, though it heeds no signal; a fresh worker takes its place."""
        with Pool[int](executor, launch(), workers=1, time_limit=2.0) as pool:
            late, after = ask(pool, request("hang"), request("answer", echo="after"))
        assert late.failure is not None
        assert late.failure.category is Category.TIMEOUT
        assert _echo(after) == "after"

    def test_kill_leaves_nothing(self, connect: Connect) -> None:
        """Children and daemons of the harness, which hold its pipes, end with it."""
        line = connect()
        line.send(id="1", do="multiply", echo=1)
        line.listen(line.answers)
        assert not line.over
        line.channel.kill()
        line.channel.kill()
        line.listen(lambda: line.over)
        assert line.channel.fate()

    def test_release_ends_what_lives(self, connect: Connect) -> None:
        """Within seconds, without a word to the harness before."""
        line = connect()
        line.send(id="1", do="hang")
        began = time.monotonic()
        line.release()
        assert time.monotonic() - began < PATIENCE / 2

    def test_a_line_from_hello_to_end(self, connect: Connect) -> None:
        """The end of input ends the harness by itself, and its fate is known then."""
        line = connect()
        assert line.channel.fate() == ""
        line.send(id="hello", hello={"protocol": 1})
        line.listen(line.answers)
        assert line.answers()[0]["hello"]["engine"] == "kit"
        line.channel.end()
        line.listen(lambda: line.over)
        assert "0" in line.channel.fate()

    def test_descriptors_stay_the_same(self, connect: Connect) -> None:
        """And reading where nothing is there blocks nobody."""
        line = connect()
        descriptors = list(line.channel.filenos())
        assert descriptors == list(line.channel.filenos())
        assert line.channel.write_fileno() >= 0
        assert line.channel.read(descriptors[0]).out == b""

    def test_writing_to_the_dead_is_refused(self, connect: Connect) -> None:
        """With BrokenPipeError, sooner or later: never by waiting."""
        line = connect()
        line.send(id="1", do="leave", code=0)
        line.listen(lambda: line.over)
        with pytest.raises(BrokenPipeError):
            _write_on(line)

    def test_memory_is_known_or_not(self, connect: Connect) -> None:
        """A number of bytes above 0, or None."""
        line = connect()
        line.send(id="1", do="answer")
        line.listen(line.answers)
        held = line.channel.memory()
        assert held is None or held > 0

    def test_a_memory_limit_is_kept_or_refused(self, connect: Connect) -> None:
        """A worker beyond it is killed, and its fate says memory."""
        try:
            line = connect(memory_limit=256 * 2**20)
        except ExecutorError:
            return
        line.send(id="1", do="swallow", mib=2048)
        line.listen(lambda: line.over or line.answers())
        assert line.answers() == []
        assert "memory" in line.channel.fate()

    def test_scratch_files_go_in_and_out(self, connect: Connect) -> None:
        """Below `{scratch}`, folders made; readable when the worker has gone."""
        line = connect()
        line.channel.put("deep/er/in.txt", b"one")
        line.channel.put("deep/er/in.txt", b"two")
        scratch = line.channel.fill("{scratch}")
        line.send(id="1", do="read", path=f"{scratch}/deep/er/in.txt")
        line.send(id="2", do="write", path=f"{scratch}/out.txt", text="from there")
        line.listen(lambda: len(line.answers()) == 2)
        assert line.answers()[0]["text"] == "two"
        line.channel.end()
        line.listen(lambda: line.over)
        with line.channel.open("out.txt") as file:
            assert file.read() == b"from there"

    @pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ".."])
    def test_no_name_leaves_the_scratch_folder(self, connect: Connect, name: str) -> None:
        """Neither to write nor to read."""
        line = connect()
        with pytest.raises(ExecutorError):
            line.channel.put(name, b"x")
        with pytest.raises(ExecutorError):
            line.channel.open(name)

    def test_files_that_are_not_there(self, connect: Connect) -> None:
        """FileNotFoundError for none, ExecutorError for a folder."""
        line = connect()
        with pytest.raises(FileNotFoundError):
            line.channel.open("none.txt")
        line.channel.put("folder/x", b"x")
        with pytest.raises(ExecutorError):
            line.channel.open("folder")

    def test_files_come_before_their_request(self, executor: Executor) -> None:
        """And placeholders of a request are filled in for the worker's place."""
        with Pool[int](executor, launch(), workers=1) as pool:
            worded = Request(
                '{"do": "answer", "echo": "{scratch}", "other": "{scratch}"}', ("{scratch}",)
            )
            scratch = _echo(ask(pool, worded)[0])
            assert "{" not in scratch
            path = f"{scratch}/in/config.json"
            there = Request(request("read", path=path).payload, files={"in/config.json": b"[1]"})
            (one,) = ask(pool, there)
            assert one.answer is not None
            assert one.answer.payload["text"] == "[1]"

    def test_placeholders(self, connect: Connect) -> None:
        """The known ones stand for this worker's place; one without a mount is an error."""
        line = connect()
        assert line.channel.fill("a {other} {scratch}").startswith("a {other} /")
        assert "{" not in line.channel.fill("{python} {harness}")
        with pytest.raises(ExecutorError):
            line.channel.fill("{data}")

    def test_the_launch_s_environment(self, connect: Connect) -> None:
        """Reaches the harness, placeholders filled in."""
        told = {"KIT_PLAIN": "as it is", "KIT_PLACE": "{harness}/x"}
        line = connect(launch=launch(environment=told))
        line.send(id="1", do="report", names=list(told))
        line.listen(line.answers)
        heard = line.answers()[0]["environment"]
        assert heard["KIT_PLAIN"] == "as it is"
        assert heard["KIT_PLACE"] == line.channel.fill("{harness}/x")

    def test_workers_have_folders_of_their_own(self, connect: Connect) -> None:
        """What one writes, another does not see."""
        one, other = connect(), connect()
        one.channel.put("mine", b"x")
        with pytest.raises(FileNotFoundError):
            other.channel.open("mine")

    def test_once(self, executor: Executor) -> None:
        """Exit code, both outputs, no input, mounts by their placeholders."""
        code = "import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit('bad')"
        done = executor.once(("{python}", "-c", code, "{harness}", "$HOME"), (HARNESS,))
        assert done.exit_code == 1
        assert done.output.endswith("', '$HOME'] \n")
        assert "{harness}" not in done.output
        assert "bad" in done.errors

    def test_once_at_its_time_limit(self, executor: Executor) -> None:
        """Killed with all that it started: exit code 124, and the errors say why."""
        code = "import os, time; os.fork(); print('begun', flush=True); time.sleep(3600)"
        done = executor.once(("{python}", "-c", code), time_limit=2.0)
        assert done.exit_code == 124
        assert "2" in done.errors

    def test_once_ended_by_a_signal(self, executor: Executor) -> None:
        """128 and the signal's number."""
        code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        assert executor.once(("{python}", "-c", code)).exit_code == 137

    def test_a_command_that_is_not_there(self, executor: Executor) -> None:
        """Is an exit code like a shell's, or an error; either names it."""
        try:
            done = executor.once(("/no/such/program",))
        except ExecutorError as refusal:
            said = str(refusal)
        else:
            said = done.errors
            assert done.exit_code == 127
        assert "/no/such/program" in said

    def test_an_unmounted_place_is_an_error(self, executor: Executor) -> None:
        """It names the placeholder."""
        with pytest.raises(ExecutorError, match="data"):
            executor.once(("{python}", "-c", "", "{data}"), (Mount("build", HARNESS.source),))


def _write_on(line: Line) -> None:
    for _ in range(10_000):
        line.channel.write(b"x" * 1000 + b"\n")


def _echo(finished: Any) -> Any:
    assert finished.answer is not None, finished.failure
    return finished.answer.payload["echo"]
