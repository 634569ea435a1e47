"""A run in which every trial fails alike stops early, exits 5 and says why in one line."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import leanopt_core
from tests.processes import kill_once
from tests.stored import told

BROKEN = """
import os
import time
from random import Random

from leanopt_harness import backtest


@backtest
def run(parameters, scenario):
    x, y, mode = parameters["x"], parameters["y"], parameters["mode"]
    try:
        delay = float(os.readlink(os.path.join(os.path.dirname(__file__), ".HILL_DELAY")))
    except OSError:
        delay = 0.0
    time.sleep(Random(f"{x} {y}").random() * delay)
    raise ValueError(f"no bars in '{mode}' at x = {x}")
"""
WHY = (
    "all 20 trials of run hill-1 failed, so it ended (search.stop_when_failing); "
    "trial 1: strategy error: ValueError: no bars in '"
)


@pytest.fixture
def broken(project: Path) -> Path:
    """A project whose strategy raises at every point, with a message that has the point."""
    (project / "strategy.py").write_text(BROKEN)
    return project


@pytest.mark.long
def test_it_stops_exits_5_and_says_why_in_one_line(broken: Path, leanopt, shown) -> None:
    """At lookahead 5, at most 24 trials were begun by then; the rest of the budget is saved."""
    ended = leanopt(broken, "run", "pipeline.toml", check=False)
    assert ended.returncode == 5
    [line] = [one for one in ended.stderr.splitlines() if one.startswith("leanopt: ")]
    assert line.startswith(f"leanopt: {WHY}")
    assert line.endswith("; `leanopt backtest --of hill-1:1` runs it alone")
    report = shown(broken)
    assert (report["state"], report["trials"]["failed"]) == ("finished", 20)
    assert report["trials"]["withdrawn"] <= 4
    assert report["stages"][0]["ended"] == "search.stop_when_failing"
    assert report["stages"][1]["ended"] is None
    [warning] = report["warnings"]
    assert line == f"leanopt: {warning}"
    # What it advises: the same failure, and a code of its own kind.
    alone = leanopt(broken, "backtest", "--of", "hill-1:1", check=False)
    assert alone.returncode == 5
    assert "ValueError: no bars in '" in alone.stdout + alone.stderr


@pytest.mark.long
def test_the_screen_says_what_the_last_failure_was(broken: Path, leanopt) -> None:
    """On one line with the counts, as the stage ends."""
    said = leanopt(broken, "run", "pipeline.toml", check=False).stderr
    [line] = [one for one in said.splitlines() if one.startswith("stage lhs ended")]
    assert "20 strategy error (last: ValueError: no bars in '" in line


@pytest.mark.long
@pytest.mark.slow
def test_workers_cache_kills_and_resumes_change_nothing(
    broken: Path, leanopt, start, canonical: Callable[..., str], processes_of
) -> None:
    """The 20th told trial is the last of each; a known failure counts as a new one."""
    ends = []
    for workers in ("1", "3"):
        arguments = ("run", "pipeline.toml", "--again", "--workers", workers)
        ended = leanopt(broken, *arguments, check=False, HILL_DELAY="0.02")
        ends.append((ended.returncode, canonical(broken)))
    (broken / "strategy.py").write_text(BROKEN + "\n# another source: no cache\n")
    process = start(broken, "run", "pipeline.toml", HILL_DELAY="0.2")
    kill_once(process, lambda: told(broken) >= 40 + 9)
    while processes_of(broken):
        pass
    ended = leanopt(broken, "resume", check=False)
    ends.append((ended.returncode, canonical(broken)))
    assert set(ends) == {(5, ends[0][1])}
    assert ends[0][1].count('"state":"failed"') == 20


@pytest.mark.long
def test_without_the_rule_it_goes_on_and_exits_5(broken: Path, leanopt, shown) -> None:
    """The plan has it: another number is another plan. Without a completed trial the code is 5."""
    sets = ("--set", "search.stop_when_failing=0")
    plans = [
        json.loads(leanopt(broken, "plan", "pipeline.toml", "--json", *s).stdout)
        for s in (sets, ())
    ]
    assert [one["plan"]["stop_when_failing"] for one in plans] == [0, 20]
    assert plans[0]["hash"] != plans[1]["hash"]
    ended = leanopt(broken, "run", "pipeline.toml", *sets, check=False)
    assert ended.returncode == 5
    assert "leanopt: all 64 trials of run hill-1 failed; trial 1: strategy error:" in ended.stderr
    assert shown(broken)["stages"][1]["ended"] == "patience"


@pytest.mark.long
def test_one_trial_that_completes_keeps_it_going(broken: Path, leanopt, shown) -> None:
    """The exit code is 0, as before; the page says how many failed."""
    fine = "    if x > 30:\n        from leanopt_harness import Result\n"
    fine += "        return Result({'Net Profit': x, 'Drawdown': 0.1, 'Total Orders': 3})\n"
    (broken / "strategy.py").write_text(BROKEN.replace("    raise", f"{fine}    raise"))
    assert leanopt(broken, "run", "pipeline.toml").returncode == 0
    assert shown(broken)["trials"]["failed"] > 20
    assert any(" trials failed; trial " in one for one in shown(broken)["warnings"])


@pytest.mark.long
def test_from_python_it_is_a_warning(broken: Path) -> None:
    """The run is returned, as one that has ended by itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = leanopt_core.run(broken / "pipeline.toml")
    assert run.state == "finished"
    assert [str(one.message) for one in caught if str(one.message).startswith(WHY)]


