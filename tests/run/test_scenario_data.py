"""Data by scenario: files that a scenario does not read change no plan and no stored backtest."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.canonical import canonical_json, digest
from tests.projects import lay

#: An engine whose scenarios read two files of their symbol, of which one need not exist.
PLUGIN = """
from leanopt_core.api import ScenarioFiles, hookimpl
from leanopt_core.engines.python import PythonEngine
from leanopt_core.options import PythonStrategy
from leanopt_core.specs import EngineSpec

LEANOPT_API_VERSION = 2


class Knowing(PythonEngine):
    def scenario_files(self, scenario):
        if scenario.symbol is None:
            return ScenarioFiles(why="the scenario has no symbol")
        return ScenarioFiles((f"prices/{scenario.symbol}.csv", f"splits/{scenario.symbol}.csv"))


@hookimpl
def leanopt_engines():
    return [EngineSpec("knowing", "knowing:Knowing", PythonStrategy, "It knows its files")]
"""

STRATEGY = """
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    path = scenario.data / "prices" / f"{scenario.symbol}.csv"
    return Result({"Net Profit": float(path.read_text()) * parameters["x"]})
"""

PIPELINE = """
name = "symbols"

[strategy]
engine = "knowing"
entry = "strategy.py:run"
data = "data"

[[scenario]]
symbol = "SPY"

[[scenario]]
symbol = "IBM"

[parameters]
x = { min = 1, max = 12, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 1

[[stage]]
use = "grid"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with prices of two symbols, and the engine among its modules."""
    folder = tmp_path / "project"
    (folder / "data" / "prices").mkdir(parents=True)
    (folder / "data" / "splits").mkdir()
    for symbol, price in (("SPY", "2"), ("IBM", "3")):
        (folder / "data" / "prices" / f"{symbol}.csv").write_text(price)
    lay(folder, STRATEGY, PIPELINE)
    info = tmp_path / "site" / "knowing-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: knowing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nknowing = knowing\n")
    (tmp_path / "site" / "knowing.py").write_text(PLUGIN)
    return folder


@pytest.fixture
def run(place: Path, leanopt) -> Callable[..., Any]:
    """Run a command in the project."""

    def command(*arguments: str, code: int = 0) -> Any:
        done = leanopt(place, *arguments, check=False, PYTHONPATH=str(place.parent / "site"))
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return command


def from_cache(run: Callable[..., Any]) -> tuple[int, int]:
    """Return how many backtests the newest run made, and how many the store answered."""
    found = json.loads(run("show", "--json").stdout)["backtests"]
    return found["run"], found["from_cache"]


@pytest.mark.long
def test_a_new_symbol_among_the_data(place: Path, run) -> None:
    """No stored backtest is lost; what a scenario reads or would read counts for it alone."""
    run("run", "pipeline.toml")
    assert from_cache(run) == (24, 0)
    first = run("export", "--canonical").stdout
    (place / "data" / "prices" / "QQQ.csv").write_text("5")
    run("run", "pipeline.toml", "--set", "search.lookahead=3")
    assert from_cache(run) == (0, 24)
    assert run("export", "--canonical").stdout == first
    (place / "data" / "splits" / "IBM.csv").write_text("2:1")
    run("run", "pipeline.toml", "--set", "search.lookahead=4")
    assert from_cache(run) == (12, 12)


@pytest.mark.long
def test_its_name_is_a_label(place: Path, run) -> None:
    """Renamed scenarios are another plan, whose backtests are answered."""
    run("run", "pipeline.toml")
    plan = json.loads(run("plan", "pipeline.toml", "--json").stdout)
    text = PIPELINE.replace('symbol = "SPY"', 'symbol = "SPY"\nname = "the market"')
    (place / "pipeline.toml").write_text(text)
    assert json.loads(run("plan", "pipeline.toml", "--json").stdout)["hash"] != plan["hash"]
    run("run", "pipeline.toml")
    assert from_cache(run) == (0, 24)


def unfinished(place: Path) -> None:
    """Make the newest run one that was interrupted after six trials."""
    with closing(sqlite3.connect(place / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE runs SET state = 'interrupted', finished_at = NULL")
        connection.execute("UPDATE searches SET ended = NULL")
        connection.execute("UPDATE stages SET ended = NULL")
        connection.execute("DELETE FROM evaluations WHERE number > 6")
        connection.execute("DELETE FROM trials WHERE number > 6")
        connection.execute("UPDATE searches SET told = 6")
        connection.commit()


@pytest.mark.long
def test_resume_after_a_new_symbol(place: Path, run) -> None:
    """The plan is the same; a changed file that a scenario reads is refused, and named by it."""
    run("run", "pipeline.toml")
    whole = run("export", "--canonical").stdout
    unfinished(place)
    (place / "data" / "prices" / "IBM.csv").write_text("4")
    refused = run("run", "pipeline.toml", "--resume", code=8).stderr
    assert "scenarios.1.data: " in refused
    assert "scenarios.0.data: " not in refused
    (place / "data" / "prices" / "IBM.csv").write_text("3")
    (place / "data" / "prices" / "QQQ.csv").write_text("5")
    run("run", "pipeline.toml", "--resume")
    assert run("export", "--canonical").stdout == whole


@pytest.mark.long
def test_resume_of_a_run_with_one_hash_of_all_data(place: Path, run) -> None:
    """As plans of version 2 had: it goes on while all data is the same, and not after."""
    run("run", "pipeline.toml")
    whole = run("export", "--canonical").stdout
    unfinished(place)
    everything = ("--set", "strategy.engine=python", "--json")
    all_data = json.loads(run("plan", "pipeline.toml", *everything).stdout)["plan"]
    with closing(sqlite3.connect(place / ".leanopt" / "leanopt.db")) as connection:
        [(text,)] = connection.execute("SELECT plan FROM runs").fetchall()
        older = json.loads(text) | {"version": 2, "data": all_data["scenarios"][0]["data"]}
        for scenario in older["scenarios"]:
            del scenario["data"]
        text = canonical_json(older)
        connection.execute("UPDATE runs SET plan = ?, plan_hash = ?", (text, digest(older)))
        connection.commit()
    (place / "data" / "prices" / "QQQ.csv").write_text("5")
    assert ".data: " in run("run", "pipeline.toml", "--resume", code=8).stderr
    (place / "data" / "prices" / "QQQ.csv").unlink()
    run("run", "pipeline.toml", "--resume")
    assert run("export", "--canonical").stdout == whole


def test_plan_says_what_counts(place: Path, run) -> None:
    """The number of files, or why all do."""
    assert "\n  data: 1 file\n" in run("plan", "pipeline.toml").stdout
    (place / "pipeline.toml").write_text(PIPELINE.replace('symbol = "IBM"', 'name = "both"'))
    said = run("plan", "pipeline.toml").stdout
    assert "\n  data: 1 file (SPY)\n" in said
    assert "\n  data: every file counts: the scenario has no symbol (both)\n" in said
    found = json.loads(run("plan", "pipeline.toml", "--json").stdout)["data"]
    assert found == {
        "SPY": {"files": 1, "why": None},
        "both": {"files": None, "why": "the scenario has no symbol"},
    }
