"""Which engine is talked to, and what becomes of a run whose engine goes away."""

from __future__ import annotations

import gc
import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dockerd
import image as images
import pytest
from engine_facts import event

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.work import Command
from tests.stored import told

own = pytest.mark.skipif(bool(dockerd.missing()), reason=dockerd.missing() or "none")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for an engine; the path of a socket is short."""
    with tempfile.TemporaryDirectory(prefix="leanopt-") as folder:
        yield Path(folder)


@pytest.fixture
def private(home: Path) -> Iterator[dockerd.Dockerd]:
    """An engine of the test's own, with the image."""
    engine = dockerd.Dockerd(home)
    engine.start()
    yield engine
    engine.stop()
    engine.sweep()


def _image(monkeypatch: pytest.MonkeyPatch, private: dockerd.Dockerd) -> str:
    monkeypatch.setenv("DOCKER_HOST", private.host)
    engine = connect()
    name = images.image(engine.client)
    engine.client.close()
    return name


def _begin(project: Path, start, at: int) -> subprocess.Popen[str]:
    process = start(project, "run", "pipeline.toml")
    _until_told(project, at, process)
    return process


def _until_told(project: Path, at: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many trials have been told; the store tells nobody."""
    while told(project) < at:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


@pytest.fixture
def own_engine(monkeypatch: pytest.MonkeyPatch, private: dockerd.Dockerd) -> Iterator[Engine]:
    """The private engine as leanopt has it, while it runs for the first time."""
    monkeypatch.setenv("DOCKER_HOST", private.host)
    engine = connect()
    yield engine
    engine.client.close()


def _ends_well(process: subprocess.Popen[str]) -> None:
    """Wait for a run to end: without an error, and no container is left."""
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert _containers() == []


def _containers() -> list[object]:
    engine = connect()
    try:
        return list(engine.client.containers(all=True))
    finally:
        engine.client.close()


END = {"stopped": dockerd.Dockerd.stop, "killed": dockerd.Dockerd.kill}


@pytest.mark.docker
@own
@pytest.mark.slow
@pytest.mark.parametrize("worker", ["once", "1"])
@pytest.mark.parametrize("end", END)
def test_an_engine_that_restarts_before_the_first_trial_changes_none(
    private, own_engine: Engine, hill, start, canonical, truth: str, worker: str, end: str
) -> None:
    """While a command makes the strategy ready, or when the first worker has just been started."""
    project = hill(image=images.image(own_engine.client), delay=0.1)
    label = [f"leanopt.project={project}", f"leanopt.worker={worker}"]
    with event(own_engine, "start", label=label) as started:
        process = start(project, "run", "pipeline.toml")
        started()
        END[end](private)
    private.start()
    _ends_well(process)
    assert canonical(project) == truth


@pytest.mark.docker
@own
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("end", END)
def test_an_engine_that_restarts_three_times_changes_no_trial(
    private, own_engine: Engine, hill, start, leanopt, canonical, truth: str, end: str
) -> None:
    """The run waits for it, and goes on."""
    project = hill(image=images.image(own_engine.client), delay=0.2)
    process = _begin(project, start, at=5)
    for at in (5, 20, 35):
        _until_told(project, at, process)
        END[end](private)
        private.start()
    _ends_well(process)
    assert canonical(project) == truth


@pytest.mark.docker
@own
@pytest.mark.slow
def test_an_engine_that_stays_away_interrupts_the_run_and_loses_nothing(
    private, own_engine: Engine, hill, start, leanopt, canonical, truth: str
) -> None:
    """It says why; once the engine is back, the run is resumed."""
    image = images.image(own_engine.client)
    project = hill(image=image, executor='start_patience = "2s"\n', delay=0.1)
    process = _begin(project, start, at=10)
    private.stop()
    said, errors = process.communicate(timeout=180)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "` continues it: no backtest was completed for 2 s" in errors
    assert "(executor.start_patience): a container cannot be made: No such file" in errors
    assert said.startswith("run hill-1: interrupted")
    assert told(project) >= 10
    private.start()
    leanopt(project, "run", "pipeline.toml", "--resume")
    assert canonical(project) == truth
    assert _containers() == []


@pytest.mark.docker
@own
@pytest.mark.slow
def test_an_engine_that_goes_before_a_run_has_begun_interrupts_it(
    private, own_engine: Engine, hill, start, leanopt, canonical, truth: str
) -> None:
    """In the command that makes the strategy ready; nothing is stored, and the next run begins."""
    image = images.image(own_engine.client)
    project = hill(image=image, executor='start_patience = "2s"\n')
    label = [f"leanopt.project={project}", "leanopt.worker=once"]
    with event(own_engine, "start", label=label) as started:
        process = start(project, "run", "pipeline.toml")
        started()
        private.stop()
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 130, errors
    assert "leanopt: no command completed within 2 s of retries (executor.start_patience)" in errors
    private.start()
    leanopt(project, "run", "pipeline.toml")
    assert canonical(project) == truth


@pytest.mark.docker
@own
def test_an_engine_that_sees_other_folders_is_refused(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe file shows it, be the folder absent there or another."""
    engine = dockerd.Dockerd(home, blind=folder)
    engine.start()
    try:
        options = DockerOptions(image=_image(monkeypatch, engine))
        executor = DockerExecutor(options, folder / "project")
        with pytest.raises(ExecutorError, match="does not see this machine's folders"):
            executor.run_command(Command(("{python}",)))
        executor.close()
        assert _containers() == []
        assert list((folder / "project/.leanopt/scratch").glob("*/")) == []
    finally:
        engine.stop()


def _context(config: Path, name: str, host: str) -> None:
    folder = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (folder / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints})
    )
    (config / "config.json").write_text(json.dumps({"currentContext": name}))


def test_the_current_context_is_used(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the `docker` command does: unless a variable names another context, or a host."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    socket = Path(engine.host.removeprefix("unix://"))
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.sock").symlink_to(socket)
        _context(tmp_path, name, f"unix://{tmp_path}/{name}.sock")
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "one"}))
    assert _host() == f"unix://{tmp_path}/one.sock"
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    assert _host() == f"unix://{tmp_path}/two.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/three.sock")
    assert _host() == f"unix://{tmp_path}/three.sock"
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert str(tmp_path) not in _host()
    monkeypatch.setenv("DOCKER_CONTEXT", "four")
    with pytest.raises(ExecutorError, match="no Docker context 'four'"):
        connect()


def _host() -> str:
    engine = connect()
    engine.client.close()
    return engine.host


# The SDK leaves the socket open that it could not connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///no/such/socket", "answers at unix:///no/such/socket .No such file or directory"),
        ("tcp://127.0.0.1:1", "answers at tcp://127.0.0.1:1 .Connection refused"),
        ("nonsense://", "answers at nonsense:// "),
    ],
)
def test_where_none_answers_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, host: str, said: str
) -> None:
    """With the address."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ExecutorError, match=rf"no Docker engine {said}.*DOCKER_HOST"):
        connect()
    gc.collect()


def test_an_image_that_is_not_there(make: Callable[..., DockerExecutor]) -> None:
    """It is not fetched where that is not wished; else what hinders is said."""
    with pytest.raises(ExecutorError, match="machine: `docker pull leanopt-test:none` fetches it"):
        make(image="leanopt-test:none", pull="never").runtime()
    with pytest.raises(ExecutorError, match=r"127.0.0.1:1/none' cannot be fetched: .*refused"):
        make(image="127.0.0.1:1/none").runtime()
