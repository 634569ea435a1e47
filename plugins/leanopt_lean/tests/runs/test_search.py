"""A whole LEAN pipeline by the real command."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project, either

LANDSCAPE = (
    Path(__file__).parents[4] / "tests" / "lean-results" / "ema-bands-spy-2003-2007.jsonl.gz"
)
Run = Callable[..., str]

#: A harness without LEAN: it answers with the landscape's rows as they were recorded.
RECORDED = """
import gzip, json, sys

with gzip.open({landscape!r}, "rt") as file:
    rows = [json.loads(line) for line in file][1:]
names = ("fast", "slow", "entry")
known = {{tuple(row["parameters"][name] for name in names): row for row in rows}}


def backtest(config):
    given = config["parameters"]
    row = known[tuple(given[name] for name in names)]
    sections = {{name: row[name] for name in ("tradeStatistics", "portfolioStatistics")}}
    return {{"statistics": {{**row["statistics"], "totalPerformance": sections}}}}


HELLO = {{"protocol": 1, "engine": "lean", "abilities": ["config", "statistics", "scenario"]}}
for line in sys.stdin:
    request = json.loads(line)
    told = {{"hello": HELLO}} if "hello" in request else backtest(request["config"])
    print(json.dumps({{"id": request["id"], "status": "complete", **told}}), flush=True)
"""


@pytest.mark.slow
@pytest.mark.long
def test_a_search_finds_the_landscape_s_true_best(run: Run) -> None:
    """As the recorded results of real LEAN have it, in a third of the points."""
    with gzip.open(LANDSCAPE, "rt") as file:
        next(file)
        rows = [json.loads(line) for line in file]
    best = max(rows, key=lambda row: float(row["statistics"]["Sharpe Ratio"]))
    run("run", "pipeline.toml", "--set", "stage.0.trials=200")
    shown = json.loads(run("show", "--json"))
    top = shown["best"][0]
    assert top["fitness"] == float(best["statistics"]["Sharpe Ratio"]) == 0.24
    assert top["parameters"] == {"fast": 3, "slow": 60, "entry": 4}


@either
def test_what_is_wrong_is_told_all_at_once_before_the_first_backtest(
    run: Run, lean: Project, harness: str
) -> None:
    """Names that nobody reads, dates that never reach the strategy, prices that are missing."""
    lean.edit("fast =", "fats =")
    lean.edit('pass_as = { start = "start", end = "end" }', "")
    lean.edit('symbol = "SPY"', 'symbol = "SPX"')
    said = run("plan", "pipeline.toml", code=5)
    assert "parameters.fats: EmaBands never reads 'fats'; did you mean 'fast' (EmaBands.cs:" in said
    untold = "scenario.start: found 2003-01-01, but EmaBands.cs:" in said
    assert untold == (harness == "launcher")
    assert "SPX" in said
    assert "spx.zip is missing" in said
    assert not (lean.folder / ".leanopt" / "leanopt.db").exists()


@pytest.mark.long
def test_what_does_not_compile_is_told_with_its_place(run: Run, lean: Project) -> None:
    """And is built once it does; a second run builds nothing."""
    lean.edit("public override void OnData", "// error CS0103: nobody\npublic override void OnData",
              "EmaBands/EmaBands.cs")  # fmt: skip
    said = run("run", "pipeline.toml", code=5)
    assert "EmaBands.csproj does not compile (1 error):" in said
    assert "EmaBands.cs" in said
    assert "CS0103" in said
    lean.edit("// error CS0103: nobody\n", "", "EmaBands/EmaBands.cs")
    run("run", "pipeline.toml")
    builds = list((lean.folder / ".leanopt" / "builds").glob("*/build.json"))
    run("run", "pipeline.toml", "--again", PATH="/usr/bin:/bin")  # no dotnet: all is known
    assert list((lean.folder / ".leanopt" / "builds").glob("*/build.json")) == builds


@pytest.mark.long
def test_skip_build_uses_the_last_good_one(run: Run, lean: Project) -> None:
    """Whatever the sources are now, and says so."""
    run("run", "pipeline.toml")
    lean.edit("SetWarmUp", "// changed\nSetWarmUp", "EmaBands/EmaBands.cs")
    said = run("run", "pipeline.toml", "--again", "--skip-build")
    assert "EmaBands has changed since it was built" in said
    assert "20 from the cache" in said


@pytest.mark.long
def test_the_same_trials_on_any_number_of_workers(run: Run, lean: Project, canonical) -> None:
    """And with results kept or not."""
    dumps = set()
    for workers, keep in (("1", "none"), ("3", "best:2"), ("2", "all")):
        options = ("--again", "--workers", workers, "--set", f"search.keep={keep}")
        run("run", "pipeline.toml", *options, "--set", f"parameters.stop={0}")
        dumps.add(canonical(lean.folder))
    assert len(dumps) == 1


@pytest.mark.long
def test_the_same_trials_by_any_harness(run: Run, lean: Project, canonical) -> None:
    """By LEAN warm, by its Launcher, and of what was recorded: one canonical dump."""
    script = lean.folder / "recorded.py"
    script.write_text(RECORDED.format(landscape=str(LANDSCAPE)))
    dumps = set()
    for harness in ("warm", "launcher", [sys.executable, str(script)]):
        options = ("--again", "--set", f"strategy.harness={json.dumps(harness)}")
        said = run("run", "pipeline.toml", *options, "--set", "stage.0.trials=60")
        assert "60 backtests run" in said
        dumps.add(canonical(lean.folder))
    assert len(dumps) == 1


@pytest.mark.long
def test_nothing_of_a_backtest_is_left(run: Run, lean: Project) -> None:
    """Neither its results nor its configuration."""
    run("run", "pipeline.toml")
    left = [path for path in (lean.folder / ".leanopt").rglob("*") if path.is_file()]
    assert not [path for path in left if "builds" not in path.parts and path.suffix == ".json"]


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("harness", "program"),
    [("warm", "/bin/LeanoptHarness.dll --lean "), ("launcher", "leanopt_lean/launcher --harness ")],
)
def test_a_trial_by_hand(run: Run, lean: Project, program: str, harness: str) -> None:
    """`show` gives a command line that does it again."""
    run("run", "pipeline.toml")
    said = run("show", "spy-1", "1")
    assert program in said
    (line,) = [line for line in said.splitlines() if "algorithm-type-name" in line]
    with subprocess.Popen(  # noqa: S602 - what a user does with what is shown
        line, shell=True, cwd=lean.folder, env={**os.environ, **lean.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as typed:  # fmt: skip
        assert typed.stdin is not None
        assert typed.stdout is not None
        answer = json.loads(typed.stdout.readline())
        typed.stdin.close()
    assert answer["status"] == "complete", answer
    document = lean.folder / "by-hand" / "results" / "backtest.json"
    assert (document.exists(), "statistics" in answer) == (
        (True, False) if harness == "launcher" else (False, True)
    )
