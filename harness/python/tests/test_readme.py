"""The README's strategy, run as the README says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from leanopt_harness import Result, Scenario

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(label: str) -> str:
    """Return the text of the one fenced block with this label."""
    (text,) = re.findall(rf"^```{re.escape(label)}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_strategy_answers_as_shown(tmp_path: Path) -> None:
    """By the command of the page; statistics are picked out, time and digits aside."""
    (tmp_path / "strategy.py").write_text(block("python file=strategy.py"))
    command = block("console").removeprefix("$ ").replace("\n> ", "\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        check=True,
    )
    found, shown = json.loads(done.stdout), json.loads(block("json answer"))
    assert list(found) == list(shown)
    assert found["statistics"].items() >= shown.pop("statistics").items()
    assert shown.pop("seconds") >= 0
    assert found.items() >= shown.items()


def test_the_tables_list_every_field() -> None:
    """Of Scenario and Result."""
    listed = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\|.*\|$", README, re.MULTILINE))))
    assert {field.name for field in fields(Scenario)} - {"extras"} <= listed
    assert {field.name for field in fields(Result)} <= listed
