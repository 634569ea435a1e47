"""What a user sees of a walk-forward: windows, drift, the joined curve; in every command."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from itertools import pairwise
from math import prod
from pathlib import Path

import pytest

from leanopt_core.cli.grid import grid_of
from leanopt_core.cli.live import page
from leanopt_core.cli.progress import Progress
from leanopt_core.cli.watch import Follower
from leanopt_core.store.store import open_store
from tests.projects import lay

STRATEGY = '''
from datetime import date, timedelta

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """The best x is the year less 2009. Nothing of BBB is good until 2012, and its 2012 fails."""
    x, year, symbol = parameters["x"], scenario.end.year, scenario.symbol
    if symbol == "BBB" and scenario.start.year == year == 2012:
        raise ValueError("no bars in 2012")
    equity, times = [100.0], []
    for at in range((scenario.end - scenario.start).days + 1):
        day = scenario.start + timedelta(at)
        times.append((day - date(1970, 1, 1)).days * 86400 + 75600)
        equity.append(equity[-1] * (1 + x * (day.day % 5 - 1.5) / 1e4))
    bad = symbol == "BBB" and year == 2012
    worse = abs(x - year + 2009) + 0.5 * (parameters["mode"] == "b")
    statistics = {"Net Profit": -worse, "Drawdown": 0.5 if bad else 0.1}
    return Result(statistics, times=times, equity=equity[1:])
'''
PIPELINE = """
name = "windows"
[strategy]
entry = "strategy.py:run"
[scenario]
SYMBOLS
start = 2009-01-01
end = 2014-12-31
[walk_forward]
train = TRAIN
test = "1y"
[parameters]
x = { min = 1, max = 6 }
mode = { choices = ["a", "b"] }
[constraints]
results = ["Drawdown <= 45%"]
[fitness]
use = "statistic"
statistic = "Net Profit"
[executor]
workers = 2
[[stage]]
use = "grid"
"""
SEPARATE = 'universe = ["AAA", "BBB"]\nseparate = true'


def laid(folder: Path, symbols: str, train: str = '"2y"') -> Path:
    """Write the project into a folder."""
    text = PIPELINE.replace("SYMBOLS", symbols).replace("TRAIN", train)
    return lay(folder, STRATEGY, text)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A walk-forward of one symbol, in four windows."""
    folder = laid(tmp_path_factory.mktemp("one"), 'symbol = "AAA"')
    leanopt(folder, "run", "pipeline.toml")
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """One of two symbols, in four windows each; the second has gaps."""
    folder = laid(tmp_path_factory.mktemp("two"), SEPARATE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def said(leanopt, folder: Path, *options: str) -> dict:
    """Return what `show` says as JSON."""
    return json.loads(leanopt(folder, "show", *options, "--json").stdout)


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(text.splitlines()))


def test_each_window_has_its_trial_in_and_out_of_sample(one: Path, leanopt) -> None:
    """The best x in sample is one too low a year later."""
    [path] = said(leanopt, one)["paths"]
    assert path["name"] == "AAA 2y/1y"
    for at, window in enumerate(path["windows"]):
        assert (window["search"], window["state"], window["trials"]) == (at + 1, "tested", 12)
        assert window["train"] == [f"{2009 + at}-01-01 to {2010 + at}-12-31"]
        assert window["test"] == f"{2011 + at}-01-01 to {2011 + at}-12-31"
        assert window["parameters"]["x"] == at + 1
        fitness = [window[name] for name in ("in_sample", "out_of_sample", "degradation")]
        assert fitness == [0, -1, 1]
        assert window["why"] is None
    assert path["gaps"] == []
    mode, x = path["drift"]
    assert x == {
        "parameter": "x",
        "changes": 3,
        "compared": 3,
        "steps": 1,
        "largest": 1,
        "share": 0.2,
    }
    assert (mode["changes"], mode["steps"]) == (0, None)
    page = leanopt(one, "show").stdout
    lines = [line.split() for line in page.splitlines()]
    head = "search train test trials chosen in sample out of sample worse by mode x"
    days = "2009-01-01 to 2010-12-31 2011-01-01 to 2011-12-31"
    assert " ".join(lines[lines.index(head.split()) + 1]) == f"1 {days} 12 1 0 -1 1 a 1"
    assert ["x", "3", "of", "3", "1.0", "1", "20.0%"] in lines
    assert "leanopt export windows-1 --to path" in page
    assert page == leanopt(one, "run", "pipeline.toml").stdout


