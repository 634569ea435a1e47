"""What others do to containers is no fault of a backtest's: it is repeated, no trial changes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from engine_facts import event, harness

from leanopt_core.errors import TransientError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.worker import State
from leanopt_core.testing.lines import PATIENCE, ask, launch, request
from leanopt_core.work import Category, Command, Request
from tests.stored import told

ENDINGS: dict[str, Callable[[Engine, str], object]] = {
    "killed": lambda engine, ident: engine.client.kill(ident),
    "stopped": lambda engine, ident: engine.client.stop(ident, timeout=1),
    "restarted": lambda engine, ident: engine.client.restart(ident, timeout=1),
    "removed": lambda engine, ident: engine.client.remove_container(ident, force=True),
}


def _container(pool: Pool[int], after: str) -> str:
    """Wait until a container is busy with a request, another one than before."""
    until = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < until:
        for worker in pool._supervisor.workers.values():
            ident = str(worker.channel._container.ident)  # type: ignore[attr-defined]
            if pool._queue.running(worker) and worker.state is State.SERVING and ident != after:
                return ident
        assert pool.wait(0.1) == []
    raise AssertionError("no worker is busy with a request")


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_does_not_count_among_the_retries(
    make: Callable[..., DockerExecutor], engine: Engine, ending: str
) -> None:
    """Though none are allowed; a harness that dies by itself counts as ever."""
    with Pool[int](make(), launch(), workers=1, retries=0) as pool:
        pool.submit(1, request("hang"))
        ident = ""
        for _ in range(2):
            ident = _container(pool, after=ident)
            ENDINGS[ending](engine, ident)
        os.kill(harness(engine, _container(pool, after=ident)), signal.SIGKILL)
        (one,) = pool.wait(PATIENCE)
    assert one.failure is not None
    assert (one.failure.category, one.failure.message) == (Category.DIED, "signal 9 (SIGKILL)")
    assert one.attempts == 3


def test_an_idle_worker_that_is_killed_costs_nothing(
    make: Callable[..., DockerExecutor], containers, engine: Engine, folder: Path
) -> None:
    """Also where a request is sent to it before that is known."""
    with Pool[int](make(), launch(), workers=1, retries=0) as pool:
        ask(pool, request("answer"))
        engine.client.kill(containers(folder)[0]["Id"])
        (one,) = ask(pool, request("answer", echo="next"))
    assert one.answer is not None
    assert one.answer.payload["echo"] == "next"


def test_files_that_are_gone_with_a_killed_container(
    make: Callable[..., DockerExecutor], containers, engine: Engine, folder: Path
) -> None:
    """A request that needs some is sent to a fresh worker; an answer's are told to be gone so."""
    question = Request(
        '{"do": "read", "path": "{request}/in.txt"}',
        placeholders=("{request}/in.txt",),
        files={"in.txt": "here"},
    )
    with Pool[int](make(scratch="tmpfs"), launch(), workers=1, retries=0) as pool:
        (first,) = ask(pool, question)
        assert first.answer is not None
        assert first.answer.files is not None
        engine.client.kill(containers(folder)[0]["Id"])
        with pytest.raises(TransientError, match="is gone"):
            first.answer.files.open("in.txt")
        first.answer.files.remove()
        (second,) = ask(pool, question)
    assert second.answer is not None
    assert second.answer.payload["text"] == "here"


def test_a_command_that_is_killed_has_not_ended(
    make: Callable[..., DockerExecutor], engine: Engine, folder: Path
) -> None:
    """Whoever asked for it may try again."""
    executor = make()
    label = [f"leanopt.project={folder}", "leanopt.worker=once"]
    command = Command(("{python}", "-c", "import time; time.sleep(3600)"))
    with event(engine, "start", label=label) as started, ThreadPoolExecutor(1) as threads:
        future = threads.submit(executor.run_command, command)
        engine.client.kill(started())
        with pytest.raises(TransientError, match="from outside"):
            future.result()


@pytest.mark.slow
def test_commands_of_a_run_that_are_killed_are_run_again(
    hill, start, canonical, engine: Engine, truth: str
) -> None:
    """The run says so, and goes on to the same trials."""
    project = hill()
    label = [f"leanopt.project={project}", "leanopt.worker=once"]
    with event(engine, "start", label=label) as started:
        process = start(project, "run", "pipeline.toml")
        for _ in range(2):
            engine.client.kill(started())
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors.count("retrying a command: ") == 2
    assert canonical(project) == truth


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("scratch", ["folder", "tmpfs"])
def test_a_kill_every_half_second_changes_no_trial(
    hill, start, leanopt, canonical, containers, engine: Engine, truth: str, scratch: str
) -> None:
    """At 200 ms a backtest, from the first told trial on: of the container that runs longest."""
    project = hill(executor=f'scratch = "{scratch}"\nstart_patience = "1h"\n', delay=0.4)
    # With more workers a container lives for longer: on a slow machine a start takes a second.
    process = start(project, "run", "pipeline.toml", "--workers", "4")
    kills, errors = 0, ""
    while process.returncode is None:
        with suppress(subprocess.TimeoutExpired):
            _, errors = process.communicate(timeout=0.5)
        running = [one for one in containers(project) if one["State"] == "running"]
        if told(project) and running:
            with suppress(Exception):  # it has ended meanwhile
                engine.client.kill(running[-1]["Id"])
                kills += 1
    assert process.returncode == 0, errors
    assert kills > 3
    assert canonical(project) == truth
    assert containers(project) == []
