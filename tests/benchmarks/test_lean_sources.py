"""The count over LEAN's own algorithms, tried on a few: what is missed is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """class Trend(QCAlgorithm):
    def initialize(self):
        self.set_start_date(2013, 10, 7)
        self.get_parameter("fast", 10)
"""
DEAD = """class Gone(Trend):
    pass


class Trend(QCAlgorithm):
    pass


class Zulu(QCAlgorithm):
    def initialize(self):
        self.get_parameter(self.time.ctime())
"""


@pytest.mark.long
def test_what_is_found_and_what_is_missed(tmp_path: Path) -> None:
    """Shares of both languages; a file of several algorithms is none that is understood."""
    for name in ("Algorithm.CSharp", "Algorithm.Python"):
        (tmp_path / name).mkdir()
    real = ROOT / "tests" / "lean-results" / "EmaBands.cs"
    (tmp_path / "Algorithm.CSharp" / "EmaBands.cs").write_bytes(real.read_bytes())
    (tmp_path / "Algorithm.CSharp" / "All.csproj").touch()
    (tmp_path / "Algorithm.Python" / "Trend.py").write_text(PYTHON)
    (tmp_path / "Algorithm.Python" / "Several.py").write_text(DEAD)
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "lean_sources.py", tmp_path, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)["figures"]
    assert figures["csharp_found_percent"] == figures["csharp_named_percent"] == 100
    assert figures["csharp_parameters"] == 10
    assert figures["csharp_planted_percent"] == figures["python_planted_percent"] == 100
    assert figures["csharp_planted"] > 0 < figures["python_planted"]
    assert figures["csharp_pipelines"] == figures["python_pipelines"] == 1
    assert figures["python_files"] == figures["python_algorithms"] == 2
    assert figures["python_found_percent"] == figures["python_named_percent"] == 50
    assert "python: Several.py: " in done.stderr
    assert "has several algorithms: Gone (Several.py:1), " in done.stderr
