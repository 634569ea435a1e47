"""Walk-forward: a search for each window, and its best trial on the days after."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

import leanopt_core
from tests.processes import kill_once
from tests.projects import DELAYED, lay
from tests.stored import told

#: A hill whose top moves with the days; each day earns what the hill says, so pieces join.
STRATEGY = (
    DELAYED
    + '''
from datetime import date, timedelta


@backtest
def run(parameters, scenario):
    """A curve over the weekdays of the scenario."""
    x, y = parameters["x"], parameters["y"]
    time.sleep(Random(f"{scenario.symbol} {scenario.start} {x} {y}").random() * delay())
    first, last = (date.fromisoformat(str(day)) for day in (scenario.start, scenario.end))
    days = [first + timedelta(at) for at in range((last - first).days + 1)]
    shift = len(scenario.symbol or "")
    equity, curve = 100.0, {}
    for day in [first - timedelta(1), *(day for day in days if day.weekday() < 5)]:
        top = (day.year + shift) % 9
        gain = 0.001 - ((x - top) ** 2 + (y - 3) ** 2) / 40_000
        equity *= 1 + (gain if curve else 0.0)
        curve[(day - date(1970, 1, 1)).days * 86_400] = equity
    statistics = {"Net Profit": equity / 100 - 1, "Drawdown": 0.1}
    return Result(statistics, times=list(curve), equity=list(curve.values()))
'''
)
PIPELINE = """
name = "walk"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
start = 2000-01-03
end = 2006-12-31

[walk_forward]
train = "2y"
test = "1y"

[parameters]
x = { min = 0, max = 9 }
y = { min = 0, max = 9 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[search]
lookahead = 5

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 6

[[stage]]
use = "local_grid"
trials = 8
"""
EACH = ("--set", 'scenario.universe=["A", { symbol = "BB", start = 2002-01-01 }]')
SEPARATE = (*EACH, "--set", "scenario.separate=true")
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
Leanopt = Callable[..., Any]
Canonical = Callable[..., str]


def written(folder: Path) -> Path:
    """Write the project into a new folder."""
    folder.mkdir()
    return lay(folder, STRATEGY, PIPELINE)


def parts(dump: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the trials and the tests of a dump."""
    lines = [json.loads(line) for line in dump.splitlines()]
    return [one for one in lines if "test" not in one], [one for one in lines if "test" in one]


def best_of(trials: list[dict[str, Any]], search: int) -> dict[str, Any]:
    """Return the first trial with the highest fitness of a search."""
    own = [one for one in trials if one["search"] == search]
    return max(own, key=lambda one: (one["fitness"], -one["number"]))


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> str:
    """The dump of five windows, undisturbed on two workers."""
    folder = written(tmp_path_factory.mktemp("truth") / "project")
    leanopt(folder, "run", "pipeline.toml")
    dump: str = leanopt(folder, "export", "--to", "jsonl", "--canonical").stdout
    return dump


def test_plan_lists_windows_and_tests(tmp_path: Path, leanopt: Leanopt) -> None:
    """The plan has the scenarios of all windows, and the path that joins the tests."""
    folder = written(tmp_path / "p")
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", "--json").stdout)
    plan = found["plan"]
    spans = [(one["name"], one["scenarios"], one["tests"]) for one in plan["searches"]]
    trained = [f"{year}-01-03 to {year + 2}-01-02" for year in range(2000, 2004)]
    tested = [f"{year}-01-03 to {year + 1}-01-02" for year in range(2002, 2006)]
    assert spans == [(one, [one], [two]) for one, two in zip(trained, tested, strict=True)]
    assert len({one["seed"] for one in plan["searches"]}) == 1
    pieces = [[number, test] for number, test in enumerate(tested, 1)]
    assert plan["paths"] == [{"name": "2y/1y", "pieces": pieces}]
    assert {one["name"] for one in plan["scenarios"]} == {*trained, *tested}
    assert all(f"{one['start']} to {one['end']}" == one["name"] for one in plan["scenarios"])
    assert (found["backtests"], found["tests"]) == (4 * 14, 4)
    said = leanopt(folder, "plan", "pipeline.toml").stdout
    assert "4 searches, one for each window (train 2y, test 1y); at most 56 backtests and 4" in said
    assert f"     4  {trained[3]}  {tested[3]}" in said


def test_a_search_for_each_window_and_a_test_of_its_best_trial(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, truth: str
) -> None:
    """Each search is that of its days alone, and each test a backtest of the days after."""
    trials, tests = parts(truth)
    assert [one["search"] for one in tests] == [1, 2, 3, 4]
    assert len(trials) == 4 * 14
    folder = written(tmp_path / "p")
    for test in tests:
        best = best_of(trials, test["search"])
        assert test["number"] == best["number"]
        start, end = test["test"].split(" to ")
        sets = ("--set", f"scenario.start={start}", "--set", f"scenario.end={end}")
        point = [f"{name}={value}" for name, value in best["parameters"].items()]
        params = [part for one in point for part in ("--param", one)]
        said = leanopt(folder, "backtest", *params, *sets, "--json").stdout
        assert json.loads(said)["backtests"][0]["statistics"] == test["statistics"]
    start, end = "2002-01-03", "2004-01-02"
    alone = PIPELINE.replace('[walk_forward]\ntrain = "2y"\ntest = "1y"\n', "")
    alone = alone.replace("2000-01-03", start).replace("2006-12-31", end)
    (folder / "pipeline.toml").write_text(alone)
    leanopt(folder, "run", "pipeline.toml")
    own, none = parts(canonical(folder))
    assert none == []
    third = [one for one in trials if one["search"] == 3]
    assert list(map(_unnamed, own)) == list(map(_unnamed, third))


def _unnamed(trial: dict[str, Any]) -> dict[str, Any]:
    """Return a trial without the names of search and scenario."""
    [statistics] = trial["statistics"].values()
    return {**trial, "search": 0, "statistics": statistics}


@pytest.mark.parametrize("workers", [1, pytest.param(7, marks=pytest.mark.long)])
def test_any_number_of_workers(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, truth: str, workers: int
) -> None:
    """Windows side by side, in any order, are the same windows."""
    folder = written(tmp_path / "p")
    leanopt(folder, "run", "pipeline.toml", "--workers", str(workers), HILL_DELAY="0.01")
    assert canonical(folder) == truth


def stored_tests(folder: Path) -> int:
    """Return how many tests are stored."""
    path = folder / ".leanopt" / "leanopt.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(connection.execute(_TESTS).fetchone()[0])
    except sqlite3.OperationalError:  # its tables are being made
        return 0
    finally:
        connection.close()


_TESTS = """
SELECT count(*) FROM evaluations JOIN scenarios USING (search_id, ordinal) WHERE role = 'test'"""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "least"),
    [(stored_tests, 1), *(pytest.param(told, at, marks=pytest.mark.long) for at in (1, 20, 50))],
)
def test_killed_and_resumed(
    tmp_path: Path, leanopt: Leanopt, start, canonical: Canonical, truth: str, count, least: int
) -> None:
    """During trials, and after the first test: resumed, the dump is that of the undisturbed run."""
    folder = written(tmp_path / "p")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.05")
    kill_once(process, lambda: count(folder) >= least)
    assert canonical(folder) != truth
    leanopt(folder, "resume")
    assert canonical(folder) == truth
    assert leanopt(folder, "runs").stdout.count("walk-") == 1


