"""Sinks in real runs: what they are told, slow ones, killed and resumed ones, their files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.search.sinks import MOST_WAITING
from tests.stored import told

#: A sink that writes each call as a line, before it returns. With `gate`, it waits in its first
#: trial until that file exists.
PLUGIN = """
import json
import threading
from pathlib import Path

from attrs import frozen

from leanopt_core.api import hookimpl
from leanopt_core.specs import SinkSpec, StageSpec
from leanopt_core.trial import Proposal


@frozen
class Options:
    path: Path = Path("calls.jsonl")
    gate: str = ""


class Watcher:
    def __init__(self, options):
        self.options = options

    def write(self, *call):
        main = threading.current_thread() is threading.main_thread()
        with self.options.path.open("a") as file:
            file.write(json.dumps([main, threading.get_ident(), *call]) + "\\n")

    def start(self, run, plan, resumed):
        self.write("start", run, plan["seed"], resumed)
        plan["mine"] = self.options.path
        self.plan = plan

    def trial(self, record):
        while self.options.gate and not Path(self.options.gate).exists():
            pass
        self.write("trial", record.search, record.trial.number)

    def stage(self, search, stage, reason):
        self.write("stage", search, stage, reason)

    def finish(self, state):
        assert self.plan["mine"] is self.options.path, "another sink has changed the plan"
        self.write("finish", state)


class Breaks:
    def __init__(self, options, start):
        self.space = start.space

    def ask(self, context):
        if context.number > 30:
            raise RuntimeError("worn out")
        return Proposal(next(iter(self.space.sample(context.seed))))

    def tell(self, trial, context):
        pass

    def refused(self, point):
        pass


def make(options, project):
    return Watcher(options)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages():
    return [StageSpec("breaks", "watcher:Breaks")]


@hookimpl
def leanopt_sinks():
    return [
        SinkSpec("watch", "watcher:make", Options, "All trials"),
        SinkSpec("watch_new", "watcher:make", Options, "New trials", only_new=True),
    ]
"""

#: More trials than may wait for a sink.
MANY = ("--set", "stage.1.patience=200")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A folder with the distribution of the sinks, for PYTHONPATH."""
    info = tmp_path / "site" / "watcher-1.5.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "site" / "watcher.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: watcher\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text("[leanopt]\nwatcher = watcher\n")
    return str(tmp_path / "site")


def add(project: Path, use: str, **options: str) -> None:
    """Add a sink to the pipeline."""
    with (project / "pipeline.toml").open("a") as file:
        lines = (f'{key} = "{value}"\n' for key, value in {"use": use, **options}.items())
        file.write("\n[[sink]]\n" + "".join(lines))


def calls(project: Path, name: str = "calls.jsonl") -> list[list[Any]]:
    """Return the calls that a sink wrote: the method and its arguments."""
    path = project / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)[2:] for line in lines]


def numbers(project: Path) -> list[int]:
    """Return the numbers of the trials that a sink was told."""
    return [one[2] for one in calls(project) if one[0] == "trial"]


def searched(project: Path) -> bool:
    """Return whether the store says that every search has ended."""
    if not told(project):
        return False
    connection = sqlite3.connect(f"file:{project / '.leanopt/leanopt.db'}?mode=ro", uri=True)
    (open_ones,) = connection.execute("SELECT count(*) - count(ended) FROM searches").fetchone()
    connection.close()
    return not open_ones


