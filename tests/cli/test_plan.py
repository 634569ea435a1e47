"""What `leanopt plan` says of time: from the store, from a probe, or that it is not known."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


def planned(leanopt, folder: Path, *arguments: str) -> dict:
    """Return the plan as JSON."""
    return json.loads(leanopt(folder, "plan", "pipeline.toml", "--json", *arguments).stdout)


def test_before_anything_was_run_no_time_is_promised(project: Path, leanopt) -> None:
    """And no store is made."""
    assert planned(leanopt, project)["time"] is None
    assert "time: unknown" in leanopt(project, "plan", "pipeline.toml").stdout
    assert not (project / ".leanopt" / "leanopt.db").exists()


def test_the_time_is_that_of_earlier_backtests(searched: Path, leanopt) -> None:
    """Mean and variation of those in the store, however they are looked up."""
    said = planned(leanopt, searched)["time"]
    with closing(sqlite3.connect(searched / ".leanopt" / "leanopt.db")) as store:
        ((mean, square, count),) = store.execute(
            "SELECT avg(seconds), avg(seconds * seconds), count(*) FROM backtests "
            "WHERE statistics IS NOT NULL"
        )
    assert said["backtest_seconds"] == pytest.approx(mean)
    assert said["variation"] == pytest.approx((square - mean**2) ** 0.5 / mean)
    assert said["source"] == f"{count} earlier backtests"
    assert said["seconds"] == pytest.approx(40 * mean / (2 * said["utilisation"]))
    other = planned(leanopt, searched, "--set", "scenario.symbol=other")["time"]
    assert other["source"] == f"{count} earlier backtests under other scenarios"


def test_a_probe_runs_backtests_and_keeps_none(project: Path, leanopt) -> None:
    """As many as it is told, without each worker's first; what fails is told."""
    said = planned(leanopt, project, "--probe", "12")
    assert said["time"]["source"] in ("10 run now", "11 run now")
    assert said["time"]["backtest_seconds"] > 0
    assert said["warnings"] == []
    assert not (project / ".leanopt" / "leanopt.db").exists()
    sets = ("--set", "parameters.kind=failing", "--set", "parameters.x=1")
    failing = planned(leanopt, project, "--probe", "3", *sets)
    assert failing["time"] is None
    warning = failing["warnings"][-1]
    assert warning.startswith("failed backtests of the probe: 3; the first with strategy error")
    assert "no bars for x = 1" in warning
    said = leanopt(project, "plan", "pipeline.toml", "--probe", "3", *sets).stdout
    assert "time: unknown; of 3 backtests of the probe none gave it\n" in said


def test_conditions_are_shown_beside_what_they_decide(project: Path, leanopt) -> None:
    """Points that differ in inactive parameters only are one."""
    sets = (
        """parameters.y={ min = 0, max = 0.5, step = 0.05, when = "mode == 'b'" }""",
        'parameters.x={ min = 1, max = 100, levels = 5, scale = "log" }',
    )
    arguments = [part for one in sets for part in ("--set", one)]
    page = leanopt(project, "plan", "pipeline.toml", *arguments).stdout
    assert "\n110 points, 60 feasible\n" in page
    table = page[page.index("parameter") :].splitlines()[:4]
    assert [line.split() for line in table] == [
        ["parameter", "levels", "from", "..", "to", "active", "when"],
        ["mode", "2", "a", "..", "b"],
        ["x", "5", "1", "..", "100", "(log", "scale)"],
        ["y", "11", "0", "..", "0.5", "mode", "==", "'b'"],
    ]


def test_warnings_before_it_is_run(project: Path, leanopt) -> None:
    """More trials than points; a lookahead that leaves workers idle."""
    sets = ("--set", "parameters.x=1", "--set", "search.lookahead=2", "--workers", "4")
    completed = leanopt(project, "plan", "pipeline.toml", *sets)
    assert "the stages have 40 trials, but the space has only 22 points" in completed.stderr
    assert "search.lookahead = 2 leaves some of the 4 workers idle" in completed.stderr


def test_a_method_that_ends_by_itself_has_a_bound(project: Path, leanopt) -> None:
    """As `ga_deap`, whose generations are counted; and no search has more trials than points."""
    path = project / "pipeline.toml"
    before = path.read_text().partition("[[stage]]")[0]
    path.write_text(f'{before}[[stage]]\nuse = "ga_deap"\n')
    assert "at most 1,220" in leanopt(project, "plan", "pipeline.toml").stdout
    small = ("--set", "stage.0.n_generations=2", "--set", "stage.0.population_size=20")
    assert planned(leanopt, project)["trials"] == 220
    assert planned(leanopt, project, *small)["backtests"] == 20 + 2 * 15
    assert planned(leanopt, project, *small, "--set", "search.backtests=12")["trials"] == 12
    path.write_text(f'{before}[[stage]]\nuse = "surrogate"\n')
    assert planned(leanopt, project)["trials"] == 220


def test_the_time_limit_is_the_time_if_the_search_takes_longer(searched: Path, leanopt) -> None:
    """Else the expected time stays."""
    said = leanopt(searched, "plan", "pipeline.toml", "--set", "search.time=1ms").stdout
    assert "time: 0 s (search.time), " in said
    said = leanopt(searched, "plan", "pipeline.toml", "--set", "search.time=9d").stdout
    assert "time: about " in said
