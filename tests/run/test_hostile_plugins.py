"""Plugins that break their contract in the middle of a run: named, contained, nothing told lost."""

from __future__ import annotations

from pathlib import Path

import pytest

PLUGIN = """
import random

from attrs import field, frozen

from leanopt_core.api import hookimpl
from leanopt_core.fitness import Fitness
from leanopt_core.specs import FitnessSpec, SinkSpec, StageSpec
from leanopt_core.trial import WAIT, Proposal


@frozen
class Options:
    deed: str = ""
    at: int = 5


class Walker:
    def __init__(self, options, start):
        self.options, self.space = options, start.space
        if options.deed == "raise when built":
            raise RuntimeError("not today")

    def ask(self, context):
        deed = self.options.deed if context.number == self.options.at else ""
        if deed == "raise in ask":
            raise KeyError("lost")
        if deed == "exit in ask":
            raise SystemExit(0)
        if deed == "off the grid":
            return Proposal((0, 999, 0))
        if deed == "infeasible":
            return Proposal((0, 0, 0))
        if deed == "wrong type":
            return {"x": 3}
        if deed == "wrong length":
            return Proposal((1,))
        if deed == "global random":
            random.random()
        if deed == "wait for nothing":
            return WAIT
        return Proposal(next(iter(self.space.sample(context.seed))), "walk")

    def tell(self, trial, context):
        if self.options.deed == "raise in tell" and trial.number == self.options.at:
            raise ValueError("cannot learn that")

    def refused(self, point):
        pass


class Judge:
    direction, target = "max", None

    def __init__(self, options):
        self.deed, self.calls = options.deed, 0

    def __call__(self, backtests):
        self.calls += 1
        if self.calls < 5:
            return Fitness(1.0)
        if self.deed == "raise":
            raise OSError("no judgement")
        return {"nan": Fitness(float("nan")), "text": "good", "negative": Fitness(1.0, (), -1.0)}[
            self.deed
        ]


class Sink:
    def __init__(self, options):
        self.deed, self.told = options.deed, 0

    def start(self, run, plan, resumed):
        if self.deed == "start":
            raise OSError("no room")

    def trial(self, record):
        self.told += 1
        if self.deed == "trial" and self.told == 3:
            raise OSError("pipe burst")

    def stage(self, search, stage, reason):
        if self.deed == "stage":
            raise SystemExit("no stage")

    def finish(self, state):
        if self.deed == "finish":
            raise OSError("stuck")


def make_stage(options, start):
    return Walker(options, start)


def make_fitness(options):
    return Judge(options)


def make_sink(options, project):
    return Sink(options)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages():
    return [StageSpec("hostile", "hostile:make_stage", Options, "A bad one")]


@hookimpl
def leanopt_fitness():
    return [FitnessSpec("hostile", "hostile:make_fitness", Options, "A bad one")]


@hookimpl
def leanopt_sinks():
    return [SinkSpec("hostile", "hostile:make_sink", Options, "A bad one")]
"""

OBSERVER = """
from leanopt_core.api import hookimpl

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_should_stop(run, record):
    {deed}
    return "enough" if record.trial.number == 12 else None
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that holds the hostile distribution."""
    return _install(tmp_path / "site", "hostile", PLUGIN)


def _install(site: Path, name: str, source: str) -> Path:
    info = site / f"{name}-2.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[leanopt]\n{name} = {name}\n")
    return site


STAGES = {
    "raise when built": "being built: it raised RuntimeError: not today",
    "raise in ask": "asked for trial 5: it raised KeyError: 'lost'",
    "exit in ask": "asked for trial 5: it raised SystemExit: 0",
    "off the grid": (
        "asked for trial 5: it proposed (0, 999, 0), which is off the grid of [2, 40, 21] levels"
    ),
    "infeasible": ("asked for trial 5: it proposed (0, 0, 0), which violates 'x + 10 * y >= 3'"),
    "wrong type": ("asked for trial 5: it returned {'x': 3}, expected a Proposal, WAIT or DONE"),
    "wrong length": (
        "asked for trial 5: it proposed (1,), which is off the grid of [2, 40, 21] levels"
    ),
    "global random": (
        "asked for trial 5: it used global random state; use context.random() instead"
    ),
    "raise in tell": "told trial 5: it raised ValueError: cannot learn that",
}


@pytest.mark.alike(1)
@pytest.mark.parametrize("deed", STAGES)
def test_a_hostile_stage_is_named_and_nothing_told_is_lost(
    project: Path, site: Path, leanopt, shown, deed: str
) -> None:
    """Exit code 4, the stage, its distribution and the deed; what was told before is stored."""
    completed = leanopt(
        project, "run", "pipeline.toml", "--set", "stage.0.use=hostile",
        "--set", f"stage.0.deed={deed}", check=False, PYTHONPATH=str(site),
    )  # fmt: skip
    assert completed.returncode == 4, completed.stderr
    assert f"leanopt: stage 'hostile' (hostile 2.0), {STAGES[deed]}\n" in completed.stderr
    report = shown(project)
    assert report["state"] == "failed"
    told = report["trials"]["completed"] + report["trials"]["failed"]
    assert told == {"raise when built": 0, "raise in tell": 4}.get(deed, told)
    if deed == "raise in tell":
        assert shown(project, "4")["state"] in ("completed", "failed")