def test_the_joined_curve_is_that_of_the_chosen_trials(one: Path, leanopt) -> None:
    """Day by day what the strategy earns with the window's x, but for each window's first day."""
    [path] = said(leanopt, one)["paths"]
    rows = table(leanopt(one, "export", "--to", "path").stdout)
    days = [date(2011, 1, 1) + timedelta(at) for at in range(4 * 365 + 1)]
    days = [day for day in days if (day.month, day.day) != (1, 1)]
    assert [row["day"] for row in rows] == [str(day) for day in days]
    assert [row["search"] for row in rows] == [str(day.year - 2010) for day in days]
    earned = [(day.year - 2010) * (day.day % 5 - 1.5) / 1e4 for day in days]
    assert [float(row["return"]) for row in rows] == pytest.approx(earned, rel=1e-6)
    curve = path["curve"]
    assert (curve["days"], curve["last_day"], curve["ended"]) == (len(days), "2014-12-31", None)
    assert curve["return"]["value"] == float(rows[-1]["equity"]) - 1
    assert curve["return"]["value"] == pytest.approx(prod(1 + one for one in earned) - 1, rel=1e-5)


@pytest.mark.long
def test_the_joined_curve_is_that_of_single_backtests(one: Path, leanopt, tmp_path: Path) -> None:
    """Each of a chosen trial over its test days; so is the efficiency, with the days in sample."""
    [path] = said(leanopt, one)["paths"]
    rows = table(leanopt(one, "export", "--to", "path").stdout)
    expected, profits, lengths = [], {"train": 0.0, "test": 0.0}, {"train": 0, "test": 0}
    for window in path["windows"]:
        for kind, days in (("train", window["train"][0]), ("test", window["test"])):
            first, _, last = days.partition(" to ")
            search = str(window["search"])
            leanopt(
                *(one, "backtest", "--of", f"windows-1:{window['trial']}", "--search", search),
                *("--set", f"scenario.start={first}", "--set", f"scenario.end={last}"),
                *("--to", "equity", "--output", str(tmp_path)),
            )
            [file] = tmp_path.glob("*equity*.csv")
            curve = table(file.read_text())
            values = [float(row["value"]) for row in curve]
            profits[kind] += values[-1] / values[0] - 1
            lengths[kind] += len(values) - 1
            file.unlink()
        # The first day is only the base of the second.
        changes = [after / before - 1 for before, after in pairwise(values)]
        days = [row["time"][:10] for row in curve[1:]]
        expected += zip(days, [search] * len(days), changes, strict=True)
    assert [(row["day"], row["search"]) for row in rows] == [one[:2] for one in expected]
    returns = [float(row["return"]) for row in rows]
    assert returns == pytest.approx([change for *_, change in expected], rel=1e-6)
    rate = {kind: profits[kind] / lengths[kind] for kind in profits}
    assert path["efficiency"]["value"] == pytest.approx(rate["test"] / rate["train"], rel=1e-6)
    curve = path["curve"]
    assert (curve["days"], curve["first_day"]) == (len(rows), rows[0]["day"])
    assert curve["return"]["value"] == pytest.approx(float(rows[-1]["equity"]) - 1)


def test_a_window_without_a_result_is_a_named_gap(two: Path, leanopt) -> None:
    """With its reason, in every command."""
    whole = said(leanopt, two)
    assert [path["name"] for path in whole["paths"]] == ["AAA 2y/1y", "BBB 2y/1y"]
    path = said(leanopt, two, "--path", "BBB 2y/1y")
    assert path == whole["paths"][1]
    reasons = {gap["test"]: gap["why"] for gap in path["gaps"]}
    assert list(reasons) == ["2012-01-01 to 2012-12-31", "2013-01-01 to 2013-12-31"]
    failed, infeasible = reasons.values()
    assert failed.startswith("the test failed: strategy error: ValueError: no bars in 2012")
    assert infeasible == "no feasible trial"
    states = [(window["state"], window["trial"]) for window in path["windows"]]
    assert states[2] == ("gap", None)
    assert [state for state, _ in states] == ["tested", "gap", "gap", "tested"]
    page = leanopt(two, "show", "--path", "BBB 2y/1y").stdout
    assert "search 7, test 2013-01-01 to 2013-12-31: no feasible trial" in page
    row = leanopt(two, "show").stdout.splitlines()
    assert next(line for line in row if line.startswith("BBB")).split()[2:5] == ["4", "2", "48"]
    exported = leanopt(two, "export", "--to", "path", "--path", "BBB 2y/1y")
    assert "search 7, test 2013-01-01 to 2013-12-31, is not part of it" in exported.stderr
    assert {row["day"][:4] for row in table(exported.stdout)} == {"2011", "2014"}
    # Distances count between windows that have a trial.
    assert [(one["changes"], one["compared"]) for one in path["drift"]] == [(0, 2), (2, 2)]


