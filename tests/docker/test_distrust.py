"""A strategy in a container answers for the program that keeps its scratch in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.scratch_client import parse_head, parse_names
from leanopt_core.testing.lines import PATIENCE, ChannelDriver
from leanopt_core.work import Launch

#: Stops the program that keeps the files, and answers each question to it with `lie` in its place;
#: without one nobody answers. A request with a path makes a file of holes there instead.
EVIL = """
import json, os, signal, sys, threading

def agent():
    while True:
        for one in os.listdir("/proc"):
            try:
                said = open(f"/proc/{one}/cmdline", "rb").read().split(b"\\0")
            except OSError:
                continue
            if said[-2:] == [b"/leanopt/scratch", b""]:
                return int(one)

def speak(process, lie):
    asked = os.open(f"/proc/{process}/fd/0", os.O_RDONLY)
    told = os.open(f"/proc/{process}/fd/1", os.O_WRONLY)
    while os.read(asked, 65536):
        os.write(told, lie)

for line in sys.stdin:
    request = json.loads(line)
    if "path" in request:
        open(request["path"], "w").close()
        os.truncate(request["path"], request["size"])
    else:
        process = agent()
        os.kill(process, signal.SIGSTOP)
        if request["lie"] is not None:
            lie = request["lie"].encode("latin-1") * request["times"]
            threading.Thread(target=speak, args=(process, lie), daemon=True).start()
    print(json.dumps({"id": request["id"]}), flush=True)
"""


def _answer(data: bytes, **head: object) -> str:
    return json.dumps({"size": len(data), "error": None, **head}) + "\n" + data.decode("latin-1")


def _names(*names: object) -> str:
    return _answer(json.dumps(names).encode())


@pytest.fixture
def evil(make: Callable[..., DockerExecutor]) -> Iterator[ChannelDriver]:
    """A worker whose scratch holds `of/one.txt`, and whose files' program runs."""
    executor = make(scratch="tmpfs", scratch_size=2**20)
    line = ChannelDriver(executor, Launch(("{python}", "-c", EVIL)), PATIENCE)
    line.channel.put("of/one.txt", b"one")
    yield line
    line.release()


def _tell(line: ChannelDriver, **members: Any) -> None:
    line.send(id="1", **members)
    line.listen(line.answers)


NAMES = {
    "absolute": _names("/tmp/x"),
    "above": _names("a", "../../x"),
    "above, in the middle": _names("a/../../../x"),
    "none": _names(""),
    "no file system's": _names("\ud800"),
    "a null": _names("a\0b"),
    "no text": _names(1),
    "no list": _answer(b'{"a": 1}'),
    "no JSON": _answer(b"[1"),
    "nested": _answer(b"[" * 100_000),
    "too many": _names(*range(20_000)),
    "a size below zero": _answer(b"", size=-1),
    "a size that is none": _answer(b"", size=True),
    "more than can be": _answer(b"", size=10**15),
    "an error that is none": _answer(b"", error=["absent"]),
    "no head": "[]\n",
    "a head of nonsense": "\xff\xfe\n",
}


@pytest.mark.parametrize("what", NAMES)
def test_what_is_no_list_of_names_is_refused(what: str) -> None:
    """In words that can be shown."""
    with pytest.raises(ExecutorError, match="cannot be understood") as refused:
        _understood(NAMES[what].encode("latin-1"))
    assert str(refused.value).isprintable()


def _understood(heard: bytes) -> list[str]:
    head = parse_head(heard, len(heard))
    assert head is not None, "it has not come whole"
    return parse_names(heard[head.start : head.end])


def test_names_lead_nowhere_else(evil: ChannelDriver) -> None:
    """As when a strategy wants its text written to this machine's files."""
    _tell(evil, lie=NAMES["above"], times=1)
    with pytest.raises(ExecutorError, match="cannot be understood"):
        evil.channel.names("of")


def test_contents_are_bounded(evil: ChannelDriver) -> None:
    """By what the scratch can hold."""
    _tell(evil, lie=_answer(b"", size=2**20 + 1), times=1)
    with pytest.raises(ExecutorError, match="cannot be understood"):
        evil.channel.open("of/one.txt")
    assert evil.channel.open("of/one.txt").read() == b"one"


def test_a_line_without_end_is_bounded(evil: ChannelDriver) -> None:
    """It is not waited for."""
    _tell(evil, lie="x" * 2**20, times=200)
    with pytest.raises(ExecutorError, match="a line without end"):
        evil.channel.open("of/one.txt")


def test_an_error_can_be_shown(evil: ChannelDriver) -> None:
    """Whatever it does to terminals and stores."""
    _tell(evil, lie=_answer(b"", error="\x1b[2J\ud800 gone"), times=1)
    with pytest.raises(ExecutorError, match=r"cannot be used: \?\[2J\? gone"):
        evil.channel.open("of/one.txt")


def test_a_file_of_holes_is_not_read(evil: ChannelDriver) -> None:
    """Larger than all memory; the program lives on."""
    _tell(evil, path="/leanopt/scratch/of/holes", size=2**40)
    with pytest.raises(ExecutorError, match="larger than the scratch"):
        evil.channel.open("of/holes")
    assert evil.channel.open("of/one.txt").read() == b"one"


def test_the_end_waits_for_no_reader(evil: ChannelDriver) -> None:
    """One that is never answered learns that it is over."""
    _tell(evil, lie=None)
    scratch = evil.channel._scratch  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2) as threads:
        read = threads.submit(evil.channel.open, "of/one.txt")
        while not scratch._lock.locked():
            assert not read.done()
        threads.submit(evil.release).result(PATIENCE)
        with pytest.raises(ExecutorError):
            read.result(PATIENCE)
    with pytest.raises(ExecutorError, match=r"gone|out of reach"):
        evil.channel.open("of/one.txt")