def test_a_stage_that_waits_for_nothing(project: Path, site: Path, leanopt) -> None:
    """It would wait for ever; that is an error instead."""
    completed = leanopt(
        project, "run", "pipeline.toml", "--set", "stage.0.use=hostile",
        "--set", "stage.0.deed=wait for nothing", "--set", "stage.0.at=1",
        check=False, PYTHONPATH=str(site),
    )  # fmt: skip
    assert completed.returncode == 4
    assert (
        "stage 'hostile' (hostile 2.0), asked for trial 1: it returned WAIT, but there is "
        "no pending trial to wait for"
    ) in completed.stderr


FITNESS = {
    "raise": ", scoring a trial: it raised OSError: no judgement",
    "nan": " returned the value nan; return None for no value",
    "text": " returned str, not a Fitness",
    "negative": " returned the violation -1.0, below 0",
}


@pytest.mark.long
@pytest.mark.parametrize("deed", FITNESS)
def test_a_hostile_fitness_function_is_named(
    project: Path, site: Path, leanopt, shown, deed: str
) -> None:
    """The trials judged before it broke its contract are kept."""
    text = (project / "pipeline.toml").read_text()
    head, _, tail = text.partition(
        'use = "statistic"\nstatistic = "Net Profit"\ndirection = "max"\n'
    )
    (project / "pipeline.toml").write_text(f'{head}use = "hostile"\ndeed = "{deed}"\n{tail}')
    completed = leanopt(project, "run", "pipeline.toml", check=False, PYTHONPATH=str(site))
    assert completed.returncode == 4, completed.stderr
    assert f"fitness function 'hostile' (hostile 2.0){FITNESS[deed]}\n" in completed.stderr
    assert shown(project)["trials"]["completed"] >= 4


SINKS = {
    "start": "being started: it raised OSError: no room",
    "trial": "given trial 3: it raised OSError: pipe burst",
    "stage": "given the end of a stage: it raised SystemExit: no stage",
    "finish": "being finished: it raised OSError",
}


@pytest.mark.long
@pytest.mark.parametrize("deed", SINKS)
def test_a_sink_that_fails_is_dropped_with_a_warning(
    project: Path, site: Path, leanopt, canonical, deed: str
) -> None:
    """The run goes on, and its trials are the same."""
    leanopt(project, "run", "pipeline.toml")
    truth = canonical(project)
    with (project / "pipeline.toml").open("a") as file:
        file.write(f'\n[[sink]]\nuse = "hostile"\ndeed = "{deed}"\n')
    completed = leanopt(project, "run", "pipeline.toml", "--again", PYTHONPATH=str(site))
    warning = f"warning: sink 'hostile' (hostile 2.0), {SINKS[deed]}"
    assert completed.stderr.count(warning) == 1
    assert canonical(project) == truth


@pytest.mark.long
def test_a_stop_hook_that_raises_is_dropped_and_one_that_stops_stops(
    project: Path, tmp_path: Path, leanopt, canonical, shown
) -> None:
    """A stop is recorded with the trial after which it came, and the same on any run."""
    noisy = _install(tmp_path / "noisy", "observer", OBSERVER.format(deed="raise RuntimeError"))
    completed = leanopt(project, "run", "pipeline.toml", PYTHONPATH=str(noisy))
    warning = "warning: plugin observer, called by leanopt_should_stop: it raised RuntimeError: ; "
    assert completed.stderr.count(warning) == 1
    stopping = _install(tmp_path / "stopping", "observer", OBSERVER.format(deed=""))
    again = ("run", "pipeline.toml", "--again")
    leanopt(project, *again, PYTHONPATH=str(stopping))
    first = canonical(project)
    assert shown(project)["trials"]["completed"] == 12
    assert '"enough"' in first
    leanopt(project, *again, "--workers", "1", PYTHONPATH=str(stopping))
    assert canonical(project) == first


def test_a_method_uninstalled_before_a_resume_is_named(
    project: Path, site: Path, leanopt, shown
) -> None:
    """The pipeline names the stage; what was told stays."""
    stage = ("--set", "stage.0.use=hostile", "--set", "stage.0.deed=raise in ask")
    leanopt(project, "run", "pipeline.toml", *stage, check=False, PYTHONPATH=str(site))
    before = shown(project)["trials"]["completed"]
    completed = leanopt(project, "run", "pipeline.toml", "--resume", *stage, check=False)
    assert completed.returncode == 3
    assert 'stage[0].use: found "hostile"' in completed.stderr
    assert "or install the distribution that has it" in completed.stderr
    assert "pip install" not in completed.stderr
    assert shown(project)["trials"]["completed"] == before


@pytest.mark.long
def test_a_method_that_changed_before_a_resume_is_named_with_the_trial(
    project: Path, site: Path, leanopt, shown
) -> None:
    """Replay compares each proposal with the stored one."""
    stage = ("--set", "stage.0.use=hostile", "--set", "stage.0.deed=raise in ask")
    leanopt(project, "run", "pipeline.toml", *stage, check=False, PYTHONPATH=str(site))
    before = shown(project)["trials"]["completed"]
    changed = PLUGIN.replace("context.seed)", "context.seed + 1)")
    (site / "hostile.py").write_text(changed)
    completed = leanopt(
        project, "run", "pipeline.toml", "--resume", *stage, check=False, PYTHONPATH=str(site)
    )
    assert completed.returncode == 8, completed.stderr
    assert "stage 'hostile' (hostile 2.0) does not repeat its stored proposals: trial 1 was {" in (
        completed.stderr
    )
    assert shown(project)["trials"]["completed"] == before
