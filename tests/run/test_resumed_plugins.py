"""A plugin that changed between a run and its resumption: fixed, edited in place, or another."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve, frozen

#: A stage whose proposals depend on every bit of what it was told, and a fitness function.
PLUGIN = """
import time
from random import Random

from attrs import frozen

from leanopt_core.api import hookimpl
from leanopt_core.fitness import Fitness
from leanopt_core.specs import FitnessSpec, StageSpec
from leanopt_core.trial import Proposal


@frozen
class Options:
    pass


class Walker:
    def __init__(self, options, start):
        self.space, self.last = start.space, ""

    def ask(self, context):
        if context.number == {fault}:
            raise RuntimeError("a fault to fix")
        with open("asked", "a") as file:
            print(context.number, file=file)
        if {stuck} and context.number >= {stuck}:
            return Proposal(context.history[0].point)
        seed = Random(f"{{context.seed}} {{self.last}} {shift}").getrandbits(60)
        return Proposal(next(iter(self.space.sample(seed))), "walk")

    def tell(self, trial, context):
        self.last = repr(trial.score.objective)

    def refused(self, point):
        pass


class Adopting(Walker):
    def adopt(self, context, proposal):
        pass


class Judge:
    direction, target = "{direction}", {target}

    def __init__(self, options):
        pass

    def __call__(self, backtests):
        profit = backtests[0].statistics.net_profit
        orders = backtests[0].statistics.get("Total Orders")
        return {score}


def make_fitness(options):
    return Judge(options)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages():
    return [StageSpec("walk", "walking:{stage}", Options, "A walk")]


@hookimpl
def leanopt_fitness():
    return [FitnessSpec("judge", "walking:Judge", Options, "A judge")]
"""

PIPELINE = """
name = "walk"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 40, step = 1 }
y = { min = 0.0, max = 1.0, step = 0.05 }
mode = { choices = ["slow", "fast"] }

[fitness]
use = "judge"

[search]
lookahead = 3

[executor]
workers = 2

