"""What is said before the first backtest: all that is wrong at once, and what cannot be known."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project

Run = Callable[..., str]
LATER = ("--set", "scenario.start=2050-01-01", "--set", "scenario.end=2060-01-01")


def hash_of(text: str) -> str:
    """Return the plan's hash in what `plan --json` printed, before any warning."""
    plan = json.loads(text.splitlines()[0])
    assert isinstance(plan["hash"], str)
    return plan["hash"]


@pytest.mark.long
def test_a_pattern_of_no_data_is_refused_and_a_right_one_watches(run: Run, lean: Project) -> None:
    """A typo would have every answer come from the store, whatever became of the prices."""
    prices = "equity/usa/daily/spy.zip"
    wrong = (
        "--set",
        'strategy.data_files=["equity/usa/daily/sp.zip", "../**", "equity/usa/daily"]',
    )
    for more in ((), ("--set", "strategy.check_data=false")):
        said = run("plan", "pipeline.toml", *wrong, *more, code=5)
        assert "strategy.data_files: found 'equity/usa/daily/sp.zip', expected" in said
        assert f"(did you mean '{prices}'?)" in said
        assert "strategy.data_files: found '../**', expected" in said
        assert said.count("strategy.data_files") == 2
    lean.edit('data = "data"', f'data = "data"\ndata_files = ["{prices}"]')
    before = hash_of(run("plan", "pipeline.toml", "--json"))
    path = lean.folder / "data" / prices
    path.write_bytes(path.read_bytes() + b"\0")
    assert hash_of(run("plan", "pipeline.toml", "--json")) != before


@pytest.mark.long
def test_without_a_resolution_prices_are_looked_for_in_any(run: Run, lean: Project) -> None:
    """A symbol without prices is told; else that their days are not looked at."""
    lean.edit('resolution = "daily"\n', "")
    said = run("plan", "pipeline.toml", "--symbol", "SPX", *LATER, code=5)
    assert "SPX: " in said
    assert "equity/usa has no prices for spx in any resolution (did you mean SPY?)" in said
    assert (
        "SPY: found prices in daily, hour, but which one the strategy requests is unknown, so "
        'their days are not checked; set it in the scenario, as resolution = "daily"'
    ) in run("plan", "pipeline.toml", *LATER)


@pytest.mark.alike(1)
@pytest.mark.parametrize("key", ["resolution", "market", "security_type"])
def test_what_is_no_text_is_refused(run: Run, key: str) -> None:
    """It would name no prices."""
    said = run("plan", "pipeline.toml", "--set", f"scenario.{key}=5", code=5)
    assert f"scenario.{key}: found 5, expected a string, as '" in said
    assert f"scenario.{key}: found '', expected" in run(
        "plan", "pipeline.toml", "--set", f'scenario.{key}=""', code=5
    )


@pytest.mark.long
def test_a_symbol_that_only_running_tells_is_noted(run: Run, lean: Project) -> None:
    """Nothing is looked for then."""
    lean.edit('symbol = "SPY"\n', "")
    said = run("plan", "pipeline.toml")
    assert (
        "prices are not checked for the security added at EmaBands.cs:20: its symbol is known"
        in said
    )


@pytest.mark.long
def test_a_market_that_only_running_tells_is_noted(run: Run, lean: Project) -> None:
    """The same."""
    source = "EmaBands/EmaBands.cs"
    lean.edit('"SPY"), res)', '"SPY"), res, GetParameter("where", "usa"))', source)
    assert "SPY: prices are not checked: its market is known only" in run("plan", "pipeline.toml")
    assert "not checked" not in run("plan", "pipeline.toml", "--set", 'scenario.market="usa"')


def test_a_wrong_algorithm_hides_nothing(run: Run, lean: Project) -> None:
    """Names are held against the class that was most likely meant."""
    said = run(
        "plan", "pipeline.toml", "--symbol", "SPX", "--set", 'strategy.algorithm="EmaBand"',
        "--set", "parameters.fats=3", "--set", 'strategy.launcher="/nowhere"', code=5,
    )  # fmt: skip
    assert "strategy.algorithm: found 'EmaBand', expected a class" in said
    assert "parameters.fats: EmaBands never reads 'fats'" in said
    assert "spx.zip is missing" in said
    assert "strategy.launcher: no LEAN in /nowhere" in said


