"""The work that every contender does: the same strategy, image and harness for all."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from attrs import frozen

from leanopt_core.engines.base import Build, PrepareContext
from leanopt_core.engines.python import PythonEngine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.options import PythonStrategy
from leanopt_core.space import Value
from leanopt_core.work import Backtest, Scenario

STRATEGY = '''
import time

from leanopt_harness import Result, backtest

WORKER = time.monotonic()


@backtest
def run(parameters, scenario):
    """Take so much of a processor, or of the clock, and tell from when to when."""
    begun = time.monotonic()
    until = time.thread_time() + parameters["busy"]
    while time.thread_time() < until:
        pass
    time.sleep(parameters["asleep"])
    return Result({"worker": WORKER, "begun": begun, "ended": time.monotonic()})
'''

_IMAGE = Path(__file__).parents[2] / "tests" / "docker" / "image.py"


@frozen
class Work:
    """What one backtest takes: seconds of a processor, or of waiting."""

    busy: float = 0.0
    asleep: float = 0.0

    def backtest(self, number: int) -> Backtest:
        """Return it as leanopt asks for it."""
        parameters: dict[str, Value] = {
            "busy": Decimal(str(self.busy)),
            "asleep": Decimal(str(self.asleep)),
        }
        return Backtest(str(number), parameters, Scenario())


@frozen
class Project:
    """A strategy's folder and the image that it runs in."""

    folder: Path
    image: str

    @property
    def options(self) -> DockerOptions:
        """Return the executor's options: all as they are by default."""
        return DockerOptions(image=self.image, pull="never")

    def prepared(self) -> Prepared:
        """Return what is ready to start workers."""
        executor = DockerExecutor(self.options, self.folder)
        engine = PythonEngine(PythonStrategy("strategy.py:run"), self.folder)
        try:
            build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext())
        except BaseException:
            executor.close()
            raise
        return Prepared(executor, engine, build)


@frozen
class Prepared:
    """An executor that has looked around, and a strategy that was imported once."""

    executor: DockerExecutor
    engine: PythonEngine
    build: Build

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.executor.close()


@contextmanager
def project(image: str) -> Iterator[Project]:
    """Yield a project in a folder that workers may read, whoever they are."""
    with TemporaryDirectory(prefix="leanopt-bench-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        (path / "strategy.py").write_text(STRATEGY)
        (path / "inside.py").write_bytes(Path(__file__).with_name("inside.py").read_bytes())
        yield Project(path, image)


def image(client: Any) -> str:
    """Return the image of the tests, made without any network unless it is there."""
    spec = importlib.util.spec_from_file_location("image", _IMAGE)
    if spec is None or spec.loader is None:
        raise ImportError(f"{_IMAGE} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.image(client))
