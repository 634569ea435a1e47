"""The pool over an executor of another kind: one socket a worker, as containers have it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from attrs import evolve

from leanopt_core.errors import ExecutorError, PatienceError, TransientError
from leanopt_core.executors.base import Chunk, ReproduceCommand
from leanopt_core.executors.pool import Pool
from leanopt_core.work import Command, Completed, Launch, Request

MIB = 2**20


class SocketChannel:
    """A harness whose input and output are one socket; all goes by one descriptor."""

    def __init__(
        self, command: Sequence[str], held: list[int], outside: list[bool], *, volatile: bool
    ) -> None:
        self._held = held
        self._outside = outside
        self.volatile = volatile
        self._socket, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(command, stdin=its, stdout=its)
        self._socket.setblocking(False)

    def filenos(self) -> Sequence[int]:
        """One descriptor."""
        return [self._socket.fileno()]

    def read(self, _: int) -> Chunk:
        """Trouble is the end."""
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return Chunk()
        except OSError:
            data = b""
        return Chunk(out=data, closed=not data)

    def write(self, data: bytes | memoryview) -> int:
        """Send what fits."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def write_fileno(self) -> int:
        """The same descriptor."""
        return self._socket.fileno()

    def fill(self, text: str) -> str:
        """It has no placeholders."""
        return text

    def put(self, name: str, content: bytes) -> None:
        """It takes no files."""
        raise ExecutorError(f"no folder for {name}: {len(content)} bytes")

    def open(self, name: str) -> BinaryIO:
        """Every file is the same."""
        return BytesIO(name.encode())

    def names(self, folder: str) -> list[str]:
        """There are no folders."""
        return []

    def remove(self, folder: str) -> None:
        """There is nothing to remove."""

    def memory(self) -> int | None:
        """As the test says, else not known."""
        return self._held.pop(0) if self._held else None

    def end(self) -> None:
        """Close the harness's input."""
        self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End the harness."""
        self._process.kill()

    def exit_reason(self) -> str:
        """The exit code, once it is known."""
        code = self._process.poll()
        return "" if code is None else f"code {code}"

    def outside(self) -> bool:
        """As the test says, else not."""
        return self._outside.pop(0) if self._outside else False

    def release(self) -> None:
        """Give everything back."""
        self._process.kill()
        self._process.wait()
        self._socket.close()


class SocketExecutor:
    """Starts such harnesses; `troubles` are raised by the first starts, from the last.

    `held` is what the workers' memory is, from one look to the next, `outside` what is reported of
    workers that are gone, one after the other.
    """

    def __init__(
        self,
        *troubles: Exception | None,
        held: Iterable[int] = (),
        outside: Iterable[bool] = (),
        volatile: bool = False,
    ) -> None:
        self.troubles = list(troubles)
        self.held = list(held)
        self.outside = list(outside)
        self.volatile = volatile

    def runtime(self) -> Mapping[str, str]:
        """It is the same everywhere."""
        return {}

    def run_command(self, command: Command) -> Completed:
        """It runs no commands."""
        raise ExecutorError("no commands")

    def spawn(
        self, launch: Launch, worker: int, *, memory_limit: int | None = None
    ) -> SocketChannel:
        """Start one, or raise."""
        if self.troubles and (trouble := self.troubles.pop()) is not None:
            raise trouble
        return SocketChannel(launch.command, self.held, self.outside, volatile=self.volatile)

    def reproduce_command(self, launch: Launch) -> ReproduceCommand:
        """There is none."""
        raise ExecutorError("no command")

    def workers(self, wanted: int | None) -> int:
        """As many as wanted."""
        return wanted or 1

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def launch() -> Iterator[Launch]:
    """The launch of the misbehaving harness, by this interpreter."""
    script = Path(__file__).with_name("misbehaving.py")
    return Launch((sys.executable, "-I", "-S", str(script), "good"))


def test_requests_and_answers_may_share_a_descriptor(bench: Any, launch: Launch) -> None:
    """Also where neither fits into the socket at once."""
    with Pool(SocketExecutor(), launch, workers=2, recycle_after=3) as pool:
        texts = [str(n) * MIB for n in range(8)]
        finished = bench.ask(pool, *(bench.request("echo", text) for text in texts))
    assert [one.answer.payload["request"]["nonce"] for one in finished] == texts
    assert finished[0].answer.files is None


def test_a_worker_is_over_when_its_only_descriptor_closes(bench: Any, launch: Launch) -> None:
    """What became of it is asked of the channel."""
    with Pool(SocketExecutor(), launch, workers=1, retries=1) as pool:
        gone, first, second = bench.ask(
            pool,
            bench.request("exits"),
            bench.request("gone_unread", "first"),
            bench.request("good_", "second" * MIB),
        )
    assert gone.failure.category == "worker died"
    assert gone.failure.message == "code 3"
    assert first.answer.payload["nonce"] == "first"
    assert second.answer.payload["nonce"] == "second" * MIB
    assert second.attempts == 2


def test_a_worker_whose_files_die_with_it_waits_only_where_there_are_any(
    bench: Any, launch: Launch
) -> None:
    """A request that names no place in its folder has none, and is followed immediately."""
    foldered = Request(bench.request("echo").payload, ("{request}",))
    with Pool(SocketExecutor(volatile=True), launch, workers=1) as pool:
        one, two, last = bench.ask(pool, bench.request("good_"), bench.request("good_"), foldered)
        assert [one.answer.files, two.answer.files] == [None, None]
        pool.submit("next", bench.request("good_"))
        assert pool.wait(0.1) == []
        last.answer.files.remove()
        bench.collect(pool, 1)


def test_where_memory_is_short_a_grown_worker_goes_before_its_successor_starts(
    bench: Any, launch: Launch
) -> None:
    """It serves no more, though the successor is not ready."""
    executor = SocketExecutor(held=[MIB, 2**60, 2**60])
    with Pool(executor, launch, workers=1, recycle_growth=MIB) as pool:
        while executor.held:
            (one,) = bench.ask(pool, bench.request("good_"))
            assert one.worker == 1
        (one,) = bench.ask(pool, bench.request("good_"))
        assert one.worker == 2


def test_what_has_files_is_followed_by_nothing_before_its_answer(
    bench: Any, launch: Launch
) -> None:
    """Its worker may be held until they have been read."""
    here, until = bench.folder / "here", bench.folder / "until"
    told = bench.request("waits", here=str(here), until=str(until), then="peeks").payload
    allowing = evolve(launch, command=(*launch.command[:-1], "ahead"))
    with Pool(SocketExecutor(volatile=True), allowing, workers=1) as pool:
        bench.ask(pool, bench.request("good_"))
        pool.submit("files", Request(told, ("{request}",)))
        bench.until(pool, here.exists)
        pool.submit("next", bench.request("good_"))
        until.touch()
        answer = bench.collect(pool, 1)["files"].answer
        assert answer.payload["more"] is False
        answer.files.remove()
        assert bench.collect(pool, 1)["next"].attempts == 1


@pytest.mark.parametrize("held", [[], [2**60]], ids=["unknown", "short"])
def test_without_memory_for_both_a_busy_worker_ends_for_a_fresh_one(
    bench: Any, launch: Launch, held: list[int]
) -> None:
    """After its request; the next requests are the fresh one's."""
    here, until = bench.folder / "here", bench.folder / "until"
    with Pool(SocketExecutor(held=held), launch, workers=1) as pool:
        bench.ask(pool, bench.request("good_"))
        pool.submit("before", bench.request("waits", here=str(here), until=str(until)))
        pool.submit("fresh", bench.request("good_"), fresh=True)
        assert pool.wait(0.3) == []
        until.touch()
        pool.submit("after", bench.request("good_"))
        ended = bench.collect(pool, 3)
    assert [ended[one].fresh for one in ("before", "fresh", "after")] == [False, True, False]
    assert [ended[one].worker for one in ("before", "fresh", "after")] == [1, 2, 2]


