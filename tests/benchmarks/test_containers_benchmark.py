"""Containers beside each other: small on a real engine, and without one nothing is made up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine, connect

ROOT = Path(__file__).parents[2]
RATES = {f"{kind}_per_s_{w}" for kind in ("warm", "container", "process") for w in (1, 2, 4)}
SHARES = {"share_10ms", "share_100ms", "share_1s"}
LIVES = {f"{part}_s_{count}" for part in ("first", "start", "stop") for count in (1, 4, 16)}


def measured(*arguments: str, **environment: str) -> tuple[dict[str, Any], str]:
    """Run it as a user does; return what its last line says, and what it told."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "containers.py"), "--json", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def engine() -> Engine:
    """The engine that the benchmark will use."""
    try:
        engine = connect()
    except ExecutorError as error:
        pytest.skip(f"needs a Docker engine: {error}")
    engine.client.close()
    return engine


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.usefixtures("engine")
def test_a_small_one_prints_its_figures(tmp_path: Path) -> None:
    """Rates and times are above zero, shares no more than all; nothing is left."""
    small = ("--quick", "--seconds", "0.1", "--most", "1")
    printed, _ = measured(*small, TMPDIR=str(tmp_path))
    figures = printed["figures"]
    assert printed["benchmark"] == "containers"
    assert set(figures) == RATES | SHARES | LIVES
    left_out = {name for name in RATES | LIVES if not name.endswith("_1")}
    assert {name for name, value in figures.items() if value is None} == left_out
    assert all(value > 0 for value in figures.values() if value is not None)
    assert all(figures[name] <= 1 for name in SHARES)
    assert list(tmp_path.iterdir()) == []


def test_without_an_engine_no_figure_is_made_up(tmp_path: Path) -> None:
    """Every one is null, and standard error says what to do."""
    printed, told = measured(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert set(printed["figures"].values()) == {None}
    assert f"no Docker engine answers at unix://{tmp_path}/none.sock" in told
