"""A real Docker engine, and an image made here; without an engine these tests are skipped."""

from __future__ import annotations

import fcntl
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.settings import DockerOptions

sys.path.insert(0, str(Path(__file__).parent))
import image as images

from tests.projects import lay


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """The tag of an image with an interpreter; made once, whoever runs tests beside this."""
    with Path(tempfile.gettempdir(), "leanopt-test-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return images.image(engine.client)


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


#: Deterministic in its parameters; each point takes another time. Some trials fail.
STRATEGY = '''
import os
import time
from random import Random

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """A hill with holes in it."""
    x, y = parameters["x"], parameters["y"]
    time.sleep(Random(f"{x} {y}").random() * float(os.environ.get("HILL_DELAY", "0")))
    if x % 13 == 0:
        raise ValueError(f"no trading at x = {x}")
    profit = 1 - (x / 40 - 0.6) ** 2 - (y - 0.3) ** 2
    return Result({"Net Profit": profit, "Drawdown": 0.1 + 0.2 * y, "Total Orders": 2 * x})
'''

PIPELINE = """
name = "hill"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
x = {{ min = 1, max = 40, step = 1 }}
y = {{ min = 0.0, max = 1.0, step = 0.05 }}

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[executor]
workers = 2
{executor}

[[stage]]
use = "random"
trials = 60
"""


@pytest.fixture
def hill(folder: Path, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Make a project: a folder with the hill, its workers in containers of the tests' image."""

    def made(
        name: str = "hill", executor: str = "", *, delay: float = 0.0, image: str | None = None
    ) -> Path:
        project = folder / name
        project.mkdir(mode=0o755)
        (project / "strategy.py").write_text(STRATEGY)
        used = image or request.getfixturevalue("image")
        environment = f'environment = {{ HILL_DELAY = "{delay}" }}'
        containers = f'use = "docker"\nimage = "{used}"\n{environment}\n{executor}'
        (project / "pipeline.toml").write_text(PIPELINE.format(executor=containers))
        return project

    return made


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt) -> str:
    """The canonical dump of an undisturbed run of the hill by bare processes."""
    project = tmp_path_factory.mktemp("truth")
    lay(project, STRATEGY, PIPELINE.format(executor=""))
    leanopt(project, "run", "pipeline.toml")
    dump = str(leanopt(project, "export", "--to", "jsonl", "--canonical").stdout)
    assert '"strategy error"' in dump
    return dump


@pytest.fixture
def containers(engine: Engine) -> Callable[[Path], list[dict[str, Any]]]:
    """List the containers of a project, in any state."""

    def listed(project: Path) -> list[dict[str, Any]]:
        mine = {"label": f"leanopt.project={project}"}
        return list(engine.client.containers(all=True, filters=mine))

    return listed
