"""Streams that are closed, full or read by nobody, and signals at any moment of a run."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import set_pace

pytestmark = pytest.mark.long  # `make test` runs a few of them

LEANOPT = Path(sys.executable).with_name("leanopt")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: For tests in which the signals only repeat one another.
ALIKE = (SIGNALS[0], *(pytest.param(one, marks=pytest.mark.long) for one in SIGNALS[1:]))
FULL = "leanopt: standard output cannot be written: No space left on device\n"
#: How long something may take to come, in seconds.
PATIENCE = 60.0

Start = Callable[..., subprocess.Popen[str]]

#: Touches `begun`, then waits for ever where it is imported to be prepared.
STUCK = """
from pathlib import Path
import threading
Path(__file__).with_name("begun").touch()
threading.Event().wait()
"""

#: A plugin that never returns; `hanging` says that it has been called.
HANGING = """
from pathlib import Path
import threading
from leanopt_core.api import hookimpl
from leanopt_core.specs import SinkSpec


def hang():
    Path("hanging").touch()
    threading.Event().wait()


class Sink:
    def __init__(self, options, project):
        self.start = self.trial = self.stage = lambda *arguments: None
        self.finish = lambda state: hang()


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_sinks():
    return [SinkSpec("hanging", "hanging:Sink")]
"""

ASKED = """

@hookimpl
def leanopt_should_stop(run):
    hang()
"""


def shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in a folder; `leanopt` is the installed command."""
    path = os.pathsep.join((str(LEANOPT.parent), os.environ["PATH"]))
    set_pace(folder, ("run",), environment)
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, check=False, timeout=PATIENCE * 5,
    )  # fmt: skip


def until(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is there; the process must not end before."""
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()


def nothing_left(folder: Path) -> bool:
    """Say whether no scratch folder is left."""
    return [path.name for path in (folder / ".leanopt" / "scratch").iterdir()] == ["lock"]


@pytest.fixture
def finished(project: Path, leanopt) -> Path:
    """A project with one finished run."""
    leanopt(project, "run", "pipeline.toml")
    return project


def test_a_reader_of_the_progress_that_goes_away_ends_no_run(
    project: Path, shown, canonical
) -> None:
    """Before anything was read of it; the run is the same as any other."""
    line = "{ leanopt run pipeline.toml 2>&1 >page; echo $? >code; } | true"
    shell(project, line, HILL_DELAY="0.05")
    assert (project / "code").read_text() == "0\n"
    assert (project / "page").read_text().startswith("run hill-1: finished")
    assert shown(project)["state"] == "finished"
    told = canonical(project)
    shell(project, "leanopt run pipeline.toml --again >page 2>/dev/full; echo $? >code")
    assert (project / "code").read_text() == "0\n"
    assert canonical(project) == told


def test_a_reader_of_the_result_that_goes_away_leaves_the_exit_code(project: Path, start) -> None:
    """A run that finished ends with 0, one that was interrupted does not."""
    gone = shell(project, "leanopt run pipeline.toml --set stage.1.trials=1 | true; "
                 "echo ${PIPESTATUS[0]}")  # fmt: skip
    assert gone.stdout == "0\n"
    assert "Traceback" not in gone.stderr
    process = start(project, "run", "pipeline.toml", "--seed", "3", HILL_DELAY="0.3")
    process.stdout.close()
    until(lambda: bool(select.select([process.stderr], [], [], 0)[0]), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.smoke
@pytest.mark.parametrize("command", ["export", "runs", "show", "runs --json", "--help", "plugins"])
def test_a_full_standard_output_is_one_line(finished: Path, command: str) -> None:
    """With exit code 1; a closed one is no trouble."""
    full = shell(finished, f"leanopt {command} >/dev/full")
    assert (full.returncode, full.stderr) == (1, FULL)
    closed = shell(finished, f"leanopt {command} >&-")
    assert (closed.returncode, closed.stderr) == (0, "")


def test_a_run_with_full_or_closed_streams(project: Path, shown) -> None:
    """It is told that the page could not be printed; what was stored stays."""
    full = shell(project, "leanopt run pipeline.toml >/dev/full")
    assert full.returncode == 1
    assert full.stderr.endswith("\n" + FULL)
    assert shown(project)["state"] == "finished"
    closed = shell(project, "leanopt run pipeline.toml --again 2>&-")
    assert closed.returncode == 0
    assert closed.stdout.startswith("run hill-2: finished")
    closed = shell(project, "leanopt run pipeline.toml --again <&- >&- 2>&-")
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")
    assert shown(project)["run"] == "hill-3"
    assert shown(project)["state"] == "finished"


def test_a_log_on_a_full_disk_is_a_warning(project: Path, leanopt) -> None:
    """Once; the run goes on."""
    completed = leanopt(project, "run", "pipeline.toml", "--log", "/dev/full")
    warning = "warning: /dev/full cannot be written any more: No space left on device\n"
    assert completed.stderr.count("/dev/full") == 1
    assert warning in completed.stderr
    assert completed.stdout.startswith("run hill-1: finished")


@pytest.mark.parametrize("number", ALIKE)
def test_signals_one_after_another_are_one_wish(
    project: Path, start: Start, shown, number: signal.Signals
) -> None:
    """However many come while the run ends; nothing is left, and it can be resumed."""
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.2")
    assert "stage lhs begins" in next(process.stderr)
    while process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Exception" not in errors
    assert shown(project)["state"] == "interrupted"
    assert nothing_left(project)


def test_under_nohup_the_end_of_the_terminal_is_ignored(project: Path, start: Start) -> None:
    """As nohup asks; SIGTERM still ends the run."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start(project, "run", "pipeline.toml", HILL_DELAY="0.1")
    finally:
        signal.signal(signal.SIGHUP, before)
    next(process.stderr)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=PATIENCE) == 0