def test_a_wrong_project_hides_nothing(run: Run) -> None:
    """Neither data nor launcher needs it."""
    said = run(
        "plan", "pipeline.toml", "--symbol", "SPX", "--set", 'strategy.project="gone"',
        "--set", 'strategy.launcher="/nowhere"', code=5,
    )  # fmt: skip
    assert "gone is not a folder" in said
    assert "spx.zip is missing" in said
    assert "strategy.launcher: no LEAN in /nowhere" in said


def test_without_market_hours_that_alone_is_told(run: Run, lean: Project) -> None:
    """Not each day of five years."""
    (lean.folder / "data/market-hours/market-hours-database.json").unlink()
    lean.edit('resolution = "daily"', 'resolution = "hour"')
    said = run("plan", "pipeline.toml", code=5)
    assert said.count("\n") == 1
    assert "market-hours-database.json is missing" in said


HELD = """#!/bin/sh
case "$1" in build) read _ < {gate};; esac
exec {dotnet} "$@"
"""


@pytest.fixture
def gate(tmp_path: Path, lean: Project, standin) -> Iterator[Callable[[], None]]:
    """A compiler that waits; returns what lets it go on."""
    programs, pipe = tmp_path / "programs", tmp_path / "gate"
    programs.mkdir()
    os.mkfifo(pipe)
    program = programs / "dotnet"
    program.write_text(HELD.format(gate=pipe, dotnet=standin.programs / "dotnet"))
    program.chmod(0o755)
    lean.environment["PATH"] = f"{programs}:{lean.environment['PATH']}"
    end = os.open(pipe, os.O_RDWR)
    yield lambda: os.write(end, b"\n") and None
    os.close(end)


def heard(process: Popen[str]) -> str:
    """Return the first line on standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


@pytest.mark.long
def test_a_build_and_a_wait_for_one_are_shown(
    lean: Project, start, gate: Callable[[], None]
) -> None:
    """At once; neither would print anything for minutes else."""
    environment = lean.environment
    first = start(lean.folder, "run", "pipeline.toml", "--log", "log", **environment)
    assert heard(first) == "building EmaBands ...\n"
    second = start(lean.folder, "plan", "pipeline.toml", **environment)
    assert heard(second) == "waiting for another build of this folder ...\n"
    # The strategy's, and whoever comes first the harness's.
    gate()
    gate()
    told = ""
    for process in (first, second):
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert "building" not in said
        told += said
    assert " building EmaBands ...\n" in (lean.folder / "log").read_text()
    assert told.count("compiling the warm harness ...\n") == 1


def test_check_tells_what_is_never_read(run: Run) -> None:
    """Without running anything; it can be allowed there too."""
    wrong = ("check", "pipeline.toml", "--set", "parameters.fats=3")
    assert "parameters.fats: EmaBands never reads 'fats'" in run(*wrong, code=5)
    assert run(*wrong, "--allow-unread").endswith("ok\n")


def test_an_end_that_nobody_sets_is_said(run: Run, lean: Project) -> None:
    """LEAN would end yesterday."""
    lean.edit("SetEndDate(", "Other(", "EmaBands/EmaBands.cs")
    lean.edit("end = ", "note = ")
    assert "EmaBands sets no end date, and [scenario] has no `end`" in run("plan", "pipeline.toml")


def test_check_compiles_the_project(run: Run, lean: Project) -> None:
    """What the compiler says is what `check` says; --no-import compiles nothing."""
    assert run("check") == "pipeline.toml: ok\n"
    lean.edit("namespace", "// error CS1002: ; expected\nnamespace", "EmaBands/EmaBands.cs")
    assert "EmaBands.cs(" in run("check", code=5)
    assert "error CS1002: ; expected" in run("check", code=5)
    assert run("check", "--no-import") == "pipeline.toml: ok\n"
