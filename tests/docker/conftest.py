"""A real Docker engine, and an image made here; without an engine these tests are skipped."""

from __future__ import annotations

import fcntl
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.options import DockerOptions


def _neighbour(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine that this user's `docker` command talks to."""
    try:
        engine = connect()
    except ExecutorError as error:
        pytest.skip(f"needs a Docker engine: {error}")
    yield engine
    engine.client.close()


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """The tag of an image with an interpreter; made once, whoever runs tests beside this."""
    with Path(tempfile.gettempdir(), "leanopt-test-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return str(_neighbour("image").image(engine.client))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that workers may read, whoever runs the tests."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
def make(folder: Path, image: str, engine: Engine) -> Iterator[Callable[..., DockerExecutor]]:
    """Make executors of the test's own project; afterwards nothing of it may be left."""
    made: list[DockerExecutor] = []

    def executor(**options: Any) -> DockerExecutor:
        made.append(DockerExecutor(DockerOptions(**{"image": image, **options}), folder))
        return made[-1]

    yield executor
    for one in made:
        one.close()
    mine = {"label": f"leanopt.project={folder}"}
    assert engine.client.containers(all=True, filters=mine) == []
    assert list((folder / ".leanopt" / "scratch").glob("*/")) == []