@pytest.mark.long
def test_the_second_length_repeats_no_backtest_of_a_span(
    tmp_path: Path, leanopt: Leanopt, shown: Callable[..., Mapping[str, Any]], canonical: Canonical
) -> None:
    """Equal train days are one search; equal test days and parameters one backtest."""
    folder = written(tmp_path / "p")
    two = ("--set", 'walk_forward.test=["1y", "2y"]')
    leanopt(folder, "run", "pipeline.toml", *two)
    trials, tests = parts(canonical(folder))
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *two, "--json").stdout)["plan"]
    assert {path["name"]: len(path["pieces"]) for path in plan["paths"]} == {"2y/1y": 4, "2y/2y": 2}
    # The longer tests come every two years, at train days that have a search already.
    assert [len(one["tests"]) for one in plan["searches"]] == [2, 1, 2, 1]
    assert (len(trials), len(tests)) == (4 * 14, 6)
    # The longer test of search 1 has the train days of search 3, which tried this point too.
    assert shown(folder)["backtests"] == {"run": 4 * 14 + 5, "from_cache": 1}
    # Another train length, later: of the spans that are known, only new points run.
    leanopt(folder, "run", "pipeline.toml", "--set", 'walk_forward.train=["2y", "1y"]')
    assert shown(folder)["backtests"]["from_cache"] >= 4 * 14 + 4