def test_the_path_is_asked_for_where_there_are_several(two: Path, leanopt) -> None:
    """The nearest name is suggested."""
    for options, message in (
        (("export", "--to", "path"), "has several paths; choose with --path from: AAA 2y/1y, BBB"),
        (("show", "--path", "BBB 2y/2y"), "has no path 'BBB 2y/2y' (did you mean 'BBB 2y/1y'?)"),
        (("export", "--path", "x"), "--path is for --to path; leave out --to jsonl"),
    ):
        refused = leanopt(two, *options, check=False)
        assert (refused.returncode, message in refused.stderr) == (2, True), refused.stderr


def test_runs_are_compared_by_their_paths(two: Path, leanopt) -> None:
    """A row for each figure of each path."""
    leanopt(two, "run", "pipeline.toml", "--set", "parameters.x.max=4", "--name", "narrow")
    rows = json.loads(leanopt(two, "compare", "windows-1", "narrow", "--json").stdout)["rows"]
    found = {row["what"]: row["values"] for row in rows}
    assert found["BBB 2y/1y: gaps"] == [2, 2]
    returns = [path["curve"]["return"]["value"] for path in said(leanopt, two, "narrow")["paths"]]
    assert [found[f"{name} 2y/1y: Net Profit"][1] for name in ("AAA", "BBB")] == returns
    leanopt(two, "delete", "narrow", "--yes")


def test_a_matrix_has_a_path_for_each_length(tmp_path: Path, leanopt) -> None:
    """And a row each; one page alone if it is named."""
    laid(tmp_path, 'symbol = "AAA"', '["1y", "3y"]')
    leanopt(tmp_path, "run", "pipeline.toml")
    page = leanopt(tmp_path, "show").stdout
    rows = [line.split()[:4] for line in page.splitlines() if line.startswith("AAA")]
    assert rows == [["AAA", "1y/1y", "5", "0"], ["AAA", "3y/1y", "3", "0"]]
    assert "leanopt show windows-1 --path 'AAA 1y/1y'" in page
    alone = said(leanopt, tmp_path, "--path", "AAA 3y/1y")
    assert [window["test"][:4] for window in alone["windows"]] == ["2012", "2013", "2014"]


@pytest.mark.long
def test_what_has_not_ended_is_no_gap(tmp_path: Path, leanopt, start) -> None:
    """Of a run that was stopped in its second window."""
    laid(tmp_path, 'symbol = "AAA"')
    slow = "    import time\n    time.sleep(scenario.start.year == 2010)\n    equity, times"
    (tmp_path / "strategy.py").write_text(STRATEGY.replace("    equity, times", slow))
    process = start(tmp_path, "run", "pipeline.toml")
    assert any("2010-12-31 ended" in line for line in process.stderr)
    leanopt(tmp_path, "stop")
    [path] = said(leanopt, tmp_path)["paths"]
    states = ["tested", "unfinished", "waiting", "waiting"]
    assert [window["state"] for window in path["windows"]] == states
    assert path["gaps"] == []
    assert "is not part of it" in leanopt(tmp_path, "export", "--to", "path").stderr
    page = leanopt(tmp_path, "show").stdout
    assert "the search has not" not in page
    assert "2010-01-01 to 2011-12-31 2012-01-01 to 2012-12-31" in " ".join(page.split())


def test_symbols_together_have_one_fitness_and_a_curve_each(tmp_path: Path, leanopt) -> None:
    """Tests of the same days score the chosen trial together."""
    laid(tmp_path, 'universe = ["AAA", "CC"]')
    done = leanopt(tmp_path, "run", "pipeline.toml")
    assert "2010-12-31 ended: 12 trials, best 0, out of sample -1\n" in done.stderr
    paths = said(leanopt, tmp_path)["paths"]
    assert [path["name"] for path in paths] == ["AAA 2y/1y", "CC 2y/1y"]
    first, second = ([w["out_of_sample"] for w in path["windows"]] for path in paths)
    assert first == second == [-1] * 4
    # The screen has one row for both: they share every window.
    with open_store(tmp_path / ".leanopt" / "leanopt.db") as store:
        [row] = grid_of(store.runs.find())
    assert (row.name, row.cells) == ("2y/1y", tuple((number, 2) for number in range(1, 5)))


