"""Which harness runs is told, and what can run where the warm one cannot be compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project

pytestmark = pytest.mark.long  # `make test` runs a few of them

Run = Callable[..., str]

WAY_OUT = "--set strategy.harness=launcher starts LEAN's Launcher for each backtest instead"
#: A compiler that does not get through the harness; it builds all else.
COMPILER = """#!/bin/sh
case "$1 $2" in "build "*LeanoptHarness.csproj) {fails};; esac
exec {dotnet} "$@"
"""
FAILS = {
    "compile error": (
        'echo "$2(3,5): error CS0103: The name Engine does not exist [$2]"; exit 1',
        (
            "LeanoptHarness.csproj does not compile (1 error):",
            "error CS0103: The name Engine does not exist",
        ),
    ),
    "no SDK": (
        'echo "No .NET SDKs were found."; exit 155',
        ("no .NET SDK where workers run (the image quantconnect/lean has one)",),
    ),
}


@pytest.fixture
def compiler(tmp_path: Path, lean: Project, standin) -> Callable[[str], None]:
    """Put a compiler in place that does this with the harness."""
    programs = tmp_path / "programs"
    programs.mkdir()
    lean.environment["PATH"] = f"{programs}:{lean.environment['PATH']}"

    def put(fails: str) -> None:
        program = programs / "dotnet"
        program.write_text(COMPILER.format(fails=fails, dotnet=standin.programs / "dotnet"))
        program.chmod(0o755)

    return put


@pytest.mark.alike(1)
@pytest.mark.smoke
@pytest.mark.parametrize("case", FAILS)
def test_a_harness_that_does_not_compile_names_the_other(
    run: Run, compiler: Callable[[str], None], case: str
) -> None:
    """With what the compiler says; the other one needs no compiler."""
    fails, messages = FAILS[case]
    compiler(fails)
    said = run("plan", "pipeline.toml", code=5)
    assert "the warm harness cannot be compiled: LeanoptHarness.csproj" in said
    for message in messages:
        assert message in said
    assert said.endswith(f"{WAY_OUT}\n")
    said = run("plan", "pipeline.toml", "--set", "strategy.harness=launcher")
    assert "harness: LEAN's Launcher, one process per backtest" in said


def test_the_harness_that_runs_is_told(run: Run, lean: Project) -> None:
    """By the plan, by what is shown while it is compiled, and by the run."""
    said = run("plan", "pipeline.toml")
    assert "building EmaBands ...\ncompiling the warm harness ...\n" in said
    assert f"harness: warm ({lean.folder / '.leanopt' / 'builds'}" in said
    assert "harness ..." not in run("plan", "pipeline.toml")
    run("run", "pipeline.toml", "--set", "strategy.harness=launcher", "--set", "stage.0.trials=2")
    assert "\nharness: launcher\n" in run("show")


def test_dates_that_initialize_uses_are_noted(run: Run, lean: Project) -> None:
    """LEAN warm is told others only afterwards; as parameters they come in time."""
    lean.edit("SetWarmUp(", 'History("SPY", 9); SetWarmUp(', "EmaBands/EmaBands.cs")
    noted = "scenario.start: LEAN sets it after Initialize, which uses another start before"
    assert noted not in run("plan", "pipeline.toml")
    lean.edit('pass_as = { start = "start", end = "end" }', "")
    lean.edit("start = 2003-01-01", "start = 2004-01-01")
    assert noted in run("plan", "pipeline.toml")
    # The stand-in knows no such dates, so that the only trial fails.
    assert noted in run("run", "pipeline.toml", "--set", "stage.0.trials=1", code=5)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("[]", 'found [], expected "warm", "launcher" or a command; "warm" is the default'),
        ('"wram"', 'found "wram", expected "warm" or "launcher"'),
        ('["harness", 7]', 'found ["harness", 7], expected "warm" or "launcher"'),
    ],
)
def test_a_wrong_harness_is_told_with_those_that_there_are(
    run: Run, named: str, message: str
) -> None:
    """Before anything else."""
    said = run("plan", "pipeline.toml", "--set", f"strategy.harness={named}", code=3)
    assert f"strategy.harness: {message}" in said


def test_rolling_windows_are_backtested_anew(run: Run) -> None:
    """What is known without them is not known with them."""
    some = ("run", "pipeline.toml", "--again", "--set", "stage.0.trials=2")
    for option, count in (("false", 2), ("false", 0), ("true", 2)):
        said = run(*some, "--set", f"strategy.rolling_windows={option}")
        assert f"{count} backtests run" in said


def test_a_text_that_looks_like_a_path_stays(run: Run) -> None:
    """The harness finds it in its command line as in each configuration."""
    run(
        "run", "pipeline.toml", "--set", 'strategy.config={ note = "{data}" }',
        "--set", "stage.0.trials=1",
    )  # fmt: skip
    (trial,) = run("export", "--to", "jsonl").splitlines()
    assert '"failure": null' in trial or '"failure":null' in trial
