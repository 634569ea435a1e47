"""A worker started in a shell, by the command that the executor names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.lines import launch


def test_the_command_starts_the_same_worker(
    make: Callable[..., DockerExecutor], folder: Path
) -> None:
    """It answers, has a scratch, and is shut off as workers are."""
    started = make(cpus=1.0).reproduce_command(launch(environment={"KIT": "{harness}/x"}))
    path = f"{started.placeholders['request']}/out.txt"
    asked = [
        {"id": "1", "do": "report", "names": ["KIT", "TZ"]},
        {"id": "2", "do": "write", "path": path, "text": "here"},
        {"id": "2", "do": "read", "path": path},
        {"id": "3", "do": "read", "path": "/proc/net/dev"},
        {"id": "4", "do": "read", "path": "/proc/self/status"},
    ]
    done = subprocess.run(
        started.command,
        input="".join(json.dumps(one) + "\n" for one in asked),
        cwd=folder,
        env={**os.environ, **started.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    told, _, read, network, status = map(json.loads, done.stdout.splitlines())
    assert told["environment"] == {"KIT": "/leanopt/harness/x", "TZ": "UTC"}
    assert read["text"] == "here"
    assert network["text"].count("\n") == 3, "there is more than a loopback"
    assert "NoNewPrivs:\t1" in status["text"]
    assert "CapEff:\t0000000000000000" in status["text"]


def test_any_folder_s_name_is_one(make: Callable[..., DockerExecutor], folder: Path) -> None:
    """Also where it means something in a line of CSV, as which `docker` reads a mount."""
    odd = folder / 'a,b "c", readonly=x'
    odd.mkdir()
    (odd / "file").write_text("there")
    started = make(mounts=(f"{odd}:/odd",)).reproduce_command(launch())
    asked = {"id": "1", "do": "read", "path": "/odd/file"}
    done = subprocess.run(
        started.command, input=f"{json.dumps(asked)}\n", capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["text"] == "there"


def test_the_image_is_there_by_its_id(
    make: Callable[..., DockerExecutor], engine: Engine, image: str
) -> None:
    """Its name may mean another one tomorrow."""
    command = make().reproduce_command(launch()).command
    assert engine.client.inspect_image(image)["Id"] in command
    assert image not in command
