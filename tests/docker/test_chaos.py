"""What happens to containers and to leanopt itself changes no trial, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import image as images
import pytest
from engine_facts import event, harness

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.pool import Pool
from leanopt_core.testing.lines import PATIENCE, ask, launch, request
from leanopt_core.work import Category, Request
from tests.stored import told

LIMIT = "memory_limit = 134217728\n"


def _until_told(project: Path, number: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many trials have been told; fails where the process ends before.

    The store tells nobody: it is looked at whenever its files have been written to.
    """
    until = time.monotonic() + PATIENCE
    while told(project) < number:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, f"{number} trials are never told"
        time.sleep(0.005)


def _attempts(export: str) -> set[int]:
    """Return how often backtests were sent."""
    trials = [one for one in map(json.loads, export.splitlines()) if "parameters" in one]
    return {backtest["attempts"] for one in trials for backtest in one["backtests"].values()}


def _left(project: Path) -> list[Path]:
    return list((project / ".leanopt" / "scratch").glob("*/"))


def test_containers_and_processes_give_the_same_trials(
    hill, leanopt, canonical, containers, truth: str
) -> None:
    """To the byte, with both kinds of scratch."""
    for scratch in ("folder", "tmpfs"):
        project = hill(scratch, f'scratch = "{scratch}"\n')
        leanopt(project, "run", "pipeline.toml")
        assert canonical(project) == truth
        assert containers(project) == []
        assert _left(project) == []


def _hog(engine: Engine, ident: str) -> None:
    """Have something in the container take more memory than it may."""
    code = "x = [bytearray(b'x' * 2**20) for _ in range(1000)]"
    made = engine.client.exec_create(ident, ["python3", "-c", code])
    engine.client.exec_start(made["Id"], detach=True)


