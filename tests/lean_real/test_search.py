"""A real search by real LEAN: its trials do not depend on where and how it runs.

LEANOPT_TRIALS sets the number of trials (default: 40).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from attrs import field, frozen
from regression.launcher import ASSEMBLY

from leanopt_core.executors.docker.engine import Engine
from tests.lean_real.conftest import DATA, LEAN, PYTHON, ROOT
from tests.lean_real.in_image import image
from tests.stored import told

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def launcher() -> Path:
    """The folder of LEAN's Launcher that the environment names."""
    folder = Path(os.environ.get(LEAN, ""))
    if LEAN not in os.environ or not (folder / ASSEMBLY).is_file():
        pytest.skip(f"needs a real LEAN: {LEAN} names the folder of its Launcher")
    os.environ.setdefault("LEAN_DATA", os.environ.get(DATA, str(folder.parent / "data")))
    return folder.resolve()


@pytest.fixture(scope="module")
def library() -> Path:
    """The shared library of the Python that LEAN loads."""
    if not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    return Path(os.environ[PYTHON])


@pytest.fixture(scope="module")
def searching(leanopt: Command, tmp_path_factory: pytest.TempPathFactory):
    """Return the search of an example with these options."""

    def search(example: str, *options: str) -> Search:
        folder = tmp_path_factory.mktemp(example)
        folder.chmod(0o755)
        return Search(ROOT / "examples" / example, options, folder, leanopt)

    return search


@pytest.fixture(scope="module")
def local(launcher: Path) -> tuple[str, ...]:
    """Have processes of this machine run backtests."""
    return ("executor={ use = 'process' }", f"strategy.launcher={launcher}")


@pytest.fixture(scope="module")
def processes(searching, local: tuple[str, ...]) -> Search:
    """The search of the example in C# by processes."""
    return searching("lean", *local)


@pytest.fixture(scope="module")
def published(launcher: Path, engine: Engine) -> str:
    """Have containers of an image laid out as LEAN's own run backtests."""
    made = image(engine.client, launcher, Path(os.environ["LEAN_DATA"]))
    return f"executor.image={made}"


@pytest.fixture(scope="module")
def containers(searching, published: str) -> Search:
    """The search of the example in C# by containers."""
    return searching("lean", published)


@pytest.fixture(scope="module")
def truth(processes: Search) -> str:
    """The canonical dump of an undisturbed search by two processes."""
    dump = processes.run(2)
    assert dump.count('"parameters"') == TRIALS
    return dump


def test_one_process(processes: Search, truth: str) -> None:
    """One worker finds what two find."""
    assert processes.run(1) == truth


def test_killed_processes(processes: Search, truth: str, start: Start) -> None:
    """A search that was killed and resumed is the same."""
    assert processes.run_killed(start, TRIALS // 3) == truth


@pytest.mark.parametrize("workers", [1, 2])
def test_containers(containers: Search, truth: str, workers: int) -> None:
    """Containers find what processes find."""
    assert containers.run(workers) == truth


def test_killed_containers(containers: Search, truth: str, start: Start) -> None:
    """So does a search in containers that was killed and resumed."""
    assert containers.run_killed(start, TRIALS // 3) == truth


@pytest.mark.usefixtures("library")
def test_python(searching, local: tuple[str, ...], published: str) -> None:
    """A strategy in Python gives the same by processes and by containers."""
    contained = searching("lean-python", published)
    assert searching("lean-python", *local).run(2) == contained.run(2)
