"""Pipelines whose workers run in containers, on a real engine; skipped if there is none."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reports import LEANOPT, PIPELINE, Doctor, made, works

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.orphans import container_name, labels
from leanopt_core.owners import this_process

Mounted = Callable[[str], list[str]]

ALL = ["image", "folders", "interpreter", "data", "strategy", "harness", "workers", "worker memory"]


@pytest.fixture
def contained(engine: Engine, small: Path) -> Path:
    """The small pipeline, in containers."""
    use(small, made(engine.client))
    return small


def use(folder: Path, image: str, pull: str = "never") -> None:
    """Have the pipeline's workers run in an image."""
    chosen = f'use = "docker"\nimage = "{image}"\npull = "{pull}"\nworkers = 1'
    (folder / "pipeline.toml").write_text(PIPELINE.replace("workers = 1", chosen))


def containers(engine: Engine, folder: Path) -> list[str]:
    """Return the containers of a project."""
    mine = {"label": f"leanopt.project={folder}"}
    return [one["Id"] for one in engine.client.containers(all=True, filters=mine)]


def test_a_pipeline_that_can_run(contained: Path, doctor: Doctor, engine: Engine) -> None:
    """A worker has said hello from its container; none is left."""
    report = doctor(contained, "pipeline.toml")
    assert report.code == 0, report.lines
    assert report.names[-len(ALL) :] == ALL
    assert report.one("docker")["what"].endswith(engine.host)
    assert "leanopt-test:" in report.one("image")["what"]
    assert "protocol 1, engine python 3." in report.one("harness")["what"]
    assert containers(engine, contained) == []


def test_an_engine_that_is_needed_and_not_there(contained: Path, doctor: Doctor) -> None:
    """Wrong now; what needs none is looked at."""
    report = doctor(contained, "pipeline.toml", DOCKER_HOST="unix:///nowhere.sock")
    assert report.code == 6
    assert report.one("docker")["status"] == "wrong"
    assert report.one("docker")["fix"] == "unset DOCKER_HOST"
    assert report.blocked() == {"docker disk", "containers", *ALL} - {"data"}


@pytest.mark.parametrize("pull", ["never", "missing", "always"])
def test_an_image_that_is_not_there(pull: str, engine: Engine, small: Path, doctor: Doctor) -> None:
    """It is not fetched: looking costs no download."""
    use(small, "leanopt-test:none", pull)
    report = doctor(small, "pipeline.toml")
    assert report.code == 6
    assert report.one("image")["fix"] == "docker pull leanopt-test:none"
    assert ("no run fetches it" in report.one("image")["what"]) == (pull == "never")
    assert report.blocked() == {"folders", "interpreter", "strategy", "harness"}
    assert report.one("workers")["status"] == "ok"


def test_an_image_that_is_always_fetched_is_not_now(
    engine: Engine, small: Path, doctor: Doctor
) -> None:
    """No registry has it."""
    use(small, made(engine.client), "always")
    assert doctor(small, "pipeline.toml").code == 0


def test_an_image_without_python(engine: Engine, small: Path, doctor: Doctor) -> None:
    """What stands on it is not looked at."""
    use(small, made(engine.client, {"usr/local/bin/python3": b"#!/nowhere\n"}))
    report = doctor(small, "pipeline.toml")
    assert report.code == 6
    assert "the image needs a python3" in report.one("interpreter")["what"]
    assert report.blocked() == {"strategy", "harness"}


def test_an_engine_that_sees_other_folders(
    contained: Path, doctor: Doctor, mounted: Mounted
) -> None:
    """The project is on a disk that the engine does not have."""
    here, copy = contained, contained.parent / "copy"
    script = f"cp -r '{here}' '{copy}' && mount -t tmpfs none '{here}'"
    wrapper = mounted(f"{script} && cp -r '{copy}'/. '{here}' && cd '{here}'")
    report = doctor(contained, "pipeline.toml", wrapper=wrapper)
    assert report.code == 6
    assert "does not see this machine's folders" in report.one("folders")["what"]
    assert report.blocked() == {"interpreter", "strategy", "harness"}