def test_whatever_a_start_raises_is_told_and_tried_again(bench: Any, launch: Launch) -> None:
    """An executor that fails is contained."""
    executor = SocketExecutor(ExecutorError("no engine"), RuntimeError("oops"))
    with Pool(executor, launch, workers=1, report=bench.reports.append) as pool:
        (one,) = bench.ask(pool, bench.request("good_", 1))
    assert one.answer.payload["nonce"] == 1
    assert bench.reports == [
        "a worker could not be started: RuntimeError: oops",
        "a worker could not be started: no engine",
    ]


def test_an_executor_that_only_fails_ends_the_run(bench: Any, launch: Launch) -> None:
    """After three starts in a row, while nobody serves."""
    executor = SocketExecutor(*(OSError(n) for n in range(9)))
    with Pool(executor, launch, workers=1) as pool:
        pool.submit(1, bench.request("good_"))
        with pytest.raises(ExecutorError, match="no worker can be started: OSError: 6"):
            bench.collect(pool, 1)
    assert len(executor.troubles) == 6


def test_workers_that_worked_before_are_waited_for(bench: Any, launch: Launch) -> None:
    """What they run in may be restarting: after some failures there is a pause, not the end."""
    executor = SocketExecutor()
    with Pool(executor, launch, workers=1, report=bench.reports.append) as pool:
        bench.ask(pool, bench.request("good_"))
        executor.troubles = [ExecutorError("no engine") for _ in range(3)]
        (one,) = bench.ask(pool, bench.request("exits", "back", once=bench.once()))
    assert one.answer.payload["nonce"] == "back"
    assert bench.reports == ["a worker could not be started: no engine"]


def test_what_is_ended_from_outside_does_not_count_among_the_retries(
    bench: Any, launch: Launch
) -> None:
    """However often: the request has failed when its worker dies by itself as often as before."""
    executor = SocketExecutor(outside=[True, True, False, True, True, False])
    with Pool(executor, launch, workers=1, retries=1) as pool:
        (one,) = bench.ask(pool, bench.request("exits"))
    assert (one.failure.category, one.failure.message) == ("worker died", "code 3")
    assert one.attempts == 6
    assert executor.outside == []


