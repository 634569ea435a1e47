"""What happens to a run from outside: its store removed, a method that thinks for ever."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.stored import told


@pytest.mark.long
def test_a_store_that_is_removed_in_mid_run_is_no_success(project: Path, start) -> None:
    """Exit code 7, and the path."""
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.1")
    while told(project) < 5:
        assert process.poll() is None, process.communicate()[1]
    shutil.rmtree(project / ".leanopt")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 7, errors
    store = project / ".leanopt" / "leanopt.db"
    assert f"{store}: the store was removed or replaced while it was in use" in errors
    assert "Traceback" not in errors


@pytest.mark.long
def test_a_method_that_searches_for_ever_can_be_stopped(project: Path, start, shown) -> None:
    """A constraint that leaves next to nothing of 10^30 points; one Ctrl-C ends the run."""
    axes = "\n".join(f"p{i} = {{ min = 0, max = 9, step = 1 }}" for i in range(30))
    rule = " and ".join(f"p{i} == 1" for i in range(12))
    text = (project / "pipeline.toml").read_text()
    text = text.replace('parameters = ["x + 10 * y >= 3"]', f'parameters = ["{rule}"]')
    text = text.replace("[constraints]", f"{axes}\n\n[constraints]")
    text = text.replace('use = "lhs"', 'use = "random"\nname = "first"')
    (project / "pipeline.toml").write_text(text)
    process = start(project, "run", "pipeline.toml")
    assert process.stderr is not None
    for line in process.stderr:
        if "stage first begins" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert shown(project)["state"] == "interrupted"
