"""The lean engine: held to the kit, to real LEAN's result folders, and to other harnesses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from leanopt_lean.engine import LeanEngine, create
from leanopt_lean.options import LeanStrategy

from leanopt_core.testing import EngineContract
from leanopt_core.work import Scenario
from plugins.leanopt_lean.tests.runs.conftest import Project, either

Run = Callable[..., str]

#: Any harness but ours: the base form, or one that says its abilities; it runs the stand-in.
HARNESS = """
import json, os, subprocess, sys

ABILITIES = {abilities!r}


def run(path):
    subprocess.run(["dotnet", "QuantConnect.Lean.Launcher.dll", "--config", path],
                   cwd={launcher!r}, stdout=2)


for line in sys.stdin:
    request = json.loads(line)
    answer = {{"id": request["id"], "status": "ok"}}
    if "hello" in request and ABILITIES:
        answer["hello"] = {{"protocol": 1, "engine": "lean", "abilities": ABILITIES}}
    elif "config" in request:
        told = request.get("scenario", {{}})
        dates = {{key: told[key] for key in ("start", "end") if key in told}}
        request["config"]["parameters"].update(dates)
        with open("config.json", "w") as file:
            json.dump(request["config"], file)
        run(os.path.abspath("config.json"))
    elif "config_path" in request:
        run(request["config_path"])
    else:
        answer = {{"id": request["id"], "status": "error", "message": "no config_path"}}
    print(json.dumps(answer), flush=True)
