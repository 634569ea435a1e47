"""Engines and executors that break their contract: named, and what was told is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

PLUGIN = """
from attrs import field, frozen

from leanopt_core.api import hookimpl
from leanopt_core.options import PythonStrategy
from leanopt_core.engines.python import create
from leanopt_core.options import ProcessOptions
from leanopt_core.executors.process import create as create_process
from leanopt_core.specs import EngineSpec, ExecutorSpec


@frozen
class Strategy(PythonStrategy):
    deed: str = field(default="", kw_only=True)


@frozen
class Place(ProcessOptions):
    deed: str = field(default="", kw_only=True)


class Wrapped:
    def __init__(self, inner, deed):
        self.inner, self.deed, self.calls = inner, deed, 0

    def __getattr__(self, name):
        if name == self.deed:
            self.calls += 1
            if name != "request" or self.calls > 3:
                raise LookupError(f"no {name} today")
        if self.deed.startswith(name + " returns "):
            answer = {"None": None, "0": 0}[self.deed.split()[-1]]
            return lambda *arguments, **named: answer
        if self.deed == name + " exits":
            raise SystemExit(0)
        return getattr(self.inner, name)


def make_engine(options, project):
    return Wrapped(create(options, project), options.deed)


def make_executor(options, project):
    return Wrapped(create_process(ProcessOptions(), project), options.deed)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines():
    return [EngineSpec("clumsy", "clumsy:make_engine", Strategy, "Breaks")]


@hookimpl
def leanopt_executors():
    return [ExecutorSpec("clumsy", "clumsy:make_executor", Place, "Breaks")]
"""

ENGINE = ("strategy.engine", "strategy.deed", "engine 'clumsy' (clumsy 3.0), ")
EXECUTOR = ("executor.use", "executor.deed", "executor 'clumsy' (clumsy 3.0), ")
DEEDS = {
    "data": (*ENGINE, "asked for its data: it raised "),
    "prepare": (*ENGINE, "preparing the strategy: it raised "),
    "request": (*ENGINE, "making a request: it raised "),
    "runtime": (*EXECUTOR, "asked for its runtime: it raised "),
    "run_command": (*EXECUTOR, "running a command: it raised "),
    "workers": (*EXECUTOR, "asked how many workers: it raised "),
    "spawn": (
        *EXECUTOR[:2],
        f"no worker can be started: {EXECUTOR[2]}",
        "starting worker 3: it raised ",
    ),
}


@pytest.fixture
def clumsy(tmp_path: Path) -> Path:
    """A folder that holds the clumsy distribution."""
    site = tmp_path / "site"
    info = site / "clumsy-3.0.dist-info"
    info.mkdir(parents=True)
    (site / "clumsy.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clumsy\nVersion: 3.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nclumsy = clumsy\n")
    return site


@pytest.mark.alike(1)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_hostile_engine_or_executor_is_named(
    clumsy: Path, project: Path, leanopt, deed: str
) -> None:
    """The plugin, its distribution and what it was doing; exit codes 4 and 6."""
    use, key, who, doing = DEEDS[deed]
    sets = ("--set", f"{use}=clumsy", "--set", f"{key}={deed}")
    completed = leanopt(project, "run", "pipeline.toml", *sets, check=False, PYTHONPATH=str(clumsy))
    assert completed.returncode == (6 if deed == "spawn" else 4), completed.stderr
    assert f"leanopt: {who}{doing}LookupError: no {deed} today" in completed.stderr


NOTHING = "it returned NoneType, expected"
RETURNS = {
    "prepare returns None": (
        *ENGINE,
        "preparing the strategy: it returned NoneType, expected Build",
    ),
    "request returns None": (*ENGINE, f"making a request: {NOTHING} Request"),
    "run_command returns None": (*EXECUTOR, f"running a command: {NOTHING} Completed"),
    "workers returns 0": (*EXECUTOR, "asked how many workers: it returned 0, expected 1 or more"),
    "prepare exits": (*ENGINE, "preparing the strategy: it raised SystemExit: 0"),
    "runtime exits": (*EXECUTOR, "asked for its runtime: it raised SystemExit: 0"),
}


@pytest.mark.alike(2)
@pytest.mark.parametrize("deed", RETURNS)
def test_what_is_returned_is_checked(clumsy: Path, project: Path, leanopt, deed: str) -> None:
    """A wrong type is named at once, and nothing ends the run quietly."""
    use, key, who, message = RETURNS[deed]
    sets = ("--set", f"{use}=clumsy", "--set", f"{key}={deed}")
    completed = leanopt(project, "run", "pipeline.toml", *sets, check=False, PYTHONPATH=str(clumsy))
    assert completed.returncode == 4, completed.stderr
    assert f"leanopt: {who}{message}\n" in completed.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("read returns None", "it returned NoneType, expected Outcome"),
        ("read exits", "it raised SystemExit: 0"),
    ],
)
def test_an_engine_that_reads_none_of_its_first_answers_stops_the_run(
    clumsy: Path, project: Path, leanopt, deed: str, what: str
) -> None:
    """It would read no later one either, and every backtest would run in vain."""
    given = ("--set", "strategy.engine=clumsy", "--set", f"strategy.deed={deed}")
    completed = leanopt(
        project, "run", "pipeline.toml", *given, check=False, PYTHONPATH=str(clumsy)
    )
    assert completed.returncode == 4, completed.stderr
    every = "the same for each of the first 3 answers"
    assert f"leanopt: {ENGINE[2]}reading an answer: {what}; {every}\n" in completed.stderr