MISSPELT = {"constraints.results": '["Drawdwn <= 25%"]', "fitness.statistic": "'Net Profitt'"}
SAID = {
    "constraints.results": "'Drawdwn': did you mean 'Drawdown'?",
    "fitness.statistic": "'Net Profitt': did you mean 'Net Profit'?",
}


@pytest.mark.long
@pytest.mark.parametrize("key", MISSPELT)
def test_a_statistic_that_no_backtest_reports(project: Path, leanopt, shown, key: str) -> None:
    """A Python strategy reports what it likes: the first backtest tells, and 20 trials are enough.

    Trials that fail in between do not count.
    """
    sets = ("--set", f"{key}={MISSPELT[key]}")
    assert leanopt(project, "check", "pipeline.toml", *sets).stderr == ""
    ended = leanopt(project, "run", "pipeline.toml", *sets, check=False)
    assert ended.returncode == 5
    said = [one for one in ended.stderr.splitlines() if one.startswith(("warning", "leanopt"))]
    warning = f": no statistic {SAID[key]} (among those of the first completed backtest)"
    assert said[0].startswith(f"warning: {key}")
    assert said[0].endswith(warning)
    assert "of run hill-1 has a fitness, so it ended (search.stop_when_failing); tr" in said[-1]
    assert f"no statistic {SAID[key]}; `leanopt backtest --of hill-1:" in said[-1]
    report = shown(project)
    assert (report["trials"]["completed"], report["trials"]["feasible"]) == (20, 0)
    assert report["trials"]["failed"] > 0
    # Its result is shown again, with the same exit code.
    again = leanopt(project, "run", "pipeline.toml", *sets, check=False)
    assert (again.returncode, again.stderr.splitlines()[-1]) == (5, said[-1])


@pytest.mark.long
def test_a_statistic_that_a_backtest_has_reported_is_none_of_these(
    project: Path, leanopt, shown
) -> None:
    """One that only some backtests have is the strategy's own affair."""
    text = (project / "strategy.py").read_text()
    rare = 'rare = {"Rare": 1.0} if x % 4 == 0 else {}\n    return Result(\n'
    text = text.replace("return Result(\n        {", f"{rare}        {{**rare,")
    (project / "strategy.py").write_text(text)
    sets = ("--set", 'constraints.results=["Rare > 0"]')
    leanopt(project, "run", "pipeline.toml", *sets, check=False)
    assert shown(project)["stages"][1]["ended"] == "patience"
