"""A real search by real LEAN: its trials do not depend on where and how it runs.

LEANOPT_TRIALS sets the number of trials (default: 40).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leanopt_core.executors.docker.engine import Engine
from tests.lean_real.in_image import image
from tests.lean_real.searches import TRIALS, Search, Start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processes(searching, local: tuple[str, ...]) -> Search:
    """The search of the example in C# by processes."""
    return searching("lean", *local)


@pytest.fixture(scope="module")
def published(launcher: Path, engine: Engine) -> str:
    """Have containers of an image laid out as LEAN's own run backtests."""
    made = image(engine.client, launcher, Path(os.environ["LEAN_DATA"]))
    return f"executor.image={made}"


@pytest.fixture(scope="module")
def containers(searching, published: str) -> Search:
    """The search of the example in C# by containers."""
    return searching("lean", published)


@pytest.fixture(scope="module")
def truth(processes: Search) -> str:
    """The canonical dump of an undisturbed search by two processes."""
    dump = processes.run(2)
    assert dump.count('"parameters"') == TRIALS
    return dump


def test_one_process(processes: Search, truth: str) -> None:
    """One worker finds what two find."""
    assert processes.run(1) == truth


def test_killed_processes(processes: Search, truth: str, start: Start) -> None:
    """A search that was killed and resumed is the same."""
    assert processes.run_killed(start, TRIALS // 3) == truth


@pytest.mark.parametrize("workers", [1, 2])
def test_containers(containers: Search, truth: str, workers: int) -> None:
    """Containers find what processes find."""
    assert containers.run(workers) == truth


def test_killed_containers(containers: Search, truth: str, start: Start) -> None:
    """So does a search in containers that was killed and resumed."""
    assert containers.run_killed(start, TRIALS // 3) == truth


@pytest.mark.usefixtures("library")
def test_python(searching, local: tuple[str, ...], published: str) -> None:
    """A strategy in Python gives the same by processes and by containers."""
    contained = searching("lean-python", published)
    assert searching("lean-python", *local).run(2) == contained.run(2)