TROUBLES: dict[str, Callable[[Engine, str], object]] = {
    "killed": lambda engine, ident: engine.client.kill(ident),
    "stopped": lambda engine, ident: engine.client.stop(ident, timeout=0),
    "removed": lambda engine, ident: engine.client.remove_container(ident, force=True),
    "paused": lambda engine, ident: engine.client.pause(ident),
    "out of memory": _hog,
    "harness killed": lambda engine, ident: os.kill(harness(engine, ident), signal.SIGKILL),
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_trouble_with_a_container_changes_no_trial(
    hill, start, leanopt, canonical, containers, engine: Engine, truth: str, trouble: str
) -> None:
    """Two workers get it, one after the other; a fresh one repeats what each was at."""
    project = hill(executor=LIMIT, delay=0.1)
    process = start(project, "run", "pipeline.toml")
    for number in (5, 15):
        _until_told(project, number, process)
        running = [one for one in containers(project) if one["State"] == "running"]
        victim = running[0]["Id"]
        with event(engine, "destroy", container=victim) as removed:
            TROUBLES[trouble](engine, victim)
            assert removed() == victim
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert canonical(project) == truth
    assert _attempts(leanopt(project, "export", "--to", "jsonl").stdout) == {1, 2}
    assert containers(project) == []
    assert _left(project) == []


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 10])
def test_the_next_start_removes_what_a_killed_leanopt_left(
    hill, start, leanopt, canonical, containers, engine: Engine, truth: str, at: int
) -> None:
    """Containers, running or not, and files; nothing that was told is lost."""
    project = hill(delay=0.1)
    worker = [f"leanopt.project={project}", "leanopt.worker=1"]
    with event(engine, "start", label=worker) as started:
        process = start(project, "run", "pipeline.toml")
        started()
    _until_told(project, at, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = told(project)
    left = {one["Id"] for one in containers(project)}
    assert left
    assert _left(project)
    leanopt(project, "run", "pipeline.toml", "--resume")
    assert told(project) >= before
    assert canonical(project) == truth
    assert containers(project) == []
    assert _left(project) == []


@pytest.mark.slow
def test_a_run_that_goes_on_in_another_image_says_so(
    hill, start, leanopt, canonical, engine: Engine, truth: str
) -> None:
    """By both ids, though its name is the same; the trials are."""
    repository, tag = images.REPOSITORY, f"moving-{token_hex(4)}"
    first = images.image(engine.client)
    second = images.image(engine.client, {"usr/local/share/other": b"another image"})
    engine.client.tag(first, repository, tag)
    try:
        project = hill(image=f"{repository}:{tag}", delay=0.1)
        process = start(project, "run", "pipeline.toml")
        _until_told(project, 5, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        engine.client.tag(second, repository, tag)
        errors = leanopt(project, "run", "pipeline.toml", "--resume").stderr
    finally:
        engine.client.remove_image(f"{repository}:{tag}")
    was, now = (engine.client.inspect_image(name)["Id"] for name in (first, second))
    assert f"runtime.image: '{was}', now '{now}'" in errors
    assert canonical(project) == truth


def test_a_living_leanopt_s_containers_stay(make, hill, leanopt, containers, folder: Path) -> None:
    """Whatever else starts on this machine meanwhile."""
    with Pool[int](make(), launch(), workers=1) as pool:
        ask(pool, request("answer"))
        before = [one["Id"] for one in containers(folder)]
        leanopt(hill(), "run", "pipeline.toml", "--set", "stage.0.trials=2")
        assert [one["Id"] for one in containers(folder)] == before
        ask(pool, request("answer"))


REASONS: dict[str, tuple[Callable[[Engine, str], object], str]] = {
    "paused": (TROUBLES["paused"], "its container was paused from outside"),
    "out of memory": (_hog, "memory limit of 128 MiB exceeded"),
    "harness killed": (TROUBLES["harness killed"], "signal 9 (SIGKILL)"),
}


@pytest.mark.parametrize("what", REASONS)
def test_a_failure_says_what_became_of_the_container(
    make: Callable[..., DockerExecutor], containers, engine: Engine, folder: Path, what: str
) -> None:
    """In the category of dead workers."""
    trouble, reason = REASONS[what]
    pool = Pool[int](make(), launch(), workers=1, retries=0, memory_limit=128 * 2**20)
    with pool:
        ask(pool, request("answer"))
        pool.submit(9, request("hang"))
        trouble(engine, containers(folder)[0]["Id"])
        (one,) = pool.wait(PATIENCE)
        assert one.failure is not None
        assert one.failure.category is Category.DIED
        assert reason in one.failure.message
        (after,) = ask(pool, request("answer"))
        assert after.answer is not None


def test_a_connection_that_breaks_costs_a_worker_not_an_answer(
    make: Callable[..., DockerExecutor], containers, engine: Engine, folder: Path
) -> None:
    """Though the container is well: its input has ended, and so does it."""
    with Pool[int](make(), launch(), workers=1) as pool:
        ask(pool, request("answer"))
        (worker,) = pool._supervisor.workers.values()
        (before,) = containers(folder)
        pool.submit(9, request("flood", mib=64, echo="after"))
        with event(engine, "destroy", container=before["Id"]) as removed:
            worker.channel._stream._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
            (one,) = pool.wait(PATIENCE)
            assert one.answer is not None
            assert one.answer.payload["echo"] == "after"
            assert one.attempts == 2
            assert removed() == before["Id"]


def test_a_full_scratch_costs_a_worker_not_an_answer(make: Callable[..., DockerExecutor]) -> None:
    """What does not fit beside what others left goes to a fresh worker."""
    reports: list[str] = []
    executor = make(scratch="tmpfs", scratch_size=2**20)
    payload = request("write", path="{scratch}/big", text="x" * 900_000).payload
    with Pool[int](executor, launch(), workers=1, report=reports.append) as pool:
        full = Request(payload.replace("{scratch}", "/leanopt/scratch"))
        big = Request(
            '{"do": "read", "path": "{request}/in.txt"}',
            placeholders=("{request}/in.txt",),
            files={"in.txt": "y" * 500_000},
        )
        filled, read = ask(pool, full, big)
    assert filled.answer is not None
    assert read.answer is not None
    assert read.answer.payload["text"] == "y" * 500_000
    assert read.attempts == 2


def test_sixteen_workers_start_and_stop(
    make: Callable[..., DockerExecutor], containers, folder: Path
) -> None:
    """And none is left, though all are busy."""
    executor = make()
    with Pool[int](executor, launch(), workers=16) as pool:
        ask(pool, *(request("answer", echo=number) for number in range(16)))
        for number in range(16):
            pool.submit(100 + number, request("hang"))
        pool.wait(0.1)
    executor.close()
    assert containers(folder) == []
