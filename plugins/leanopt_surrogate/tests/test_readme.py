"""The README's pipeline works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long  # `make test` runs a few of them


@pytest.mark.slow
def test_the_pipeline_of_the_readme(tmp_path: Path) -> None:
    """Its files, as they stand there, are a search that finds something."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"^```\w+ file=(\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert {name for name, _ in files} == {"pipeline.toml", "strategy.py"}
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from leanopt_core.cli import main; main()",
        "run",
        "pipeline.toml",
    ]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"surrogate +surrogate +80 +80 ", ended.stdout)
    # The best of 54,000 points or a step beside it, which differ by less than a thousandth.
    assert re.search(r"^ *1 .* trail +2[012] +1(25|30|35) +0.04 ", ended.stdout, re.MULTILINE)