def until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something holds; fails where the process ends before."""
    while not holds():
        assert process.poll() is None, process.communicate()[1]


def test_what_a_sink_is_told(project: Path, site: str, leanopt, canonical, truth: str) -> None:
    """Start, trials and stages in order, end; on one thread, which is not the main one.

    Another sink, which changes the plan that it is given, makes no difference.
    """
    add(project, "watch")
    add(project, "watch", path="other.jsonl")
    leanopt(project, "run", "pipeline.toml", PYTHONPATH=site)
    lines = list(map(json.loads, (project / "calls.jsonl").read_text().splitlines()))
    assert {main for main, *_ in lines} == {False}
    assert len({thread for _, thread, *_ in lines}) == 1
    first, *between, last = calls(project)
    assert first == ["start", "hill-1", 7, False]
    assert between[:25] == [*(["trial", 1, n] for n in range(1, 25)), ["stage", 1, "lhs", "trials"]]
    assert between[-1] == ["stage", 1, "random", "patience"]
    assert last == ["finish", "finished"]
    assert calls(project, "other.jsonl") == calls(project)
    assert canonical(project) == truth
    assert numbers(project) == list(range(1, told(project) + 1))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("at", [30, *(pytest.param(at, marks=pytest.mark.long) for at in (1, 13))])
def test_only_new_trials_after_a_kill(
    project: Path, site: str, leanopt, start: Start, canonical, truth: str, at: int
) -> None:
    """A kill may repeat some and loses none; a plain sink gets all of them again."""
    add(project, "watch_new")
    add(project, "jsonl")
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.05", PYTHONPATH=site)
    until(lambda: told(project) >= at and len(numbers(project)) >= at, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = numbers(project)
    leanopt(project, "run", "pipeline.toml", "--resume", PYTHONPATH=site)
    assert canonical(project) == truth
    after = numbers(project)[len(before) :]
    every = list(range(1, told(project) + 1))
    assert sorted({*before, *after}) == every
    assert after == every[after[0] - 1 :]
    # What was confirmed is not repeated: all but what a commit or two may hold.
    assert len(before) - after[0] < 24
    ends = [one for one in calls(project) if one[0] == "stage"]
    assert {one[2] for one in ends} == {"lhs", "random"}
    assert [one[3] for one in calls(project) if one[0] == "start"] == [False, True]
    lines = (project / "trials-hill-1.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == every


@pytest.mark.long
def test_a_run_is_not_over_before_its_sinks(
    project: Path, site: str, leanopt, start: Start, canonical, truth: str
) -> None:
    """A kill while they take the last trials loses none: the run can be resumed for them."""
    add(project, "watch_new", gate="gate")
    process = start(project, "run", "pipeline.toml", PYTHONPATH=site)
    until(lambda: searched(project), process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert numbers(project) == []
    (project / "gate").touch()
    leanopt(project, "run", "pipeline.toml", "--resume", PYTHONPATH=site)
    assert canonical(project) == truth
    assert numbers(project) == list(range(1, told(project) + 1))


@pytest.mark.long
def test_only_new_trials_after_an_interruption(
    project: Path, site: str, leanopt, start: Start, canonical, truth: str
) -> None:
    """Nothing is repeated: the queue is emptied before the end, and that is stored."""
    add(project, "watch_new")
    process = start(project, "run", "pipeline.toml", HILL_DELAY="0.05", PYTHONPATH=site)
    until(lambda: told(project) >= 26, process)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert calls(project)[-1] == ["finish", "interrupted"]
    assert numbers(project) == list(range(1, told(project) + 1))
    # Another sink that now stands before it changes nothing.
    pipeline = project / "pipeline.toml"
    head, found, sink = pipeline.read_text().partition("\n[[sink]]\n")
    pipeline.write_text(f'{head}\n[[sink]]\nuse = "jsonl"\n{found}{sink}')
    leanopt(project, "run", "pipeline.toml", "--resume", PYTHONPATH=site)
    assert canonical(project) == truth
    assert numbers(project) == list(range(1, told(project) + 1))
    assert [one[2] for one in calls(project) if one[0] == "stage"] == ["lhs", "random"]
    # Another run has trials of its own.
    leanopt(project, "run", "pipeline.toml", "--again", PYTHONPATH=site)
    assert numbers(project) == [*range(1, told(project) // 2 + 1)] * 2


@pytest.mark.long
def test_a_slow_sink_holds_up_the_run_and_is_named(
    project: Path, site: str, start: Start, leanopt, canonical
) -> None:
    """The run waits for it, changes no trial, and gives it every one."""
    add(project, "watch", gate="go")
    process = start(project, "run", "pipeline.toml", *MANY, PYTHONPATH=site)
    line = next(line for line in process.stderr if "slows the run down" in line)
    assert "warning: sink 'watch' (watcher 1.5) slows the run down: " in line
    assert MOST_WAITING <= told(project) < MOST_WAITING + 20
    (project / "go").touch()
    _, errors = process.communicate()
    assert (process.returncode, "slows the run" in errors) == (0, False)
    assert numbers(project) == list(range(1, told(project) + 1))
    held_up = canonical(project)
    leanopt(project, "run", "pipeline.toml", "--again", *MANY, "--set", "sink=[]")
    assert canonical(project) == held_up


@pytest.mark.long
def test_a_run_that_a_sink_holds_up_is_interrupted(
    project: Path, site: str, start: Start, shown
) -> None:
    """At the first signal; the sink still gets what was told, once it goes on."""
    add(project, "watch", gate="go")
    process = start(project, "run", "pipeline.toml", *MANY, PYTHONPATH=site)
    next(line for line in process.stderr if "slows the run down" in line)
    process.send_signal(signal.SIGINT)
    (project / "go").touch()
    process.communicate()
    assert process.returncode == 130
    assert numbers(project) == list(range(1, told(project) + 1))
    assert calls(project)[-1] == ["finish", "interrupted"]


@pytest.mark.long
def test_a_failed_run_finishes_its_sinks(project: Path, site: str, leanopt) -> None:
    """They have every trial that was told, and the state."""
    add(project, "watch")
    broken = ("--set", "stage.1.use=breaks")
    failed = leanopt(project, "run", "pipeline.toml", *broken, check=False, PYTHONPATH=site)
    assert failed.returncode == 4
    assert told(project) > 24
    assert calls(project)[-1] == ["finish", "failed"]
    assert numbers(project) == list(range(1, told(project) + 1))


@pytest.mark.long
def test_each_run_has_its_own_file(project: Path, leanopt) -> None:
    """By the default of `jsonl`: the next run leaves the last one's trials."""
    add(project, "jsonl")
    leanopt(project, "run", "pipeline.toml")
    first = (project / "trials-hill-1.jsonl").read_text()
    leanopt(project, "run", "pipeline.toml", "--seed", "8")
    assert (project / "trials-hill-1.jsonl").read_text() == first
    assert (project / "trials-hill-2.jsonl").read_text() != first