@pytest.mark.long
def test_each_symbol_has_its_windows(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """Separate, they are named by it, and a symbol that begins later has fewer."""
    folder = written(tmp_path / "p")
    leanopt(folder, "run", "pipeline.toml", *SEPARATE)
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *SEPARATE, "--json").stdout)["plan"]
    assert [one["name"] for one in plan["searches"]] == [
        *(f"A {year}-01-03 to {year + 2}-01-02" for year in range(2000, 2004)),
        *(f"BB {year}-01-01 to {year + 1}-12-31" for year in (2002, 2003, 2004)),
    ]
    assert [path["name"] for path in plan["paths"]] == ["A 2y/1y", "BB 2y/1y"]
    _, tests = parts(canonical(folder))
    assert [one["test"] for one in tests[:1] + tests[-1:]] == [
        *("A 2002-01-03 to 2003-01-02", "BB 2006-01-01 to 2006-12-31")
    ]


@pytest.mark.long
def test_together_each_window_judges_by_all_symbols(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """A window has a test for each of them, and a path joins those of one."""
    folder = written(tmp_path / "p")
    both = ("--set", 'scenario.universe=["A", "BB"]')
    leanopt(folder, "run", "pipeline.toml", *both)
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *both, "--json").stdout)["plan"]
    assert plan["searches"][0]["name"] == "2000-01-03 to 2002-01-02"
    assert plan["searches"][0]["tests"] == [
        *("A 2002-01-03 to 2003-01-02", "BB 2002-01-03 to 2003-01-02")
    ]
    assert [(path["name"], len(path["pieces"])) for path in plan["paths"]] == [
        *(("A 2y/1y", 4), ("BB 2y/1y", 4))
    ]
    trials, tests = parts(canonical(folder))
    assert (len(trials), len(tests)) == (4 * 14, 8)
    assert all(len(one["statistics"]) == 2 for one in trials)


@pytest.mark.long
def test_python_reads_the_pieces_of_a_path(tmp_path: Path, leanopt: Leanopt) -> None:
    """In date order, each with the returns of the chosen trial, as exact as 32-bit numbers are."""
    folder = written(tmp_path / "p")
    leanopt(folder, "run", "pipeline.toml")
    with leanopt_core.open_store(folder) as store:
        [(name, pieces)] = store.paths(store.run()).items()
    assert name == "2y/1y"
    days: list[int] = []
    for at, piece in enumerate(pieces):
        assert (piece.search.number, piece.gap, piece.tested) == (at + 1, None, True)
        assert piece.trial is not None
        assert piece.returns is not None
        assert piece.trial.number == piece.search.chosen == piece.search.best
        days += piece.returns.days
        values = piece.trial.values
        gains = [
            0.001 - ((values["x"] - day.year % 9) ** 2 + (values["y"] - 3) ** 2) / 40_000
            for day in map(date.fromordinal, piece.returns.days)
        ]
        assert list(piece.returns.values) == pytest.approx(gains, rel=1e-6, abs=1e-9)
    first, last = date(2002, 1, 3), date(2006, 1, 2)
    every = range(first.toordinal(), last.toordinal() + 1)
    assert days == [day for day in every if date.fromordinal(day).weekday() < 5]


@pytest.mark.long
def test_commands_take_a_run_of_windows(tmp_path: Path, leanopt: Leanopt) -> None:
    """Tests are no trials, and no command fails on them."""
    folder = written(tmp_path / "p")
    leanopt(folder, "run", "pipeline.toml")
    said = json.loads(leanopt(folder, "show", "--json").stdout)
    assert said["trials"]["completed"] == 4 * 14
    best = next(one for one in said["searches"] if one["search"] == 2)["best"]
    one = json.loads(leanopt(folder, "show", "walk-1", str(best), "--search", "2", "--json").stdout)
    assert [found["name"] for found in one["backtests"]] == ["2001-01-03 to 2003-01-02"]
    assert [found["name"] for found in one["tests"]] == ["2003-01-03 to 2004-01-02"]
    page = leanopt(folder, "show", "walk-1", str(best), "--search", "2").stdout
    assert "\ntest 2003-01-03 to 2004-01-02:\n" in page
    for command in (
        ("show", "walk-1"),
        ("show", "walk-1", "--search", "2"),
        ("show", "walk-1", "--equal"),
        ("compare", f"walk-1:{best}", "walk-1:1", "--search", "2"),
        ("compare", "walk-1", "walk-1"),
        ("export", "--to", "csv"),
        ("export",),
        ("export", f"walk-1:{best}", "--search", "2", "--to", "equity"),
        ("verify", "walk-1"),
        ("backtest", "--of", f"walk-1:{best}", "--search", "2"),
        ("watch", "walk-1"),
        ("cache",),
    ):
        leanopt(folder, *command)
    with (folder / "pipeline.toml").open("a") as file:
        file.write("\n[holdout]\nstart = 2007-01-01\nend = 2007-12-31\n")
    look = json.loads(leanopt(folder, "holdout", "walk-1", "--best", "2", "--json").stdout)
    assert [len(one["out_of_sample"]["backtests"]) for one in look["trials"]] == [1, 1]


