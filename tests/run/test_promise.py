"""The promise: the trials of a run do not depend on how it was executed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stored import told

Canonical = Callable[..., str]


@pytest.fixture
def fresh(project: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy the project without its store."""

    def copy(name: str) -> Path:
        ignored = shutil.ignore_patterns(".leanopt")
        return Path(shutil.copytree(project, tmp_path / name, ignore=ignored))

    return copy


@pytest.mark.long
def test_the_dump_holds_what_the_promise_covers(truth: str) -> None:
    """Trials of both stages, failures by category, nothing of where they ran."""
    assert '"stage":"lhs"' in truth
    assert '"stage":"random"' in truth
    assert '"strategy error"' in truth
    for word in ("seconds", 'worker"', "attempt", "message", "key", "no trading"):
        assert word not in truth


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.long), "7"])
def test_any_number_of_workers_with_random_delays(
    fresh, leanopt, canonical: Canonical, truth: str, workers: str
) -> None:
    """Whoever ends first, the trials are the same to the byte."""
    folder = fresh(f"workers-{workers}")
    leanopt(folder, "run", "pipeline.toml", "--workers", workers, HILL_DELAY="0.03")
    assert canonical(folder) == truth


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"PYTHONHASHSEED": "1"}, marks=pytest.mark.long),
        pytest.param(
            {"PYTHONHASHSEED": "4242", "LC_ALL": "C", "TZ": "Pacific/Kiritimati"},
            marks=pytest.mark.long,
        ),
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
        pytest.param({"PYTHONUTF8": "0", "OMP_NUM_THREADS": "4"}, marks=pytest.mark.long),
    ],
    ids=["hash seed", "locale C", "Turkish", "threads"],
)
def test_any_environment(fresh, leanopt, canonical: Canonical, truth: str, environment) -> None:
    """Hash seed, locale and time zone decide nothing."""
    folder = fresh("elsewhere")
    # An interpreter reads these when it starts.
    leanopt(folder, "run", "pipeline.toml", process=True, **environment)
    assert canonical(folder) == truth


@pytest.mark.long
def test_a_warm_cache(fresh, leanopt, canonical: Canonical, shown, truth: str) -> None:
    """What an earlier run backtested is answered from the store, and changes no trial."""
    folder = fresh("warm")
    leanopt(folder, "run", "pipeline.toml", "--set", "stage.1.trials=10")
    before = shown(folder)["backtests"]["run"]
    leanopt(folder, "run", "pipeline.toml")
    backtests = shown(folder)["backtests"]
    assert backtests["from_cache"] == before
    assert canonical(folder) == truth
    leanopt(folder, "run", "pipeline.toml", "--again")
    assert shown(folder)["backtests"]["run"] == 0
    assert canonical(folder) == truth


def _wait_for(condition: Callable[[], bool], process) -> None:
    """Wait until something holds; fails where the process ends before."""
    while not condition():
        assert process.poll() is None, process.communicate()[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "at", [30, *(pytest.param(at, marks=pytest.mark.long) for at in (1, 13, 60))]
)
def test_killed_and_resumed(
    fresh, leanopt, start, canonical: Canonical, processes_of, truth: str, at: int
) -> None:
    """A kill -9 at any moment loses no told trial, leaves no process, and changes nothing."""
    folder = fresh(f"killed-{at}")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.05")
    _wait_for(lambda: told(folder) >= at, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = told(folder)
    assert before >= at
    while processes_of(folder):
        pass
    leanopt(folder, "run", "pipeline.toml", "--resume", "--workers", "3")
    assert canonical(folder) == truth
    # The same run went on; no second one was made.
    assert leanopt(folder, "runs").stdout.count("hill-") == 1


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed(
    fresh, leanopt, start, canonical: Canonical, shown, processes_of, truth: str, number
) -> None:
    """A signal ends the run in good order, exit code 130, and everything finished is kept."""
    folder = fresh("interrupted")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.05")
    _wait_for(lambda: told(folder) >= 10, process)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert processes_of(folder) == []
    report = shown(folder)
    assert report["state"] == "interrupted"
    assert report["trials"]["completed"] >= 10
    leanopt(folder, "run", "pipeline.toml", "--resume")
    assert canonical(folder) == truth
    assert shown(folder)["state"] == "finished"


@pytest.mark.long
def test_a_run_that_is_at_work_is_not_resumed_by_another_process(
    project: Path, leanopt, start
) -> None:
    """Two processes never work at one run."""
    process = start(project, "run", "pipeline.toml", HILL_DELAY="2")
    _wait_for(lambda: told(project) >= 1, process)
    for command in (("run", "pipeline.toml"), ("run", "pipeline.toml", "--resume"), ("resume",)):
        second = leanopt(project, *command, check=False, HILL_DELAY="2")
        assert second.returncode == 8
        assert second.stderr == (
            "leanopt: run hill-1 is still running in another process; "
            "watch it with `leanopt watch hill-1`\n"
        )


@pytest.mark.long
def test_resume_says_what_differs(project: Path, leanopt, start) -> None:
    """Another plan is not continued; the error lists the difference."""
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.1")
    _wait_for(lambda: told(project) >= 1, process)
    process.send_signal(signal.SIGINT)
    process.communicate()
    changed = ("--set", "stage.1.patience=50", "--seed", "8")
    second = leanopt(project, "run", "pipeline.toml", "--resume", *changed, check=False)
    assert second.returncode == 8
    assert "hill-1 differs in\n" in second.stderr
    assert "  seed: 7, now 8\n" in second.stderr
    assert "  stages.1.patience: 40, now 50\n" in second.stderr


def test_nothing_to_resume(project: Path, leanopt) -> None:
    """There is no run yet, or only finished ones."""
    first = leanopt(project, "run", "pipeline.toml", "--resume", check=False)
    assert first.returncode == 8
    assert "there is no unfinished run of 'hill'" in first.stderr


@pytest.mark.long
def test_a_timeout_is_recorded_and_replayed(
    project: Path, leanopt, canonical: Canonical, shown
) -> None:
    """What load can change is durable before it is told; a later run asks again."""
    strategy = project / "strategy.py"
    text = strategy.read_text()
    strategy.write_text(text.replace("    if (x", "    while x == 30:\n        pass\n    if (x"))
    short = ("--set", "executor.time_limit=1s", "--set", "stage.1.trials=20")
    leanopt(project, "run", "pipeline.toml", *short)
    first = canonical(project)
    assert '"timeout"' in first
    assert shown(project)["trials"]["failures"]["timeout"] >= 1
    leanopt(project, "run", "pipeline.toml", "--again", *short)
    # The timeouts of the first run do not answer the second.
    assert shown(project)["backtests"]["run"] == shown(project)["trials"]["failures"]["timeout"]
    assert canonical(project) == first
