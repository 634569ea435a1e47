"""LEAN in trouble that is not the strategy's: nothing of it is remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project, either

Run = Callable[..., str]

CASES = {
    "killed": ("worker died", "SIGKILL"),
    "killed-early": ("worker died", "SIGKILL"),
    "crash": ("worker died", "SIGABRT"),
    "unfinished": ("engine error", "the status 'Running'"),
    "too-slow": ("engine error", "Operation timed out - 5 minutes max"),
    "out-of-memory": ("engine error", "System.OutOfMemoryException"),
    "process-exit": ("no result", "exit code 3"),
    "runtime-error": ("strategy error", "planted: OnData throws"),
}
#: What the Launcher's harness tells beyond that.
LAUNCHERS = {
    "killed": ("worker died", "out of memory?"),
    "killed-early": ("worker died", "out of memory?"),
    "crash": ("worker died", "(SIGABRT) before the backtest completed"),
    "disk-full": ("engine error", "No space left on device"),
}
LASTING = 2
KILLED_ONCE = """#!/bin/sh
# The first LEAN of all is killed.
mkdir "{mark}" 2>/dev/null && kill -9 $$
exec "{dotnet}" "$@"
"""


@pytest.fixture
def told(run: Run) -> Callable[[], dict[str, tuple[str | None, str]]]:
    """Return what the store has of each case: the category, and the message."""

    def read() -> dict[str, tuple[str | None, str]]:
        trials = map(json.loads, run("export", "--to", "jsonl").splitlines())
        found = {one["parameters"]["case"]: one["backtests"]["default"] for one in trials}
        return {case: (one["failure"], one["message"] or "") for case, one in found.items()}

    return read


def _only(lean: Project, choices: str, rest: str = "") -> None:
    """Search a grid of these cases."""
    pipeline = lean.folder / "pipeline.toml"
    pipeline.write_text(
        pipeline.read_text().partition("[parameters]")[0]
        + f"[parameters]\nfast = 3\nslow = 60\n{choices}\n"
        '[fitness]\nuse = "statistic"\nstatistic = "Sharpe Ratio"\ndirection = "max"\n'
        f'[executor]\nworkers = 2\n{rest}\n[[stage]]\nuse = "grid"\n'
    )


@pytest.mark.long
@either
def test_only_what_the_strategy_did_is_remembered(run: Run, lean: Project, told, harness) -> None:
    """A second run has the rest backtested again, and comes to the same."""
    cases = {**CASES, **(LAUNCHERS if harness == "launcher" else {})}
    _only(lean, f"case = {{ choices = {json.dumps([*cases])} }}", "retries = 1")
    for again in (f"{len(cases)} backtests run", f"{len(cases) - LASTING} backtests run"):
        assert again in run("run", "pipeline.toml", "--again", "--allow-unread", code=5)
        found = told()
        assert {case: category for case, (category, _) in found.items()} == {
            case: category for case, (category, _) in cases.items()
        }
        for case, (_, reason) in cases.items():
            assert reason in found[case][1]


@either
def test_a_backtest_whose_lean_was_killed_is_done_again(
    run: Run, lean: Project, standin, tmp_path: Path, canonical
) -> None:
    """By a fresh harness; no trial changes."""
    _only(lean, "entry = { choices = [0, 4] }")
    run("run", "pipeline.toml")
    truth = canonical(lean.folder)
    programs = tmp_path / "programs"
    programs.mkdir()
    mark = tmp_path / "killed"
    program = programs / "dotnet"
    dotnet = standin.programs / "dotnet"
    program.write_text(KILLED_ONCE.format(mark=mark, dotnet=dotnet))
    program.chmod(0o755)
    (lean.folder / ".leanopt" / "leanopt.db").unlink()
    run("run", "pipeline.toml", PATH=f"{programs}:{lean.environment['PATH']}")
    assert mark.exists()
    assert canonical(lean.folder) == truth