@pytest.mark.long
def test_pruning_ends_trials_in_each_window(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, shown: Callable[..., Mapping[str, Any]]
) -> None:
    """The steps of a trial are those of its search; the same trials are best and tested."""
    both = (
        *("--set", 'scenario.universe=["A", "BB", "CCCC"]', "--set", 'fitness.aggregate="worst"'),
        *("--set", 'stage.local_grid={ use = "random", trials = 20 }'),
    )
    dumps = []
    for name, sets in (("a", both), ("b", (*both, "--set", 'prune.use="bound"'))):
        folder = written(tmp_path / name)
        leanopt(folder, "run", "pipeline.toml", *sets)
        dumps.append(parts(canonical(folder)))
    assert shown(folder)["backtests"]["saved"] > 0
    assert dumps[0][1] == dumps[1][1]
    assert len(dumps[1][1]) == 4 * 3


@pytest.mark.long
def test_a_window_without_a_feasible_trial_has_no_test(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """The others have theirs."""
    folder = written(tmp_path / "p")
    text = (folder / "strategy.py").read_text()
    poor = "    if first.year == 2001:\n        statistics['Drawdown'] = 0.5\n    return Result("
    (folder / "strategy.py").write_text(text.replace("    return Result(", poor))
    leanopt(folder, "run", "pipeline.toml", "--set", 'constraints.results=["Drawdown <= 20%"]')
    _, tests = parts(canonical(folder))
    assert [one["search"] for one in tests] == [1, 3, 4]
    with leanopt_core.open_store(folder) as store:
        gaps = [piece.gap for piece in store.paths(store.run())["2y/1y"]]
    assert gaps == [None, "no feasible trial", None, None]


@pytest.mark.long
def test_a_test_that_fails_is_recorded_and_replayed(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """It fails no trial."""
    folder = written(tmp_path / "p")
    text = (folder / "strategy.py").read_text()
    broken = '    if (first.year, last.year) == (2003, 2004):\n        raise ValueError("bad")\n'
    (folder / "strategy.py").write_text(text.replace("    days = [", f"{broken}    days = ["))
    leanopt(folder, "run", "pipeline.toml")
    trials, tests = parts(canonical(folder))
    assert all(one["state"] == "completed" for one in trials)
    assert [one["failure"] for one in tests] == [None, "strategy error", None, None]
    dump = canonical(folder)
    leanopt(folder, "run", "pipeline.toml", "--again")
    assert canonical(folder) == dump
    assert leanopt(folder, "show", "--failed").stdout


@pytest.mark.long
def test_points_of_a_batch_are_tried_in_each_window(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """And the best of them is tested."""
    folder = written(tmp_path / "p")
    (folder / "sets.csv").write_text("x,y\n1,3\n5,3\n8,2\n")
    leanopt(folder, "batch", "pipeline.toml", "--sets", "sets.csv")
    trials, tests = parts(canonical(folder))
    assert (len(trials), len(tests)) == (4 * 3, 4)


@pytest.mark.long
@pytest.mark.slow
def test_ten_windows_of_the_quickstart_killed_at_random(
    tmp_path: Path, leanopt: Leanopt, start, canonical: Canonical
) -> None:
    """200 trials each, killed several times and resumed, equal those of an uninterrupted run."""
    windows = (
        *("--set", 'walk_forward={ train = "3y", test = "1y" }', "--set", "fitness.min_trades=3"),
        *("--set", "stage.random.trials=72"),
    )
    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        copytree(QUICKSTART, folder, ignore=ignore_patterns(".leanopt", "__pycache__"))
    leanopt(folders[0], "run", "pipeline.toml", *windows)
    truth = canonical(folders[0])
    trials, tests = parts(truth)
    assert (len(trials), len(tests)) == (10 * 200, 10)
    random = Random(16)
    process = start(folders[1], "run", "pipeline.toml", *windows)
    for at in sorted(random.sample(range(1, 2000), 4)):
        while process.poll() is None and told(folders[1]) < at:
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process = start(folders[1], "resume", "--workers", str(random.randint(1, 4)))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert canonical(folders[1]) == truth