@pytest.mark.long
def test_files_by_search_and_symbol(project: Path, leanopt, tmp_path: Path) -> None:
    """Each has every trial with the statistics of its symbol; no symbol leaves the project."""
    symbols = ("EUR/USD", "..", "SPY")
    with (project / "pipeline.toml").open("a") as file:
        for name, symbol in zip("abc", symbols, strict=True):
            file.write(f'\n[[scenario]]\nname = "{name}"\nsymbol = "{symbol}"\n')
        file.write('\n[[scenario]]\nname = "again"\nsymbol = "SPY"\ncash = 5\n')
    add(project, "jsonl", path="out/{symbol}/{run}-{search}.jsonl")
    beside = sorted(tmp_path.iterdir())
    leanopt(project, "run", "pipeline.toml", "--set", "stage.1.trials=1")
    names = ("EUR%2FUSD", "%2E%2E", "SPY")
    assert sorted(path.name for path in (project / "out").iterdir()) == sorted(names)
    expected = ({"a"}, {"b"}, {"c", "again"})
    for name, scenarios in zip(names, expected, strict=True):
        lines = (project / "out" / name / "hill-1-1.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        assert [one["number"] for one in records] == list(range(1, 26))
        assert {frozenset(one["statistics"]) for one in records} == {frozenset(scenarios)}
    assert sorted(tmp_path.iterdir()) == beside
