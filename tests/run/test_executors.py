"""What a pipeline's executor may do: start late, refuse for now, work in several places."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.search.guarded_engine import GuardedExecutor

# Imports at once where it is prepared, never where it serves.
LATE = """
import signal
import sys

if "serve" in sys.argv:
    signal.pause()
"""


@pytest.mark.long
def test_a_worker_that_starts_too_late_is_given_up(project: Path, leanopt) -> None:
    """After `[executor] start_limit`, which the message names."""
    strategy = project / "strategy.py"
    strategy.write_text(LATE + strategy.read_text())
    sets = ("--set", "executor.start_limit=0.3s", "--workers", "1")
    completed = leanopt(project, "run", "pipeline.toml", *sets, check=False)
    assert completed.returncode == 6
    assert "it said no hello within 0.3 s (executor.start_limit)" in completed.stderr


PLUGIN = '''
from attrs import field, frozen

from leanopt_core.api import hookimpl
from leanopt_core.check import Check, Finding
from leanopt_core.errors import TransientError
from leanopt_core.executors.places import ExecutorGroup
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions
from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.find import Translation
from leanopt_core.specs import ExecutorSpec


@frozen
class Options:
    """Which places there are, and what else a test wants."""

    places: tuple[str, ...] = ("near",)
    full: str = ""
    faults: tuple[str, ...] = ()
    lacking: str = ""


class Site(ProcessExecutor):
    """Processes that say where they are."""

    def __init__(self, project, place, full):
        super().__init__(ProcessOptions(), project)
        self.place, self.full = place, full

    def runtime(self):
        return {**super().runtime(), "place": self.place}

    def spawn(self, launch, worker, *, memory_limit=None):
        if self.full == self.place:
            raise TransientError(f"no room {self.full}")
        return super().spawn(launch, worker, memory_limit=memory_limit)


class Lone(Site):
    """One place, with the methods that an executor may have besides."""

    def __init__(self, options, project):
        super().__init__(project, options.places[0], options.full)
        self.options = options

    def checks(self):
        def look():
            if self.options.lacking:
                yield Finding.wrong(f"{self.options.lacking} is not installed", "install it")
            else:
                yield Finding.warning("the queue is long")

        return [Check("queue", look)]

    def check(self):
        return self.options.faults


def make(options, project):
    if len(options.places) == 1:
        return Lone(options, project)
    return ExecutorGroup({name: Site(project, name, options.full) for name in options.places})


def init(wish, draft):
    return (Line("use", "sites"),) if "queue" in draft.name else None


def imports(wish, registry):
    return Translation(f"# from {wish.words[0]}", lambda: None)

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_executors():
    return [
        ExecutorSpec("sites", "sites:make", Options, "", init="sites:init", imports="sites:imports")
    ]
'''


@pytest.fixture
def sites(tmp_path: Path) -> str:
    """The folder of a plugin with this executor."""
    site = tmp_path / "site"
    info = site / "sites-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "sites.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sites\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nsites = sites\n")
    return str(site)


def of(*places: str, **more: str) -> list[str]:
    """Return the options of a run in these places; each backtest has a worker of its own."""
    settings = {
        "executor.use": "sites",
        "executor.places": json.dumps(places),
        "executor.recycle_after": "1",
        "executor.workers": "1",
        "stage.1.trials": "6",
        **more,
    }
    return [part for key, text in settings.items() for part in ("--set", f"{key}={text}")]


@pytest.mark.long
def test_each_backtest_is_keyed_by_the_place_that_ran_it(
    project: Path, tmp_path: Path, leanopt, shown, sites: str
) -> None:
    """So each place answers for its own share, and all of them answer together for everything."""

    def run(folder: Path, *places: str) -> tuple[str, dict[str, int]]:
        again = ("run", "pipeline.toml", "--again")
        done = leanopt(folder, *again, *of(*places), PYTHONPATH=sites)
        return done.stderr, shown(folder)["backtests"]

    said, counts = run(project, "near", "far")
    assert said.count("results of several runtimes are mixed: near and far") == 1
    total = counts["run"]
    halves = {}
    for place in ("near", "far"):
        copy = Path(shutil.copytree(project, tmp_path / place))
        said, counts = run(copy, place)
        assert "mixed" not in said
        assert counts["run"] + counts["from_cache"] == total
        halves[place] = counts["from_cache"]
    assert sum(halves.values()) == total
    assert min(halves.values()) > 0
    said, counts = run(project, "far", "near")
    assert (counts["run"], counts["from_cache"]) == (0, total)
    assert said.count("results of several runtimes are mixed") == 1
    dumps = {leanopt(tmp_path / place, "export", "--canonical").stdout for place in halves}
    assert dumps == {leanopt(project, "export", "--canonical").stdout}


@pytest.mark.long
def test_a_place_without_room_leaves_the_run_to_the_others(
    project: Path, leanopt, shown, sites: str
) -> None:
    """Without a word: another place had room for each worker."""
    settings = of("near", "far", **{"executor.full": "far"})
    done = leanopt(project, "run", "pipeline.toml", *settings, PYTHONPATH=sites)
    assert "no room" not in done.stderr
    assert "mixed" not in done.stderr
    assert shown(project)["execution"]["places"].keys() == {"near", "far"}


def test_doctor_shows_an_executor_s_own_checks(project: Path, leanopt, sites: str) -> None:
    """Before those of what runs there."""
    done = leanopt(project, "doctor", "pipeline.toml", *of("near"), PYTHONPATH=sites)
    lines = done.stdout.splitlines()
    (queue,) = [at for at, line in enumerate(lines) if "the queue is long" in line]
    assert lines[queue].split()[:2] == ["warning", "queue"]
    assert lines[queue + 1].split()[:2] == ["ok", "interpreter"]


def test_what_an_executor_lacks_is_doctor_s_exit_code(project: Path, leanopt, sites: str) -> None:
    """With the command that fixes it."""
    settings = of("near", **{"executor.lacking": "srun"})
    done = leanopt(project, "doctor", "pipeline.toml", *settings, check=False, PYTHONPATH=sites)
    assert done.returncode == 6
    assert "srun is not installed" in done.stdout
    assert "fix: install it" in done.stdout


def test_check_asks_the_executor(project: Path, leanopt, sites: str) -> None:
    """All that it finds; with --no-import nothing runs."""
    settings = of("near", **{"executor.faults": '["no partition", "no account"]'})
    done = leanopt(project, "check", "pipeline.toml", *settings, check=False, PYTHONPATH=sites)
    assert (done.returncode, done.stderr) == (6, "leanopt: no partition\nno account\n")
    leanopt(project, "check", "pipeline.toml", *of("near"), "--no-import", PYTHONPATH=sites)
    assert not (project / ".leanopt").exists()


def test_the_number_of_workers_is_asked_once(tmp_path: Path) -> None:
    """What is stored is what runs, though another answer would come now."""

    class Busy(ProcessExecutor):
        room: ClassVar = [3, 1]

        def workers(self, wanted: int | None) -> int:
            return wanted or self.room.pop(0)

    executor = GuardedExecutor(Busy(ProcessOptions(), tmp_path), "executor 'busy'")
    assert [executor.workers(None), executor.workers(2), executor.workers(None)] == [3, 2, 3]


def test_init_asks_the_executors(project: Path, tmp_path: Path, leanopt, sites: str) -> None:
    """The first that is for the strategy writes the table."""
    for name, uses in (("queued", True), ("other", False)):
        folder = Path(shutil.copytree(project, tmp_path / name))
        (folder / "pipeline.toml").unlink()
        (folder / "strategy.py").rename(folder / f"{name}.py")
        leanopt(folder, "init", f"{name}.py", PYTHONPATH=sites)
        assert ('use = "sites"' in (folder / "pipeline.toml").read_text()) is uses


def test_import_asks_the_executors_too(tmp_path: Path, leanopt, sites: str) -> None:
    """After the engines."""
    (tmp_path / "farm.ini").write_text('{"farm": 1}')
    leanopt(tmp_path, "import", "farm.ini", PYTHONPATH=sites)
    assert (tmp_path / "pipeline.toml").read_text() == "# from farm.ini"
