"""The end waits for nothing that takes long: neither images that come slowly nor other threads."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.executor import DockerExecutor, LazyResource
from leanopt_core.testing.lines import PATIENCE


class Silence:
    """A registry that takes connections and never answers; `asked` is set by the first."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self.asked = Event()
        self.image = f"127.0.0.1:{self._socket.getsockname()[1]}/one:latest"
        self._thread = Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self._taken.append(self._socket.accept()[0])
            except OSError:
                return
            self.asked.set()

    def close(self) -> None:
        """Hang up on all, once."""
        if self._socket.fileno() < 0:
            return
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        for one in (self._socket, *self._taken):
            one.close()


@pytest.fixture
def silence() -> Iterator[Silence]:
    """A registry that keeps engines waiting until the test's end."""
    registry = Silence()
    yield registry
    registry.close()


def test_an_image_that_does_not_come_keeps_nobody(
    make: Callable[..., DockerExecutor], silence: Silence
) -> None:
    """The executor is closed while another thread waits for it, which learns of that at last."""
    executor = make(image=silence.image)
    with ThreadPoolExecutor(2) as threads:
        place = threads.submit(executor.runtime)
        assert silence.asked.wait(PATIENCE)
        threads.submit(executor.close).result(PATIENCE)
        assert not place.done(), "it waited for the image"
        silence.close()
        with pytest.raises(ExecutorError):
            place.result(PATIENCE)
    with pytest.raises(ExecutorError, match="closed"):
        executor.runtime()


@pytest.mark.usefixtures("engine")
def test_ctrl_c_ends_a_run_that_waits_for_its_image(hill, start, silence: Silence) -> None:
    """Though the registry never answers."""
    project: Path = hill(image=silence.image)
    process = start(project, "run", "pipeline.toml")
    assert silence.asked.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_what_is_made_too_late_is_undone_by_its_maker() -> None:
    """Once, and nobody gets it."""
    begun, go_on = Event(), Event()
    undone: list[str] = []

    def slow() -> str:
        begun.set()
        assert go_on.wait(PATIENCE)
        return "made"

    thing = LazyResource(slow, undone.append)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(thing.get), threads.submit(thing.get)
        assert begun.wait(PATIENCE)
        thing.close()
        assert undone == []
        go_on.set()
        for one in (first, second):
            with pytest.raises(ExecutorError, match="closed"):
                one.result(PATIENCE)
    thing.close()
    assert undone == ["made"]


def test_what_could_not_be_made_is_tried_again() -> None:
    """By the next who asks; all get the same one."""
    answers = iter([ExecutorError("not yet"), "made"])
    undone: list[str] = []

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, ExecutorError):
            raise answer
        return answer

    thing = LazyResource(make, undone.append)
    with pytest.raises(ExecutorError, match="not yet"):
        thing.get()
    assert thing.get() == thing.get() == "made"
    thing.close()
    thing.close()
    assert undone == ["made"]
