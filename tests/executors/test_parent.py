"""Whatever ends leanopt itself, nothing that it started lives on; its scratch folders go later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.work import Command

WORKERS = 3
# A worker is a guard and a harness; this one has a child and a daemon beside them.
EACH = 4

OWNER = """
import sys
from pathlib import Path
from leanopt_core.options import ProcessOptions
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.work import Launch, Request

folder, script, workers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
launch = Launch(("{python}", "-I", "-S", script, "good"))
with Pool(ProcessExecutor(ProcessOptions(), folder), launch, workers=workers) as pool:
    for ticket in range(workers):
        pool.submit(ticket, Request('{"do": "forks_and_hangs"}'))
    pool.wait()
"""


def forked(bench: Any) -> int:
    """Return how many workers have started all that they start.

    Not by processes: a daemon has one between itself and the worker at first.
    """
    return len(list((bench.folder / ".leanopt" / "scratch").glob("*/*/forked")))


@pytest.fixture
def owner(bench: Any, eventually: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Another leanopt running in the bench's folder: its workers hang, with all their offspring."""
    script = Path(__file__).with_name("misbehaving.py")
    command = [sys.executable, "-c", OWNER, str(bench.folder), str(script), str(WORKERS)]
    with subprocess.Popen(command) as process:
        eventually(lambda: forked(bench) == WORKERS)
        assert len(bench.left()) == EACH * WORKERS
        yield process
        process.kill()
    eventually(lambda: not bench.left())
    bench.executor.close()
    bench.executor.run_command(Command(("true",)))  # a start, so that what was left is swept


def folders(bench: Any) -> list[Path]:
    """Return the scratch folders of all owners."""
    return sorted((bench.folder / ".leanopt" / "scratch").glob("*/"))


@pytest.mark.alike(1)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_leanopt_leaves_no_process(
    bench: Any, owner: Any, eventually: Any, number: int
) -> None:
    """Guards see their owner go, whatever ended it."""
    os.kill(owner.pid, number)
    eventually(lambda: not bench.left())


def test_the_next_start_removes_what_a_dead_one_left(
    bench: Any, owner: Any, eventually: Any
) -> None:
    """Its folder, once nobody holds its lock."""
    (left,) = folders(bench)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    eventually(lambda: not bench.left())
    assert folders(bench) == [left]
    bench.executor.run_command(Command(("true",)))
    assert left not in folders(bench)


def test_the_next_start_ends_what_outlived_its_guard(
    bench: Any, owner: Any, eventually: Any
) -> None:
    """Processes are known by their mark. On a busy machine a killed one takes a while to go."""
    os.kill(owner.pid, signal.SIGSTOP)
    for guard in _children(owner.pid):
        os.kill(guard, signal.SIGKILL)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert bench.left() != []
    bench.executor.run_command(Command(("true",)))
    eventually(lambda: not bench.left())


def test_a_living_one_is_left_in_peace(bench: Any, owner: Any) -> None:
    """Its folder and its processes stay."""
    (its,) = folders(bench)
    bench.executor.run_command(Command(("true",)))
    assert its in folders(bench)
    assert len(bench.left()) == EACH * WORKERS


def test_a_guard_that_is_killed_takes_its_worker_along(bench: Any) -> None:
    """Daemons that hold the pipes open do not hide its end."""
    with bench.pool(retries=0) as pool:
        pool.submit(1, bench.request("forks_and_hangs"))
        bench.until(pool, lambda: forked(bench) == 1)
        (guard,) = [pid for pid in _children(os.getpid()) if pid in bench.left()]
        os.kill(guard, signal.SIGKILL)
        one = bench.collect(pool, 1)[1]
        assert one.failure.category == "worker died"
        assert one.failure.message == "its guard was killed"
        (after,) = bench.ask(pool, bench.request("good_", "after"))
        assert after.answer.payload["nonce"] == "after"
    assert bench.left() == []


@pytest.mark.long
@pytest.mark.slow
def test_a_guard_that_does_nothing_any_more_is_passed_over(bench: Any, eventually: Any) -> None:
    """Closing does not wait for it for ever."""
    with bench.pool(retries=0) as pool:
        pool.submit(1, bench.request("forks_and_hangs"))
        bench.until(pool, lambda: forked(bench) == 1)
        (guard,) = [pid for pid in _children(os.getpid()) if pid in bench.left()]
        os.kill(guard, signal.SIGSTOP)
    eventually(lambda: not bench.left())


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
