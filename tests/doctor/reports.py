"""What `leanopt doctor` said, and a small project to run it on."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import image as images
from attrs import frozen

TESTS = Path(__file__).resolve().parents[1]
LEANOPT = Path(sys.executable).with_name("leanopt")
MEMBERS = {"name", "status", "what", "fix"}
SKIPPED = "skipped (requires "

STRATEGY = '''
import os
import sys
import time
from pathlib import Path

from leanopt_harness import Result, backtest

if Path(__file__).with_name("dying").exists() and "serve" in sys.argv:
    os._exit(3)


@backtest
def run(parameters, scenario):
    """Waits where there is a gate."""
    while scenario.gate and not Path(scenario.gate).exists():
        time.sleep(0.005)
    return Result({"Net Profit": parameters["x"], "Total Orders": 9})
'''
PIPELINE = """
name = "small"

[strategy]
entry = "strategy.py:run"
data = "data"

[scenario]
gate = ""

[parameters]
x = { min = 1, max = 10 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 1

[[stage]]
use = "random"
trials = 4
"""


@frozen
class Report:
    """What doctor said, as JSON; `lines` has every check's lines by its name."""

    code: int
    names: list[str]
    lines: dict[str, list[dict[str, str | None]]]

    def one(self, name: str) -> dict[str, str | None]:
        """Return a check's only line."""
        (line,) = self.lines[name]
        return line

    def not_ok(self) -> set[str]:
        """Return the names of the checks that are not ok."""
        return {
            name
            for name, lines in self.lines.items()
            if any(line["status"] != "ok" for line in lines)
        }

    def blocked(self) -> set[str]:
        """Return the names of the checks that another one kept from looking."""
        return {
            name
            for name, lines in self.lines.items()
            if (lines[0]["what"] or "").startswith(SKIPPED)
        }


Doctor = Callable[..., Report]


def works(*command: str) -> bool:
    """Say whether a command succeeds here."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def made(client: Any, extra: Mapping[str, Path | bytes] | None = None) -> str:
    """Return an image with an interpreter; made once, whoever runs tests beside this."""
    with Path(tempfile.gettempdir(), "leanopt-test-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return str(images.image(client, extra))