[[stage]]
use = "walk"
trials = 30
"""


@frozen
class Plugin:
    """A version of the plugin `walking`; by default it raises when asked for trial 20."""

    site: Path
    version: str = "1.0"
    fault: int = 20
    shift: int = 0
    stuck: int = 0
    stage: str = "Walker"
    direction: str = "max"
    target: float | None = None
    score: str = 'Fitness(profit, values={"orders": orders})'

    def install(self, **changed: object) -> Plugin:
        """Put it in place of the version before; return it."""
        new = evolve(self, **changed)
        for info in self.site.glob("*.dist-info"):
            for file in info.iterdir():
                file.unlink()
            info.rmdir()
        info = self.site / f"walking-{new.version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: walking\nVersion: {new.version}\n"
        )
        (info / "entry_points.txt").write_text("[leanopt]\nwalking = walking\n")
        source = PLUGIN.format(**{name: getattr(new, name) for name in Plugin.__annotations__})
        (self.site / "walking.py").write_text(source)
        # Python takes a file of equal size and time for the one that it compiled before.
        shutil.rmtree(self.site / "__pycache__", ignore_errors=True)
        return new


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """The first version, which breaks down at trial 20."""
    return Plugin(tmp_path / "site").install()


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(project: Path, plugin: Plugin, leanopt) -> Run:
    """Run the pipeline with the plugin as installed; return exit code and errors."""
    (project / "pipeline.toml").write_text(PIPELINE)

    def run(*arguments: str) -> tuple[int, str]:
        completed = leanopt(
            project, "run", "pipeline.toml", *arguments, check=False, PYTHONPATH=str(plugin.site)
        )
        return completed.returncode, completed.stderr

    return run


@pytest.fixture
def stored(project: Path) -> Callable[[str], list[tuple]]:
    """Query the store."""

    def query(sql: str) -> list[tuple]:
        with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as connection:
            return connection.execute(sql).fetchall()

    return query


#: Every trial in the store with all that is kept of its score.
TRIALS = "SELECT number, state, fitness, violation, detail FROM trials ORDER BY number"


def asked(project: Path) -> list[int]:
    """Return the trials that the stage has been asked for, and forget them."""
    numbers = [int(line) for line in (project / "asked").read_text().split()]
    (project / "asked").unlink()
    return numbers


EDITS = {
    "scale": ('Fitness(profit * 2, values={"orders": orders})', "fitness"),
    "value": ('Fitness(profit, values={"orders": orders + 1})', "value 'orders'"),
    "violation": ('Fitness(profit, ("no",), 0.5, {"orders": orders})', "violation"),
}


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize("edit", EDITS)
def test_a_fitness_function_edited_in_place_is_refused(
    run: Run, plugin: Plugin, stored, edit: str
) -> None:
    """Trials on two scales would be one ranking; the fitness function is named, not the stage."""
    assert run()[0] == 4
    before = stored(TRIALS)
    score, differs = EDITS[edit]
    plugin.install(fault=0, score=score)
    code, errors = run("--resume")
    assert code == 8, errors
    first = next(row for row in before if row[1] == "completed")
    assert f"leanopt: fitness function 'judge' (walking 1.0) scores trial {first[0]} " in errors
    assert f"otherwise than before: {differs} was " in errors
    orders = json.loads(first[4])["values"]["orders"]
    was = {"fitness": first[2], "violation": 0.0, "value 'orders'": orders}[differs]
    assert f"{differs} was {was!r}, now " in errors
    assert "begin a new run with --again" in errors
    assert "stage 'walk'" not in errors
    assert stored(TRIALS) == before


@pytest.mark.long
def test_a_score_that_depends_on_the_clock_is_not_blamed_on_the_stage(
    run: Run, plugin: Plugin
) -> None:
    """The stage proposes other points only because it would be told other scores."""
    plugin.install(score="Fitness(time.time())")
    assert run()[0] == 4
    plugin.install(score="Fitness(time.time())", fault=0)
    code, errors = run("--resume")
    assert code == 8
    assert "fitness function 'judge' (walking 1.0) scores trial 1 otherwise than before" in errors
    assert "stage 'walk'" not in errors


@pytest.mark.long
def test_the_last_bit_of_another_c_library_changes_nothing(
    project: Path, run: Run, plugin: Plugin, stored
) -> None:
    """The stage is told the stored scores, and they stay; its proposals depend on every bit."""
    assert run()[0] == 4
    before = [row for row in stored(TRIALS) if row[1] != "proposed"]
    assert len(before) >= 15
    plugin.install(fault=0, score='Fitness(profit * (1 + 3e-16), values={"orders": orders})')
    code, errors = run("--resume")
    assert code == 0, errors
    assert stored(TRIALS)[: len(before)] == before
    assert len(stored(TRIALS)) == 30


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("lookahead", "change", "what"),
    [
        (3, {"direction": "min"}, "has the direction 'min', but the run began with 'max'"),
        (3, {"target": -99.0}, "ends the search before trial"),
        (1, {"target": -99.0}, "ends the search before trial"),
    ],
)
def test_another_direction_or_target_is_refused(
    run: Run, plugin: Plugin, stored, lookahead: int, change: dict[str, object], what: str
) -> None:
    """Every score stays what it was, but the search would be another."""
    asks = ("--set", f"search.lookahead={lookahead}")
    assert run(*asks)[0] == 4
    before = stored(TRIALS)
    plugin.install(fault=0, **change)
    code, errors = run("--resume", *asks)
    assert code == 8, errors
    assert f"leanopt: fitness function 'judge' (walking 1.0) {what}" in errors
    assert stored(TRIALS) == before


@pytest.mark.long
def test_a_target_that_ended_the_search_still_does(
    project: Path, run: Run, plugin: Plugin, stored
) -> None:
    """As after a kill while full results of the best trials were being made."""
    plugin.install(fault=0, target=0.8)
    assert run()[0] == 0
    before = stored(TRIALS)
    assert len(before) < 30
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE runs SET state = 'interrupted'")
        connection.commit()
    assert run("--resume")[0] == 0
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE runs SET state = 'interrupted'")
        connection.commit()
    plugin.install(fault=0)
    code, errors = run("--resume")
    assert code == 8, errors
    assert "fitness function 'judge' (walking 1.0) ended the search before trial" in errors
    assert stored(TRIALS) == before


@pytest.mark.alike(1)
@pytest.mark.parametrize("stage", ["Walker", "Adopting"])
def test_a_fixed_plugin_continues_the_run(
    project: Path, run: Run, plugin: Plugin, canonical, stored, stage: str
) -> None:
    """A warning names both versions; the dump is that of a run which the fixed one made alone."""
    fixed = plugin.install(fault=0, stage=stage)
    assert run()[0] == 0
    truth = canonical(project)
    plugin.install(stage=stage)
    assert run("--again")[0] == 4
    fixed.install(version="1.1")
    code, errors = run("--resume")
    assert code == 0, errors
    assert "warning: walk-2 continues under different conditions:" in errors
    assert "plugins.walking: '1.0', now '1.1'" in errors
    assert canonical(project) == truth
    # It has repeated every proposal, so they are its own.
    assert stored("SELECT version FROM stages ORDER BY id") == [("1.0",), ("1.1",)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("stage", "change", "what"),
    [
        ("Walker", {"shift": 1}, "does not repeat its stored proposals: trial 1 was "),
        ("Adopting", {"shift": 1}, "does not repeat its stored proposals: trial 1 was "),
        ("Walker", {"stuck": 8}, "ends the search before trial 8, which is stored (repeats)"),
    ],
)
def test_another_version_that_proposes_otherwise_is_refused(
    run: Run, plugin: Plugin, stored, stage: str, change: dict[str, object], what: str
) -> None:
    """Replay asks it, even if it could take proposals back, and names the first difference."""
    plugin.install(stage=stage)
    assert run()[0] == 4
    before = stored(TRIALS)
    plugin.install(stage=stage, version="1.1", fault=0, **change)
    code, errors = run("--resume")
    assert code == 8, errors
    assert f"stage 'walk' (walking 1.1) {what}" in errors
    assert stored(TRIALS) == before
    assert stored("SELECT version FROM stages") == [("1.0",)]


@pytest.mark.long
def test_expensive_asks_are_repeated_only_for_another_version(
    project: Path, run: Run, plugin: Plugin
) -> None:
    """The same version takes its proposals back; so does another one that has repeated them."""
    plugin.install(stage="Adopting", fault=10)
    assert run()[0] == 4
    assert asked(project) == list(range(1, 10))
    plugin.install(stage="Adopting", fault=15)
    assert run("--resume")[0] == 4
    assert asked(project) == list(range(10, 15))
    plugin.install(stage="Adopting", fault=20, version="1.1")
    assert run("--resume")[0] == 4
    assert asked(project) == list(range(1, 20))
    plugin.install(stage="Adopting", fault=25, version="1.1")
    assert run("--resume")[0] == 4
    assert asked(project) == list(range(20, 25))
    # What the newer version has added is not the older one's.
    plugin.install(stage="Adopting", fault=0)
    assert run("--resume")[0] == 0
    assert asked(project) == list(range(1, 31))
