"""What a pipeline's executor may do: start late, refuse for now, work in several places."""

from __future__ import annotations

from pathlib import Path

# Imports at once where it is prepared, never where it serves.
LATE = """
import signal
import sys

if "serve" in sys.argv:
    signal.pause()
"""


def test_a_worker_that_starts_too_late_is_given_up(project: Path, leanopt) -> None:
    """After `[executor] start_limit`, which the message names."""
    strategy = project / "strategy.py"
    strategy.write_text(LATE + strategy.read_text())
    sets = ("--set", "executor.start_limit=0.3s", "--workers", "1")
    completed = leanopt(project, "run", "pipeline.toml", *sets, check=False)
    assert completed.returncode == 6
    assert "it said no hello within 0.3 s (executor.start_limit)" in completed.stderr