@pytest.mark.alike(1)
@pytest.mark.smoke
@pytest.mark.parametrize("number", ALIKE)
def test_a_signal_before_the_run_begins(
    project: Path, start: Start, number: signal.Signals
) -> None:
    """No run is stored, and the prepared part is tidied away."""
    strategy = project / "strategy.py"
    strategy.write_text(STUCK + strategy.read_text())
    process = start(project, "run", "pipeline.toml")
    until((project / "begun").exists, process)
    process.send_signal(number)
    page, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, page, errors) == (130, "", "")
    assert nothing_left(project)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["stop hook", "sink"])
def test_what_hangs_after_a_signal_is_left_by_a_later_one(
    project: Path, start: Start, tmp_path: Path, shown, what: str
) -> None:
    """In the search, or after it: the store is told that the run ended, without a traceback."""
    site = tmp_path / "site" / "hanging-1.0.dist-info"
    site.mkdir(parents=True)
    (site.parent / "hanging.py").write_text(HANGING + (ASKED if what == "stop hook" else ""))
    with (project / "pipeline.toml").open("a") as file:
        file.write('\n[[sink]]\nuse = "hanging"\n' if what == "sink" else "")
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 1.0\n")
    (site / "entry_points.txt").write_text("[leanopt]\nhanging = hanging\n")
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.2", PYTHONPATH=str(site.parent))
    next(process.stderr)
    if what == "sink":
        process.send_signal(signal.SIGTERM)
    until((project / "hanging").exists, process)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert shown(project)["state"] == "interrupted"
    assert nothing_left(project)


@pytest.mark.parametrize("number", ALIKE)
def test_a_signal_while_the_result_is_printed(
    project: Path, start: Start, shown, number: signal.Signals
) -> None:
    """Nobody reads, and the page is longer than what a pipe holds. What was stored stays."""
    strategy = (project / "strategy.py").read_text()
    many = '**{"s" * 40 + str(i): float(i) for i in range(3000)}, "Net Profit":'
    (project / "strategy.py").write_text(strategy.replace('"Net Profit":', many))
    process = start(project, "run", "pipeline.toml", "--json", "--set", "stage.1.trials=1")
    until(lambda: bool(select.select([process.stdout], [], [], 0)[0]), process)
    process.send_signal(number)
    assert process.wait(timeout=PATIENCE) == 130
    assert "Traceback" not in process.stderr.read()
    assert shown(project)["state"] == "finished"