def test_memory_is_the_engines(contained: Path, doctor: Doctor, engine: Engine) -> None:
    """So are its processors."""
    total, count = engine.info["MemTotal"], engine.processors
    many = ("--set", f"executor.workers={count + 1}", "--set", f"executor.memory_limit={total}")
    report = doctor(contained, "pipeline.toml", *many)
    assert f"{count + 1} on {count} processors" in report.one("workers")["what"]
    assert report.one("worker memory")["fix"] == "leanopt run pipeline.toml --workers 1"


@pytest.fixture(scope="session")
def apart() -> list[str]:
    """A wrapper under which this is another machine: other starts remove nothing of its."""
    wrapper = ["unshare", "--uts", "sh", "-c", 'hostname leanopt-doctor && exec "$@"', "sh"]
    return wrapper if works(*wrapper, "true") else []


@pytest.fixture
def waiting(contained: Path, apart: list[str], engine: Engine) -> Iterator[subprocess.Popen[bytes]]:
    """A run that waits for a gate beside its strategy; its worker has been started."""
    text = (contained / "pipeline.toml").read_text()
    gated = text.replace('gate = ""', 'gate = "/leanopt/build/gate"')
    (contained / "pipeline.toml").write_text(gated)
    now = int(time.time())
    process = subprocess.Popen([*apart, LEANOPT, "run", "pipeline.toml"], cwd=contained)
    wanted = {"event": "start", "label": [f"leanopt.project={contained}", "leanopt.worker=1"]}
    started = engine.client.events(since=now, until=now + 60, filters=wanted, decode=True)
    assert next(started)
    started.close()
    yield process
    process.kill()
    process.wait()
    for ident in containers(engine, contained):
        engine.client.remove_container(ident, force=True)


def test_containers_of_the_dead_are_removed(
    waiting: subprocess.Popen[bytes],
    contained: Path,
    doctor: Doctor,
    engine: Engine,
    apart: list[str],
) -> None:
    """They are named with their project first."""
    waiting.kill()
    waiting.wait()
    assert len(containers(engine, contained)) == 1
    line = doctor(contained, wrapper=apart).one("containers")
    assert line["status"] == "warning"
    assert f"of {contained}" in line["what"]
    assert line["fix"] == "leanopt doctor --clean"
    told = doctor(contained, "pipeline.toml", wrapper=apart)
    assert told.one("harness")["status"] == "ok"
    assert f"of {contained}" in told.one("containers")["what"]
    assert len(containers(engine, contained)) == 1, "looking has removed it"
    report = doctor(contained, "--clean", "--yes", wrapper=apart)
    assert report.code == 0
    assert f"of {contained}" in report.one("containers")["what"]
    assert report.one("scratch")["what"].startswith("removed: ")
    assert containers(engine, contained) == []


def test_containers_of_the_living_stay(
    waiting: subprocess.Popen[bytes],
    contained: Path,
    doctor: Doctor,
    engine: Engine,
    apart: list[str],
) -> None:
    """And the run goes on to its end."""
    before = containers(engine, contained)
    assert before
    for arguments in ((), ("--clean", "--yes")):
        line = doctor(contained, *arguments, wrapper=apart).one("containers")
        assert f"of {contained}" not in line["what"]
    assert containers(engine, contained) == before
    (contained / "gate").touch()
    assert waiting.wait(timeout=60) == 0


def test_containers_of_other_machines_stay(contained: Path, doctor: Doctor, engine: Engine) -> None:
    """Whose owner's number means nothing here."""
    mine = labels(this_process(), contained, "run", worker="1", number=1)
    foreign = {**mine, "leanopt.owner.machine": "elsewhere", "leanopt.owner.pid": "999999"}
    body: dict[str, Any] = {
        "Image": made(engine.client),
        "Entrypoint": ["/never"],
        "Labels": foreign,
    }
    ident = engine.client.create_container_from_config(body, container_name(mine))["Id"]
    try:
        report = doctor(contained, "--clean", "--yes")
        assert f"of {contained}" not in report.one("containers")["what"]
        assert containers(engine, contained) == [ident]
    finally:
        engine.client.remove_container(ident, force=True)
