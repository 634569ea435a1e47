"""`warmup`: a strategy sees days before `start`; an engine that cannot show them is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.project_files import STORE
from tests.projects import lay

#: Counts the days that it may see, and those that it trades.
STRATEGY = '''
"""Counts days."""

from datetime import timedelta

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    first = scenario.start - timedelta(scenario.warmup)
    seen, traded = (scenario.end - day for day in (first, scenario.start))
    return Result({"Net Profit": parameters["x"], "Seen": seen.days + 1, "Traded": traded.days + 1})
'''
PIPELINE = """
name = "days"

[strategy]
entry = "strategy.py:run"

[scenario]
start = 2004-03-01
end = 2004-03-10

[parameters]
x = 1

[fitness]
use = "statistic"
statistic = "Seen"
"""
#: The engine `python`, registered by others: it takes what a test says.
PLUGIN = """
from leanopt_core.api import EngineSpec, hookimpl
from leanopt_core.options import PythonStrategy

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines():
    return [EngineSpec("plain", "leanopt_core.engines.python:create", PythonStrategy{takes})]
"""

Backtest = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A strategy that counts days, and its pipeline of ten."""
    folder = tmp_path / "project"
    folder.mkdir()
    lay(folder, STRATEGY, PIPELINE)
    return folder


@pytest.fixture
def backtest(project: Path, leanopt) -> Backtest:
    """Run the only point under a warm-up; return its backtest."""

    def run(*warmup: str) -> dict[str, Any]:
        sets = [text for one in warmup for text in ("--set", f"scenario.warmup={one}")]
        done = leanopt(project, "backtest", "pipeline.toml", *sets, "--json")
        (found,) = json.loads(done.stdout)["backtests"]
        return dict(found)

    return run


@pytest.mark.long
def test_a_strategy_sees_days_before_the_first(backtest: Backtest) -> None:
    """As many as the scenario says; the days that it trades stay."""
    for warmup, seen in (("60d", 70), ("2w", 24)):
        found = backtest(warmup)
        assert found["statistics"]["Seen"] == seen
        assert found["statistics"]["Traded"] == 10
        assert found["definition"]["warmup"] == seen - 10
    plain = backtest()
    assert plain["statistics"]["Seen"] == 10
    assert "warmup" not in plain["definition"]


@pytest.mark.long
def test_backtests_of_another_warm_up_are_others(backtest: Backtest) -> None:
    """The content key has it, in days; weeks are the same days."""
    assert [backtest(*one)["from_cache"] for one in (["56d"], ["8w"], ["57d"], [])] == [
        *(False, True),
        *(False, False),
    ]


WINDOWS = """
[walk_forward]
train = "4d"
test = "2d"
embargo = "1d"
"""


def walking(project: Path, warmup: str, more: str = "") -> None:
    """Write a pipeline of two windows, with a warm-up in `[walk_forward]` too."""
    text = PIPELINE.replace("x = 1", "x = { values = [1, 2] }")
    text = text.replace("[parameters]", f'{WINDOWS}warmup = "{warmup}"\n\n[parameters]')
    text = text.replace("end =", f"{more}\nend =")
    (project / "pipeline.toml").write_text(text + '\n[[stage]]\nuse = "grid"\n')


@pytest.mark.long
@pytest.mark.parametrize("more", ["", 'warmup = "7d"'])
def test_each_window_has_the_warm_up(project: Path, leanopt, canonical, more: str) -> None:
    """Before its train days and before its test days; that of the windows counts there."""
    walking(project, "60d", more)
    leanopt(project, "run", "pipeline.toml")
    lines = [json.loads(line) for line in canonical(project).splitlines()]
    tests = [one["statistics"] for one in lines if "test" in one]
    trials = [one for line in lines if "test" not in line for one in line["statistics"].values()]
    assert [(one["Seen"], one["Traded"]) for one in trials] == [(64, 4)] * 4
    assert [(one["Seen"], one["Traded"]) for one in tests] == [(62, 2)] * 2
    said = leanopt(project, "plan", "pipeline.toml").stdout
    assert "train 4d, test 2d, embargo 1d, warmup 60d" in said
    # A single point knows no windows.
    one = ("backtest", "pipeline.toml", "--param", "x=1", "--json")
    (found,) = json.loads(leanopt(project, *one).stdout)["backtests"]
    assert found["statistics"]["Seen"] == (17 if more else 10)