@pytest.mark.long
def test_a_place_that_comes_back_is_waited_for_before_the_first_answer(
    bench: Any, launch: Launch
) -> None:
    """More often than starts may fail that are the worker's own fault."""
    executor = SocketExecutor(*(TransientError("no engine") for _ in range(5)))
    with Pool(executor, launch, workers=1, report=bench.reports.append) as pool:
        (one,) = bench.ask(pool, bench.request("good_", "back"))
    assert one.answer.payload["nonce"] == "back"
    assert bench.reports == ["a worker could not be started: no engine"]


@pytest.mark.parametrize("worked", [False, True])
def test_patience_ends_where_nothing_is_completed(
    bench: Any, launch: Launch, *, worked: bool
) -> None:
    """It says why, and is no error of the worker's."""
    executor = SocketExecutor()
    with Pool(executor, launch, workers=2, start_patience=0.3) as pool:
        if worked:
            bench.ask(pool, bench.request("good_"))
        executor.troubles = [TransientError("no engine") for _ in range(99)]
        for number in range(2):
            pool.submit(number, bench.request("exits"))
        said = r"no backtest was completed for 0.3 s of trying .* no engine"
        with pytest.raises(PatienceError, match=said):
            bench.collect(pool, 2)


def test_workers_that_are_always_ended_from_outside_end_patience(
    bench: Any, launch: Launch
) -> None:
    """Though each of them starts."""
    executor = SocketExecutor(outside=[True] * 999)
    with Pool(executor, launch, workers=2, start_patience=0.3) as pool:
        for number in range(2):
            pool.submit(number, bench.request("exits"))
        with pytest.raises(PatienceError, match=r"0\.3 s of trying .*: code 3"):
            bench.collect(pool, 2)


def test_a_worker_that_serves_longer_than_patience_is_waited_for(
    bench: Any, launch: Launch
) -> None:
    """Its backtest may take long: it may complete, though no other worker can be had."""
    executor = SocketExecutor()
    here, until = bench.folder / "here", bench.folder / "until"
    rules = {"retries": 0, "start_patience": 0.3, "report": bench.reports.append}
    with Pool(executor, launch, workers=2, **rules) as pool:
        pool.submit("long", bench.request("waits", here=str(here), until=str(until)))
        bench.until(pool, here.exists)
        executor.troubles = [TransientError("no room") for _ in range(99)]
        pool.submit("short", bench.request("exits"))
        assert bench.collect(pool, 1)["short"].failure
        # The pauses before the fourth and fifth are longer than patience.
        bench.until(pool, lambda: len(executor.troubles) == 94)
        until.touch()
        assert bench.collect(pool, 1)["long"].answer


def test_of_many_places_none_can_be_filled(bench: Any, launch: Launch) -> None:
    """The end comes when the last of them has failed."""
    executor = SocketExecutor(*(ExecutorError("no engine") for _ in range(99)))
    with Pool(executor, launch, workers=8, report=bench.reports.append) as pool:
        pool.submit(1, bench.request("good_"))
        with pytest.raises(ExecutorError, match="no worker can be started: no engine"):
            bench.collect(pool, 1)
    assert len(executor.troubles) <= 99 - 8 - 2


def test_where_there_is_no_room_for_more_those_that_serve_go_on(bench: Any, launch: Launch) -> None:
    """Starts are tried with pauses, however many backtests complete, until there is room again."""
    executor = SocketExecutor(*(TransientError("no room") for _ in range(99)))
    executor.troubles.insert(-1, None)  # the second start goes well
    with Pool(executor, launch, workers=3, report=bench.reports.append) as pool:
        served = bench.ask(pool, *(bench.request("good_", n) for n in range(500)))
        assert {one.worker for one in served} == {min(one.worker for one in served)}
        assert len(executor.troubles) > 70
        assert bench.reports == ["a worker could not be started: no room"]
        executor.troubles.clear()
        seen = set()
        while len(seen) < 3:
            seen |= {one.worker for one in bench.ask(pool, *(bench.request("good_"),) * 9)}


def test_a_start_that_waits_in_a_queue_outlasts_patience(bench: Any, launch: Launch) -> None:
    """Another is refused meanwhile; it may say hello as late as `start_limit` allows."""
    gate = bench.folder / "gate"
    waiting = evolve(launch, command=(*launch.command[:-1], f"after={gate}"))
    executor = SocketExecutor(*(TransientError("no room") for _ in range(99)))
    executor.troubles.append(None)
    with Pool(executor, waiting, workers=2, start_patience=0.2) as pool:
        bench.until(pool, lambda: len(executor.troubles) <= 94)
        gate.touch()
        (one,) = bench.ask(pool, bench.request("good_", "at last"))
    assert one.answer.payload["nonce"] == "at last"
