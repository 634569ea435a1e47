"""Engines and executors that break their contract: named, and what was told is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

PLUGIN = """
from attrs import field, frozen

from leanopt_core import hookimpl
from leanopt_core.engines.options import PythonStrategy
from leanopt_core.engines.python import create
from leanopt_core.executors.options import ProcessOptions
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
        return getattr(self.inner, name)


def make_engine(options, project):
    return Wrapped(create(options, project), options.deed)


def make_executor(options, project):
    return Wrapped(create_process(ProcessOptions(), project), options.deed)


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
    "request": (*ENGINE, "wording a request: it raised "),
    "place": (*EXECUTOR, "asked for its place: it raised "),
    "once": (*EXECUTOR, "running a command: it raised "),
    "workers": (*EXECUTOR, "asked how many workers: it raised "),
    "spawn": (*EXECUTOR[:2], "no worker can be started: ", ""),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_hostile_engine_or_executor_is_named(
    project: Path, tmp_path: Path, leanopt, deed: str
) -> None:
    """The plugin, its distribution and what it was doing; exit codes 4 and 6."""
    site = tmp_path / "site"
    info = site / "clumsy-3.0.dist-info"
    info.mkdir(parents=True)
    (site / "clumsy.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clumsy\nVersion: 3.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nclumsy = clumsy\n")
    use, key, who, doing = DEEDS[deed]
    sets = ("--set", f"{use}=clumsy", "--set", f"{key}={deed}")
    completed = leanopt(project, "run", "pipeline.toml", *sets, check=False, PYTHONPATH=str(site))
    assert completed.returncode == (6 if deed == "spawn" else 4), completed.stderr
    assert f"leanopt: {who}{doing}LookupError: no {deed} today" in completed.stderr