@pytest.mark.alike(1)
@pytest.mark.parametrize(("warmup", "seen"), [("7d", 7), ("0d", 0)])
def test_windows_can_do_without_the_scenarios_warm_up(
    project: Path, leanopt, canonical, warmup: str, seen: int
) -> None:
    """No days are no warm-up, and no embargo."""
    walking(project, warmup, 'warmup = "60d"')
    sets = ("--set", "walk_forward.embargo=0d", "--set", "walk_forward.test=1d")
    leanopt(project, "run", *sets)
    lines = [json.loads(line) for line in canonical(project).splitlines()]
    tests = [one["statistics"] for one in lines if "test" in one]
    assert {one["Seen"] - one["Traded"] for one in tests} == {seen}
    said = leanopt(project, "plan", *sets).stdout
    assert f"train 4d, test 1d, warmup {warmup}" in said


@pytest.mark.long
def test_no_days_of_warm_up_are_as_none(backtest: Backtest) -> None:
    """The content key, too, is that of a scenario without."""
    assert [backtest(*one)["from_cache"] for one in ([], ["0d"], ["0w"])] == [False, True, True]


def test_an_engine_without_warm_up_gets_no_windows_with_one(
    project: Path, install, leanopt
) -> None:
    """The table's warm-up is refused like that of a scenario."""
    walking(project, "60d")
    plain = ("--set", "strategy.engine=plain")
    install("plain", PLUGIN.format(takes=""))
    done = leanopt(project, "run", "pipeline.toml", *plain, check=False)
    assert done.returncode == 3
    assert "expected an engine that takes scenario.warmup" in done.stderr
    assert not (project / STORE).exists()


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_an_engine_without_warm_up_is_refused(
    project: Path, install, leanopt, command: str
) -> None:
    """Before anything runs; without a warm-up it is as good as any."""
    install("plain", PLUGIN.format(takes=""))
    sets = ("--set", "strategy.engine=plain", "--set", "parameters.x={ values = [1, 2] }")
    (project / "pipeline.toml").write_text(PIPELINE + '\n[[stage]]\nuse = "grid"\n')
    warm = (*sets, "--set", "scenario.warmup=60d")
    done = leanopt(project, command, "pipeline.toml", *warm, check=False)
    assert done.returncode == 3
    assert (
        'strategy.engine: found "plain", expected an engine that takes scenario.warmup '
        "(plain 1.0 shows strategies no days before start"
    ) in done.stdout + done.stderr
    assert not (project / STORE).exists()
    if command == "check":
        leanopt(project, command, "pipeline.toml", *sets)


def test_an_engine_that_says_it_takes_it_gets_it(project: Path, install, leanopt) -> None:
    """By its specification."""
    install("plain", PLUGIN.format(takes=', takes={"warmup"}'))
    sets = ("--set", "strategy.engine=plain", "--set", "scenario.warmup=60d")
    done = leanopt(project, "backtest", "pipeline.toml", *sets, "--json")
    assert json.loads(done.stdout)["backtests"][0]["statistics"]["Seen"] == 70


@pytest.mark.parametrize(
    ("takes", "says"),
    [
        ('"warmpu"', "'plain' takes 'warmpu'; did you mean 'warmup'?"),
        ("3", "'plain' has the takes 3, expected some of 'dates', 'warmup'"),
    ],
)
def test_what_an_engine_cannot_take_is_named(
    project: Path, install, leanopt, takes: str, says: str
) -> None:
    """As a mistake of the plugin."""
    install("plain", PLUGIN.format(takes=f", takes={takes}"))
    sets = ("--set", "strategy.engine=plain")
    done = leanopt(project, "check", "pipeline.toml", *sets, check=False)
    assert done.returncode != 0
    assert f"leanopt_engines: {says}" in done.stdout + done.stderr


@pytest.mark.long
def test_a_run_is_repeated_with_its_warm_up(project: Path, leanopt) -> None:
    """It is in the plan: `verify` and the request that reproduces a backtest have it."""
    text = PIPELINE.replace("x = 1", "x = { values = [1, 2] }").replace(
        "end =", 'warmup = "60d"\nend ='
    )
    (project / "pipeline.toml").write_text(text + '\n[[stage]]\nuse = "grid"\n')
    leanopt(project, "run", "pipeline.toml")
    shown = json.loads(leanopt(project, "show", "days-1", "1", "--json").stdout)
    assert '"warmup":60' in json.dumps(shown).replace(" ", "").replace("\\", "")
    verified = json.loads(leanopt(project, "verify", "days-1", "--all", "--json").stdout)
    assert [one["result"] for one in verified["backtests"]] == ["equal", "equal"]