@pytest.mark.long
def test_a_search_that_is_tested_twice_has_chosen_once(tmp_path: Path, leanopt) -> None:
    """Its parameters do not count as unmoved between its two tests."""
    laid(tmp_path, 'symbol = "AAA"')
    file = tmp_path / "pipeline.toml"
    before, _, after = file.read_text().partition("[walk_forward]")
    groups = "[cpcv]\ngroups = 3\ntest_groups = 2\n"
    file.write_text(before + groups + after[after.index("[parameters]") :])
    leanopt(tmp_path, "run", "pipeline.toml")
    for path in said(leanopt, tmp_path)["paths"]:
        searches = {window["search"] for window in path["windows"]}
        assert (len(path["windows"]), len(searches)) == (3, 2)
        assert {one["compared"] for one in path["drift"]} == {1}


@pytest.mark.long
def test_without_curves_it_says_what_is_missing(tmp_path: Path, leanopt) -> None:
    """The fitness is known all the same."""
    laid(tmp_path, 'symbol = "AAA"')
    leanopt(tmp_path, "run", "pipeline.toml", "--set", "search.curves=none")
    [path] = said(leanopt, tmp_path)["paths"]
    assert [window["out_of_sample"] for window in path["windows"]] == [-1] * 4
    why = "daily returns are not stored (search.curves)"
    assert {window["why"] for window in path["windows"]} == {why}
    assert path["gaps"] == []
    page = leanopt(tmp_path, "show").stdout
    assert "efficiency: unknown (no window has daily returns both" in page
    assert "joined out of sample: unknown (no window has daily returns)" in page
    refused = leanopt(tmp_path, "export", "--to", "path", check=False)
    assert (refused.returncode, why in refused.stderr) == (2, True)


@pytest.mark.long
def test_a_window_says_in_one_line_what_its_strategy_lacks(tmp_path: Path, leanopt) -> None:
    """A test without an equity curve, and one whose message has several lines."""
    text = STRATEGY.replace("no bars in 2012", "no bars\\nin 2012").replace(
        "    return Result(",
        "    if year == 2013:\n        return Result(statistics)\n    return Result(",
    )
    (laid(tmp_path, 'symbol = "BBB"') / "strategy.py").write_text(text)
    leanopt(tmp_path, "run", "pipeline.toml", "--set", "constraints.results=[]")
    [path] = said(leanopt, tmp_path)["paths"]
    failed, without = (window["why"] for window in path["windows"] if window["why"])
    assert failed.startswith("the test failed: strategy error: ValueError: no bars in 2012")
    assert without == "the strategy returned no equity curve"


@pytest.mark.long
def test_nothing_is_joined_after_a_total_loss(tmp_path: Path, leanopt) -> None:
    """The export says why it lacks the windows after it."""
    head, tail = STRATEGY.split("    bad = ")
    lost = "    days = zip([0, *times], equity)\n"
    lost += "    equity = [0.0 if day > 15493 * 86400 else value for day, value in days]\n"
    (laid(tmp_path, 'symbol = "AAA"') / "strategy.py").write_text(f"{head}{lost}    bad = {tail}")
    leanopt(tmp_path, "run", "pipeline.toml")
    exported = leanopt(tmp_path, "export", "--to", "path")
    assert table(exported.stdout)[-1]["day"] == "2012-06-01"
    for year in (2013, 2014):
        why = f"{year}-01-01 to {year}-12-31, is not part of it: the curve ends before it"
        assert why in exported.stderr


def test_who_watches_sees_the_windows(two: Path) -> None:
    """As the run's own screen shows them."""
    with open_store(two / ".leanopt" / "leanopt.db") as store:
        progress = Progress(0.0)
        Follower(store, store.runs.find("windows-1"), progress, 0.0).update(1.0)
    text = page(progress.view(1.0), 100, 40).plain
    lines = [" ".join(line.split()) for line in text.splitlines()]
    at = lines.index("2011-01 2012-01 2013-01 2014-01")
    assert lines[at + 1] == "AAA 2y/1y 0 > -1 0 > -1 0 > -1 0 > -1"
    assert lines[at + 2] == "BBB 2y/1y 0 > -1 0 > - none 0 > -1"


def test_the_log_has_the_tests(tmp_path: Path, leanopt) -> None:
    """With the trial, the test and what it is worth there."""
    laid(tmp_path, 'symbol = "AAA"')
    leanopt(tmp_path, "run", "pipeline.toml", "--log", "log.txt")
    lines = [line for line in (tmp_path / "log.txt").read_text().splitlines() if "tested" in line]
    assert len(lines) == 4
    assert lines[0].endswith(
        "trial 1 of search 1, tested on AAA 2011-01-01 to 2011-12-31: fitness -1"
    )
