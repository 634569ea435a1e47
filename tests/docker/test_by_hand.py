"""A worker started by hand, by the command that the executor names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.testing.lines import launch


def test_the_command_starts_the_same_worker(
    make: Callable[..., DockerExecutor], folder: Path
) -> None:
    """It answers, has a scratch, and is shut off as workers are."""
    manual = make(cpus=1.0).manual(launch(environment={"KIT": "{harness}/x"}))
    path = f"{manual.places['request']}/out.txt"
    asked = [
        {"id": "1", "do": "report", "names": ["KIT", "TZ"]},
        {"id": "2", "do": "write", "path": path, "text": "here"},
        {"id": "2", "do": "read", "path": path},
        {"id": "3", "do": "read", "path": "/proc/net/dev"},
        {"id": "4", "do": "read", "path": "/proc/self/status"},
    ]
    done = subprocess.run(
        manual.command,
        input="".join(json.dumps(one) + "\n" for one in asked),
        cwd=folder,
        env={**os.environ, **manual.environment},
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
