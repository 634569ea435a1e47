"""The contract of an executor's channels: tests with real harnesses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Executor
from leanopt_core.testing import executor_rules as rules
from leanopt_core.testing.limits import LimitedKit, OverLimitError
from leanopt_core.testing.lines import PATIENCE, ChannelDriver, launch
from leanopt_core.testing.refusals import NamedLimits, refuses
from leanopt_core.testing.traces import Traces, left, marked

Connect = Callable[..., ChannelDriver]

#: More than what a worker's pipes and sockets hold.
_MUCH: Final = 8 * 2**20
#: More than a pool of connections, whose number the first workers may raise.
_WORKERS: Final = 12


class ChannelContract(LimitedKit):
    """Tests of the channel to one worker; a part of `ExecutorContract`."""

    #: Seconds to wait before a test fails.
    patience = PATIENCE

    @pytest.fixture
    def executor(self) -> Executor:
        """Override: return the executor; the tests close it."""
        raise NotImplementedError("override the fixture `executor`")

    @pytest.fixture(autouse=True)
    def traces(self) -> Iterator[Traces]:
        """Mark what the test starts; fail if something of it is left when it has been closed.

        It is made before the executor, and looks when the executor is gone.
        """
        traces = Traces()
        with traces.in_environment():
            yield traces
        found = left(traces.processes)
        assert found == [], f"{rules.CLOSE}; it left the processes {found}"
        folders = traces.folders()
        assert folders == [], f"{rules.CLOSE}; it left the folders {folders}"

    @pytest.fixture
    def limited(self, executor: Executor, traces: Traces) -> Iterator[Executor]:
        """Return the executor with its calls limited; closed at the end."""
        assert traces.processes() == [], f"{rules.SPAWN}; processes ran before"
        channels = NamedLimits(self.limits({}).seconds)
        limited = NamedLimits(channels.seconds, makes={"spawn": channels}).of(executor)
        yield limited
        try:
            limited.close()
        except OverLimitError as error:
            # Pytest expects an `Exception` where other fixtures end, too.
            raise AssertionError(f"{rules.CLOSE}; {error}") from None

    @pytest.fixture
    def connect(self, limited: Executor, traces: Traces) -> Iterator[Connect]:
        """Return a function that starts the kit's harness on a channel; release all at the end.

        The test fails if a process is left that this machine can see.
        """
        lines: list[ChannelDriver] = []
        mark = str(uuid4())

        def connected(environment: Mapping[str, str] | None = None, **how: Any) -> ChannelDriver:
            told = {**(environment or {}), **traces.variables, "KIT_MARK": mark}
            lines.append(ChannelDriver(limited, launch(environment=told), self.patience, **how))
            traces.scratch.append(Path(lines[-1].channel.fill("{scratch}")))
            return lines[-1]

        yield connected
        for line in lines:
            line.release()
        found = left(partial(marked, f"KIT_MARK={mark}"))
        assert found == [], f"{rules.RELEASE}; a released worker left processes behind: {found}"

    def test_kill_leaves_nothing(self, connect: Connect) -> None:
        """Killing a harness ends its children and daemons, with or without its pipes."""
        line = connect()
        line.send(id="1", do="multiply", echo=1)
        line.listen(line.answers)
        assert not line.over, f"{rules.ENDED}; it answers, and every descriptor has closed"
        line.channel.kill()
        line.channel.kill()
        line.listen(lambda: line.over, rules.KILL)
        check_reason(line, "")
        assert line.channel.outside() is False, f"{rules.OUTSIDE}; leanopt has killed it"

    def test_release_ends_what_lives(self, connect: Connect) -> None:
        """Release ends a living harness within seconds, without telling it first."""
        line = connect()
        line.send(id="1", do="hang")
        began = time.monotonic()
        line.release()
        took = time.monotonic() - began
        assert took < self.patience, f"{rules.RELEASE}; it took {took:.1f} s"

    def test_release_holds_nothing(self, connect: Connect, traces: Traces) -> None:
        """Released workers leave no process, descriptor or thread for each of them.

        What all of them share, such as a pool of connections, may grow with the first ones.
        """
        growing: set[str] = set()
        most: dict[str, int] = {}
        for _ in range(_WORKERS):
            line = connect()
            line.send(id="1", do="answer")
            line.listen(line.answers)
            line.release()
            held = traces.held()
            growing = {what for what, number in held.items() if number > most.get(what, 0)}
            if not growing:
                return
            most = {what: max(number, most.get(what, 0)) for what, number in held.items()}
        told = f"with each of {_WORKERS} workers more are held: {sorted(growing)}"
        raise AssertionError(f"{rules.RELEASE}; {told}")

    def test_a_line_from_hello_to_end(self, connect: Connect) -> None:
        """A harness exits when its input ends; its exit reason is then known."""
        line = connect()
        reason = line.channel.exit_reason()
        assert reason == "", f"{rules.REASON}; it has just begun, and the reason is {reason!r}"
        line.send(id="hello", hello={"protocol": 1})
        line.listen(line.answers)
        (hello,) = line.answers()
        right = hello.get("hello", {}).get("engine") == "kit"
        assert right, f"{rules.CARRIES}; the answer to hello is {hello}"
        closed = [number for number in line.channel.filenos() if line.channel.read(number).closed]
        assert not closed, f"{rules.ENDED}; it waits for requests, and {closed} have closed"
        line.channel.end()
        line.listen(lambda: line.over, rules.END)
        check_reason(line, "0")
        assert line.channel.outside() is False, f"{rules.OUTSIDE}; it has ended by itself"

    def test_nothing_is_lost_at_the_end(self, connect: Connect) -> None:
        """A harness may end right after a long answer, which arrives whole."""
        line = connect()
        echo = "x" * 2_000_000
        line.send(id="1", do="answer", echo=echo)
        line.channel.end()
        line.listen(lambda: line.over, rules.END)
        found = [len(answer["echo"]) for answer in line.answers()]
        came = f"of {len(echo)} characters it carried {found}, then {len(line.out)} bytes in all"
        assert found == [len(echo)], f"{rules.CARRIES}; {came}"
        check_reason(line, "0")

    def test_descriptors_stay_the_same(self, connect: Connect) -> None:
        """Descriptors stay the same, and reading without data does not block."""
        line = connect()
        descriptors, again = list(line.channel.filenos()), list(line.channel.filenos())
        assert descriptors == again, f"{rules.DESCRIPTORS}; {descriptors} became {again}"
        assert line.channel.write_fileno() >= 0, f"{rules.DESCRIPTORS}; none is there to write"
        out = line.channel.read(descriptors[0]).out
        assert out == b"", f"{rules.READ}; there was {out!r} before the harness was asked"

    def test_writing_never_blocks(self, connect: Connect) -> None:
        """A harness that does not read makes `write` accept less, in the end nothing."""
        line = connect()
        line.send(id="1", do="hang")
        line.send(id="2", do="answer", echo="")
        data, sent = b"x" * 65536, 0
        while sent < _MUCH:
            accepted = line.channel.write(data)
            valid = 0 <= accepted <= len(data)
            assert valid, f"{rules.WRITE}; of {len(data)} bytes it wrote {accepted}"
            if not accepted:
                return
            sent += accepted

    def test_writing_to_the_dead_is_refused(self, connect: Connect) -> None:
        """Writing to a dead harness raises BrokenPipeError and never blocks."""
        line = connect()
        line.send(id="1", do="leave", code=0)
        line.listen(lambda: line.over, rules.ENDED)
        assert line.out == b"", f"out: {rules.OUT}; errors are in it: {line.out!r}"
        with refuses(BrokenPipeError, rules.BROKEN):
            _write_on(line)

    def test_memory_is_known_or_not(self, connect: Connect) -> None:
        """A worker's memory is a number of bytes above 0, or None."""
        line = connect()
        line.send(id="1", do="answer")
        line.listen(line.answers)
        held = line.channel.memory()
        assert held is None or held > 0, f"{rules.MEMORY}; it is {held!r}"

    def test_a_memory_limit_is_kept_or_refused(self, connect: Connect) -> None:
        """A worker over its memory limit is killed, with memory as its exit reason."""
        try:
            line = connect(memory_limit=256 * 2**20)
        except ExecutorError:
            return
        line.send(id="1", do="swallow", mib=2048)
        line.listen(lambda: line.over or line.answers(), rules.MEMORY_LIMIT)
        answers = line.answers()
        assert answers == [], f"{rules.MEMORY_LIMIT}; over a limit of 256 MiB it said {answers}"
        check_reason(line, "memory")

    def test_scratch_files_go_in_and_out(self, connect: Connect) -> None:
        """Files below `{scratch}` go in and out, after the worker's end too unless volatile."""
        line = connect()
        line.channel.put("deep/er/in.txt", b"one")
        line.channel.put("deep/er/in.txt", b"two")
        scratch = line.channel.fill("{scratch}")
        line.send(id="1", do="read", path=f"{scratch}/deep/er/in.txt")
        line.send(id="2", do="write", path=f"{scratch}/out.txt", text="from there")
        line.listen(lambda: len(line.answers()) == 2)
        text = line.answers()[0]["text"]
        assert text == "two", f"{rules.PUT}; `two` was written last, and the harness read {text!r}"
        if not line.channel.volatile:
            line.channel.end()
            line.listen(lambda: line.over, rules.END)
        assert _content(line, "out.txt") == b"from there", f"{rules.KEPT}; it has another content"

    def test_folders_are_listed_and_removed(self, connect: Connect) -> None:
        """Only regular files are listed, by relative name; a missing folder is empty."""
        line = connect()
        for name in ("of/one.txt", "of/deep/er/two.txt", "other/three.txt"):
            line.channel.put(name, b"x")
        check_names(line, "of", ["deep/er/two.txt", "one.txt"])
        line.channel.remove("of")
        line.channel.remove("of")
        check_names(line, "of", [])
        check_names(line, "other", ["three.txt"])

    @pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ".."])
    def test_no_name_leaves_the_scratch_folder(self, connect: Connect, name: str) -> None:
        """A name cannot leave the scratch folder, neither to write nor to read."""
        channel = connect().channel
        for method, content in (("put", (b"x",)), ("open", ()), ("names", ()), ("remove", ())):
            with refuses(ExecutorError, f"{rules.SCRATCH}; {method} of {name!r}"):
                getattr(channel, method)(name, *content)

    def test_links_lead_nowhere(self, connect: Connect) -> None:
        """A link that a strategy makes leads leanopt out of the scratch folder in no way."""
        line = connect()
        scratch = line.channel.fill("{scratch}")
        line.channel.put("safe/kept.txt", b"kept")
        links = {"out/file": "/etc/passwd", "up": "..", "gone/link": "../safe"}
        for number, (path, to) in enumerate(links.items()):
            line.send(id=f"{number}", do="link", path=f"{scratch}/{path}", to=to)
        line.listen(lambda: len(line.answers()) == len(links))
        with refuses(ExecutorError, f"{rules.OPEN}; open of a link to /etc/passwd"):
            line.channel.open("out/file")
        check_names(line, "out", [])
        with refuses(ExecutorError, f"{rules.SCRATCH}; put through a link to `..`"):
            line.channel.put(f"up/kit-{uuid4()}", b"x")
        line.channel.remove("gone")
        check_names(line, "gone", [])
        kept = _content(line, "safe/kept.txt") == b"kept"
        assert kept, f"{rules.REMOVE}; through a link it removed what is elsewhere"

    def test_files_that_are_not_there(self, connect: Connect) -> None:
        """A missing file raises FileNotFoundError, a folder raises ExecutorError."""
        line = connect()
        with refuses(FileNotFoundError, f"{rules.OPEN}; open of a missing file"):
            line.channel.open("none.txt")
        line.channel.put("folder/x", b"x")
        with refuses(ExecutorError, f"{rules.OPEN}; open of a folder"):
            line.channel.open("folder")

    def test_placeholders(self, connect: Connect) -> None:
        """Placeholders become this worker's paths; one without a mount is an error."""
        line = connect()
        filled = line.channel.fill("a {other} {scratch}")
        assert filled.startswith("a {other} /"), f"{rules.FILL}; it gave {filled!r}"
        filled = line.channel.fill("{python} {harness}")
        assert "{" not in filled, f"{rules.FILL}; it gave {filled!r}"
        with refuses(ExecutorError, f"{rules.FILL}; fill of {{data}}"):
            line.channel.fill("{data}")

    def test_the_launch_s_environment(self, connect: Connect) -> None:
        """The harness gets the environment, with placeholders replaced."""
        told = {"KIT_PLAIN": "as it is", "KIT_PLACE": "{harness}/x"}
        line = connect(told)
        line.send(id="1", do="report", names=list(told))
        line.listen(line.answers)
        heard = line.answers()[0]["environment"]
        wanted = {name: line.channel.fill(text) for name, text in told.items()}
        assert heard == wanted, f"environment: {rules.ENVIRONMENT}; of {wanted} it has {heard}"

    def test_workers_have_folders_of_their_own(self, connect: Connect) -> None:
        """A worker does not see another worker's files."""
        one, other = connect(), connect()
        one.channel.put("mine", b"x")
        with refuses(FileNotFoundError, f"{rules.OPEN}; open of another worker's file"):
            other.channel.open("mine")


def check_reason(line: ChannelDriver, words: str) -> None:
    """Fail unless the exit reason of a worker that has ended contains these words."""
    reason = line.channel.exit_reason()
    assert reason, f"{rules.REASON}; the worker has ended, and the reason is empty"
    assert words in reason, f"{rules.REASON}; {words!r} is expected in {reason!r}"


def check_names(line: ChannelDriver, folder: str, expected: list[str]) -> None:
    """Fail unless these are the files in a folder."""
    names = list(line.channel.names(folder))
    assert names == expected, f"{rules.NAMES}; in {folder!r} it finds {names}, not {expected}"


def _content(line: ChannelDriver, name: str) -> bytes:
    """Return a file's content."""
    try:
        with line.channel.open(name) as file:
            return file.read()
    except FileNotFoundError as error:
        raise AssertionError(f"{rules.KEPT}; {name} is missing") from error


def _write_on(line: ChannelDriver) -> None:
    for _ in range(10_000):
        line.channel.write(b"x" * 1000 + b"\n")
