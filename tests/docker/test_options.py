"""What `[executor]` takes for containers, and what it refuses; no engine is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leanopt_core.executors.docker.settings import DockerOptions

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
        ('mounts = ["a:/leanopt/data"]', "/leanopt is reserved for leanopt"),
        ('devices = ["nvidia0"]', '"/dev/nvidia0"'),
        ('environment = { "A=B" = "1" }', "no name of a variable"),
        ('image = "UPPER CASE:bad tag"', "executor.image"),
        ('image = "Upper"', "executor.image"),
        ('image = "a:b:c"', "executor.image"),
        (f'image = "{"a" * 256}"', "executor.image"),
        ("cpus = 0.001", "executor.cpus: found 0.001"),
        ("user = 4294967294", "executor.user: found 4294967294"),
        ('mounts = ["a:/"]', "nothing can be put on / "),
        ('mounts = ["a:/./"]', "nothing can be put on / "),
        ('mounts = ["a:/proc"]', "nothing can be put on /proc "),
        ('mounts = ["a://proc/x"]', "nothing can be put on /proc/x "),
        ('mounts = ["a:/dev:rw"]', "nothing can be put on /dev "),
        ('mounts = ["a:/x", "b:/x/:rw"]', '"a:/x" and "b:/x/:rw" have one path inside'),
        ('mounts = ["a:/tmp/../leanopt/data"]', '".."'),
        ('mounts = ["a://leanopt/data"]', "/leanopt is reserved for leanopt"),
        ('mounts = ["a:/./leanopt"]', "/leanopt is reserved for leanopt"),
        ('mounts = ["a\\u0000:/x"]', "NUL"),
        ('devices = ["/dev/../etc/passwd"]', '".."'),
        ('devices = ["/dev/null:/dev/x:q"]', '"/dev/a:/dev/b:r"'),
        ('devices = ["/dev/null:/dev/x:r:w"]', '"/dev/a:/dev/b:r"'),
        ('devices = ["/dev/null:/leanopt/x"]', "/leanopt is reserved for leanopt"),
        ('environment = { A = "1\\u00002" }', "value of A has a NUL"),
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


@pytest.mark.parametrize(
    "image",
    [
        "python:3.13-slim",
        "0123456789ab",
        f"sha256:{'0a' * 32}",
        f"quantconnect/lean:latest@sha256:{'0a' * 32}",
        "localhost:5000/a__b/c-d.e:V_1.0-x",
        "Registry.example.org/deep/er/name",
        "[::1]:5000/name",
    ],
)
def test_an_image_by_any_of_its_names(image: str) -> None:
    """With a registry, a tag, a digest; or by its id."""
    assert DockerOptions(image=image).image == image


def test_listing_options_loads_no_sdk() -> None:
    """Nor does starting the command."""
    code = (
        "import sys; import leanopt_core.builtins, leanopt_core.cli;"
        "sys.exit('docker' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
