"""Workers of several places: started in turn, or where there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.places import ExecutorGroup, PlacedWorkers
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.testing import ExecutorContract
from leanopt_core.work import Command, Launch


def local(folder: Path, nice: int = 0) -> ProcessExecutor:
    """Return an executor of processes."""
    return ProcessExecutor(ProcessOptions(nice=nice), folder)


@pytest.mark.long  # its workers are those of its places
class TestGroup(ExecutorContract):
    """Two places, each with processes of its own."""

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Executor:
        """One with another priority than the other."""
        return ExecutorGroup({"here": local(tmp_path), "there": local(tmp_path, nice=1)})

    @pytest.mark.smoke
    def test_places(self, limited: Executor) -> None:
        """The only test of the kit for such an executor alone."""
        super().test_places(limited)


class Refusing(ProcessExecutor):
    """Refuses to start workers."""

    error: Exception = TransientError("full")
    closed = False

    def spawn(self, launch: Launch, worker: int, *, memory_limit: int | None = None) -> Any:
        """Raise."""
        raise self.error

    def close(self) -> None:
        """Note it, and fail."""
        self.closed = True
        raise OSError("cannot be closed")


@pytest.mark.parametrize(
    ("places", "error", "message"),
    [
        ({}, ValueError, "there is no place, expected at least one"),
        ([1], TypeError, r"the places are \[1\], expected executors by name"),
        ({"a": 3}, TypeError, "the place 'a' is 3, expected an executor: it has no runtime, run_"),
    ],
)
def test_what_is_no_group_is_refused_when_it_is_built(
    places: Any, error: type[Exception], message: str
) -> None:
    """Not when a worker starts."""
    with pytest.raises(error, match=message):
        ExecutorGroup(places)


def test_a_worker_starts_where_there_is_room(tmp_path: Path) -> None:
    """Its place is known, with the launch of that place; where all refuse, so does the group."""
    full, room = Refusing(ProcessOptions(), tmp_path), local(tmp_path)
    one, two = Launch(("sleep", "1")), Launch(("sleep", "2"))
    placed = PlacedWorkers({"full": (full, one), "room": (room, two)}, room)
    for worker in (1, 2):
        placed.spawn(one, worker).release()
        assert placed.place_of(worker) == 1
        assert placed.launch_of(worker) is two
    with pytest.raises(TransientError, match="full"):
        PlacedWorkers({"full": (full, one)}, full).spawn(one, 3)
    full.error = ExecutorError("broken")
    with pytest.raises(ExecutorError, match="broken"):
        placed.spawn(one, 3)
    placed.close()


def test_a_group_asks_its_first_and_counts_all(tmp_path: Path) -> None:
    """All are closed, though one fails."""
    first, second = Refusing(ProcessOptions(), tmp_path), Refusing(ProcessOptions(), tmp_path)
    group = ExecutorGroup({"first": first, "second": second})
    assert group.workers(3) == 3
    assert group.workers(None) == 2 * first.workers(None)
    launch = Launch(("{python}", "x"))
    assert group.reproduce_command(launch) == first.reproduce_command(launch)
    assert group.unasked_memory(launch) is None
    with pytest.raises(OSError, match="cannot be closed"):
        group.close()
    assert first.closed
    assert second.closed


def test_commands_run_in_the_first_place(tmp_path: Path) -> None:
    """As everything that is asked of the group."""
    group = ExecutorGroup({"here": local(tmp_path), "there": local(tmp_path, nice=5)})
    asked = Command(("nice",))
    assert group.run_command(asked) == group.places()["here"].run_command(asked)
    assert group.run_command(asked) != group.places()["there"].run_command(asked)
    group.close()