"""


@pytest.mark.kit_again
@pytest.mark.alike(1)
class TestContract(EngineContract):
    """All that is expected of an engine, LEAN warm or its Launcher."""

    outputs = ("equity",)

    @pytest.fixture(params=["warm", "launcher"])
    def harness(self, request: pytest.FixtureRequest) -> str:
        """One after the other."""
        return str(request.param)

    @pytest.fixture
    def engine(
        self, lean: Project, standin, harness: Any, monkeypatch: pytest.MonkeyPatch
    ) -> LeanEngine:
        """One for the strategy whose landscape is recorded."""
        monkeypatch.setenv("PATH", standin.environment["PATH"])
        options = LeanStrategy(
            Path("EmaBands"), Path("data"), launcher=str(standin.launcher), harness=harness
        )
        return create(options, lean.folder)

    @pytest.fixture
    def strategy_file(self, lean: Project) -> Path:
        """Its only file of code."""
        [file] = (lean.folder / "EmaBands").glob("*.cs")
        return file

    @pytest.fixture
    def parameters(self):
        """Points of the landscape."""
        return [{"fast": 3, "slow": slow, "entry": 4} for slow in (30, 40, 50)]

    @pytest.fixture
    def scenario(self) -> Scenario:
        """What they were recorded under."""
        return Scenario(
            "spy", "SPY", date(2003, 1, 1), date(2007, 12, 31), Decimal(100_000),
            {"resolution": "daily"}, {"start": "start", "end": "end"},
        )  # fmt: skip

    @pytest.fixture
    def other_scenarios(self, scenario: Scenario) -> Sequence[Scenario]:
        """Its dates are parameters of the strategy."""
        day = date(2004, 1, 2)
        return [evolve(scenario, start=day), evolve(scenario, end=day)]


@pytest.mark.long
@either
def test_every_kind_of_result_folder(run: Run, lean: Project, harness: str) -> None:
    """Each in its category, with the reason that its user sees; whatever the exit code was."""
    # Python's shutdown: exit code 134 after a good run.
    aborted = {"abort": (None, "")} if harness == "launcher" else {}
    cases = {
        "completed": (None, ""),
        **aborted,
        "minute": (None, ""),
        "zero-orders": (None, ""),
        "missing-data": ("no result", "MSFT"),
        "runtime-error": ("strategy error", "planted: OnData throws"),
        "initialize-error": ("strategy error", "planted: Initialize throws"),
        "process-exit": ("no result", "exit code 3"),
    }
    (lean.folder / "pipeline.toml").write_text(
        (lean.folder / "pipeline.toml").read_text().partition("[parameters]")[0]
        + f"[parameters]\nfast = 3\nslow = 60\ncase = {{ choices = {json.dumps([*cases])} }}\n"
        '[fitness]\nuse = "statistic"\nstatistic = "Sharpe Ratio"\ndirection = "max"\n'
        '[executor]\nworkers = 2\n[[stage]]\nuse = "grid"\n'
    )
    # What was recorded without data was MSFT.
    lean.edit('symbol = "SPY"', 'symbol = "MSFT"')
    lean.edit('data = "data"', 'data = "data"\ncheck_data = false')
    run("run", "pipeline.toml", "--allow-unread")
    lines = run("export", "--to", "jsonl").splitlines()
    told = {one["parameters"]["case"]: one for one in map(json.loads, lines)}
    assert sorted(told) == sorted(cases)
    for case, (category, reason) in cases.items():
        backtest = told[case]["backtests"]["default"]
        assert (backtest["failure"], case) == (category, case)
        assert reason in (backtest["message"] or "")
    assert {told[case]["fitness"] for case in ("completed", *aborted)} == {-1.039}
    assert told["zero-orders"]["fitness"] is None
    assert "the backtest made no orders" in json.dumps(told["zero-orders"])


@pytest.mark.long
@pytest.mark.parametrize(
    "abilities",
    [
        pytest.param([], marks=pytest.mark.long),
        pytest.param(["config"], marks=pytest.mark.long),
        ["config", "scenario"],
    ],
)
def test_other_harnesses(run: Run, lean: Project, standin, canonical, abilities: list[str]) -> None:
    """The base form by a file, others inline: the same trials; one may set the scenario itself."""
    run("run", "pipeline.toml")
    truth = canonical(lean.folder)
    script = lean.folder / "other.py"
    script.write_text(HARNESS.format(abilities=abilities, launcher=str(standin.launcher)))
    lean.edit('"warm"', f'["{sys.executable}", "{script}"]')
    if "scenario" in abilities:
        lean.edit('pass_as = { start = "start", end = "end" }', "")
    said = run("run", "pipeline.toml", "--again")
    assert "20 backtests run" in said
    there = [{**json.loads(line), "plan": None} for line in canonical(lean.folder).splitlines()]
    assert there == [{**json.loads(line), "plan": None} for line in truth.splitlines()]


@pytest.mark.long
def test_a_type_that_values_do_not_fit_stops_the_run(run: Run, lean: Project) -> None:
    """The harness tells it where the source does not; nothing lifts that."""
    lean.edit('GetParameter("fast", 10)', 'GetParameter("fa" + Rest(), 10)', "EmaBands/EmaBands.cs")
    lean.edit("fast = { min = 3, max = 25, step = 2 }", "fast = { min = 3, max = 25, step = 0.5 }")
    said = run("run", "pipeline.toml", "--allow-unread", code=5)
    assert (
        "parameters.fast: found 3.5, but the strategy reads it as int: expected whole numbers; "
        "write whole numbers (step = 1), or read it as a decimal number in the strategy"
    ) in said
    assert json.loads(run("show", "--json"))["state"] == "failed"


def test_a_scenario_that_the_harness_cannot_set_is_an_error(
    run: Run, lean: Project, standin
) -> None:
    """Known at its hello, before the first backtest."""
    script = lean.folder / "other.py"
    script.write_text(HARNESS.format(abilities=["config"], launcher=str(standin.launcher)))
    lean.edit('"warm"', f'["{sys.executable}", "{script}"]')
    lean.edit('pass_as = { start = "start", end = "end" }', "")
    said = run("run", "pipeline.toml", code=5)
    assert "scenario.start: found 2003-01-01" in said


@pytest.mark.long
@either
def test_a_backtest_that_hangs_is_ended_with_all_it_started(run: Run, lean: Project) -> None:
    """The Launcher, or LEAN in the harness."""
    run(
        "run", "pipeline.toml", "--allow-unread", "--set", 'parameters.case="hang"',
        "--set", "stage.0.trials=2", "--set", "executor.time_limit=1s", code=5,
    )  # fmt: skip
    tally = json.loads(run("show", "--json"))
    assert "timeout" in json.dumps(tally)
    mark = str(lean.folder).encode()
    for process in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert mark not in process.read_bytes(), process
        except OSError:
            continue


@either
@pytest.mark.parametrize(
    ("keep", "count"),
    [
        ("best:3", 3),
        pytest.param("all", 12, marks=pytest.mark.long),
        pytest.param("failed", 0, marks=pytest.mark.long),
    ],
)
def test_full_results_are_kept_as_wanted(run: Run, lean: Project, keep: str, count: int) -> None:
    """With what LEAN wrote; `show` says where, and they go with their run."""
    options = ("--set", f"search.keep={keep}", "--set", "stage.0.trials=12")
    run("run", "pipeline.toml", *options)
    kept = lean.folder / ".leanopt" / "results" / "spy-1" / "1"
    numbers = sorted(int(path.name) for path in kept.iterdir()) if kept.exists() else []
    assert len(numbers) == count
    shown = json.loads(run("show", "--json"))["best"]
    if keep == "best:3":
        assert numbers == sorted(one["trial"] for one in shown[:3])
    for number in numbers:
        document = kept / str(number) / "1" / "results" / "backtest.json"
        assert json.loads(document.read_text())["state"]["Status"] == "Completed"
        assert f"full results: .leanopt/results/spy-1/1/{number}" in run(
            "show", "spy-1", str(number)
        )
    run("delete", "spy-1", "--yes")
    assert not kept.exists()
