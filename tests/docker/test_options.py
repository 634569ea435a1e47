"""What `[executor]` takes for containers, and what it refuses; no engine is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """
name = "one"
[strategy]
entry = "strategy.py:run"
[parameters]
x = {{ min = 1, max = 2, step = 1 }}
[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"
[executor]
use = "docker"
{option}
[[stage]]
use = "grid"
"""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ('image = ""', "executor.image"),
        ('pull = "sometimes"', 'executor.pull: found "sometimes", expected "missing"'),
        ("cpus = 0", "executor.cpus"),
        ("pids_limit = 3", "executor.pids_limit: found 3"),
        ('scratch = "disk"', "executor.scratch"),
        ("user = 0", "executor.user: found 0"),
        ('mounts = ["more"]', '"FOLDER:/PLACE"'),
        ('mounts = ["a:/b:rwx"]', '"FOLDER:/PLACE"'),
        ('mounts = ["a:/leanopt/data"]', "/leanopt is leanopt's own place"),
        ('devices = ["nvidia0"]', '"/dev/nvidia0"'),
        ('environment = { "A=B" = "1" }', "no name of a variable"),
        ("cpu = 1", "did you mean"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, leanopt, option: str, said: str) -> None:
    """With its key, before any engine is asked."""
    (tmp_path / "pipeline.toml").write_text(PIPELINE.format(option=option))
    (tmp_path / "strategy.py").write_text("")
    done = leanopt(tmp_path, "check", "pipeline.toml", check=False, DOCKER_HOST="unix:///none")
    assert done.returncode == 3
    assert said in done.stderr


def test_listing_options_loads_no_sdk() -> None:
    """Nor does starting the command."""
    code = (
        "import sys; import leanopt_core.builtins, leanopt_core.cli;"
        "sys.exit('docker' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
