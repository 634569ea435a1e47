"""The search of an example by real LEAN, in a folder of its own for each run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from attrs import field, frozen

from tests.stored import told

TRIALS = int(os.environ.get("LEANOPT_TRIALS", "40"))
#: In seconds: to start and compile on a busy machine, and for all trials.
LIMIT = 600 + 5 * TRIALS

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


@frozen
class Search:
    """The search of an example; each run has its own folder, all of them one folder of builds."""

    example: Path
    options: tuple[str, ...]
    folder: Path
    leanopt: Command
    _numbers: count[int] = field(factory=count)

    def run(self, workers: int) -> str:
        """Run the search; return its canonical dump."""
        project = self.project()
        self.leanopt(project, *self.words(workers), timeout=LIMIT)
        return self.dump(project)

    def run_killed(self, start: Start, trials: int) -> str:
        """Run the search, kill leanopt after some trials, resume; return the canonical dump."""
        project = self.project()
        process = start(project, *self.words(2))
        while told(project) < trials:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert trials <= told(project) < TRIALS
        self.leanopt(project, *self.words(1), "--resume", timeout=LIMIT)
        return self.dump(project)

    def project(self) -> Path:
        """Return a new copy of the example, without a store."""
        project = self.folder / str(next(self._numbers))
        shutil.copytree(self.example, project, ignore=shutil.ignore_patterns(".leanopt"))
        builds = self.folder / "builds"
        builds.mkdir(exist_ok=True)
        (project / ".leanopt").mkdir()
        (project / ".leanopt" / "builds").symlink_to(builds)
        return project

    def words(self, workers: int) -> tuple[str, ...]:
        """Return the command that runs the search."""
        sets = (*self.options, f"stage.0.trials={TRIALS}", f"executor.workers={workers}")
        return ("run", "pipeline.toml", *(word for one in sets for word in ("--set", one)))

    def dump(self, project: Path) -> str:
        """Return what must be the same in every run."""
        return self.leanopt(project, "export", "--to", "jsonl", "--canonical").stdout
