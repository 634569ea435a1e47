"""Universes: a search for each symbol in one command, or one for all symbols together."""

from __future__ import annotations

import csv
import io
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import leanopt_core
from leanopt_core.cli.progress import Progress
from leanopt_core.cli.watch import Follower
from leanopt_core.store.store import open_store
from tests.projects import DELAYED
from tests.stored import told

STRATEGY = (
    DELAYED
    + '''

@backtest
def run(parameters, scenario):
    """A hill for each symbol."""
    x, y, symbol = parameters["x"], parameters["y"], scenario.symbol
    time.sleep(Random(f"{symbol} {x} {y}").random() * delay())
    if symbol == "broken":
        raise RuntimeError(f"boom at x = {x}")
    if symbol == "absent":
        raise FileNotFoundError("there are no prices of 'absent'")
    top = sum(symbol.encode()) % 29
    return Result({"Net Profit": 50.0 - (x - top) ** 2 / 10 - (y - 5) ** 2, "Drawdown": 0.1})
'''
)
PIPELINE = """
name = "many"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
universe = {symbols}
separate = {separate}

[parameters]
x = {{ min = 1, max = 30 }}
y = {{ min = 1, max = 10 }}

[fitness]
use = "statistic"
statistic = "Net Profit"
aggregate = "median"

[search]
lookahead = 5

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 6

[[stage]]
use = "local_grid"
trials = 10
"""
HOSTILE = ["../../x", "con", "y" * 300, "naïve ☃", "'", '"', "a,b", "=1+1", "-C", ".."]
Leanopt = Callable[..., Any]


def write(folder: Path, symbols: Sequence[str], *, separate: bool = True) -> Path:
    """Write a project with these symbols."""
    folder.mkdir(exist_ok=True)
    (folder / "strategy.py").write_text(STRATEGY)
    text = PIPELINE.format(symbols=json.dumps(list(symbols)), separate=str(separate).lower())
    (folder / "pipeline.toml").write_text(text)
    return folder


def dump(leanopt: Leanopt, folder: Path) -> str:
    """Return the canonical dump of the newest run."""
    found: str = leanopt(folder, "export", "--to", "jsonl", "--canonical").stdout
    return found


def by_search(lines: str) -> dict[int, list[dict[str, Any]]]:
    """Return the trials of a dump by search, without the search's number."""
    found: dict[int, list[dict[str, Any]]] = {}
    for line in map(json.loads, lines.splitlines()):
        found.setdefault(line.pop("search"), []).append(line)
    return found


SYMBOLS = [*(f"S{number}" for number in range(18)), "broken", "absent"]


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> str:
    """The dump of 20 separate searches, of which two fail, on two workers."""
    folder = write(tmp_path_factory.mktemp("truth") / "project", SYMBOLS)
    done = leanopt(folder, "run", "pipeline.toml", check=False)
    assert done.returncode == 10, done.stderr
    return dump(leanopt, folder)


def test_a_search_for_each_symbol_and_two_of_them_fail(
    tmp_path: Path, leanopt: Leanopt, shown: Callable[..., Mapping[str, Any]]
) -> None:
    """The others have their results; the exit code and one line name those two, and why."""
    folder = write(tmp_path / "p", ["broken", "SPY", "absent", "QQQ"])
    done = leanopt(folder, "run", "pipeline.toml", check=False)
    assert done.returncode == 10
    [line] = [one for one in done.stderr.splitlines() if one.startswith("leanopt: ")]
    assert line.startswith(
        "leanopt: 2 of 4 searches of run many-1 have no completed trial: "
        "broken (strategy error: RuntimeError: boom at x = "
    )
    assert "absent (strategy error: FileNotFoundError: there are no prices" in line
    report = shown(folder)
    assert report["state"] == "finished"
    rows = {one["name"]: one for one in report["searches"]}
    assert list(rows) == ["broken", "SPY", "absent", "QQQ"]
    assert [one["completed"] for one in rows.values()] == [0, 16, 0, 16]
    assert rows["SPY"]["why"] is None
    assert rows["broken"]["why"].startswith("strategy error: RuntimeError: boom")
    # The report's rows are the symbols, each with its best trial.
    table = [one.split() for one in done.stdout.splitlines() if one.strip()[:1] in "1234"]
    assert [row[1] for row in table if len(row) > 5] == list(rows)
    assert leanopt(folder, "run", "pipeline.toml", check=False).returncode == 10


def test_run_and_watch_tell_the_searches_apart(tmp_path: Path, leanopt: Leanopt) -> None:
    """With a line for each that has ended, and a row for each on the screen."""
    folder = write(tmp_path / "p", ["broken", "SPY", "QQQ"])
    said = leanopt(folder, "run", "pipeline.toml", check=False).stderr.splitlines()
    assert "broken failed: 16 trials" in said
    assert any(one.startswith("SPY ended: 16 trials, best ") for one in said)
    assert not any(one.startswith("stage ") for one in said)
    with open_store(folder / ".leanopt" / "leanopt.db") as store:
        progress = Progress(0.0)
        run = store.runs.find()
        Follower(store, run, progress, 0.0).update(1.0)
        rows = progress.view(1.0).searches
        best = [store.reader.trial(run, one.number, one.best or 0) for one in run.searches]
    assert [(row.name, row.told, row.phase) for row in rows] == [
        ("broken", 16, "failed"),
        ("SPY", 16, "ended"),
        ("QQQ", 16, "ended"),
    ]
    found = [None if trial is None else trial.fitness for trial in best]
    assert [row.best for row in rows] == found


@pytest.mark.long
def test_all_fail(tmp_path: Path, leanopt: Leanopt) -> None:
    """Then the exit code is that of a run without a completed trial."""
    folder = write(tmp_path / "p", ["broken", "absent"])
    done = leanopt(folder, "run", "pipeline.toml", check=False)
    assert done.returncode == 5
    assert "all 32 trials of run many-1 failed" in done.stderr


def test_together_a_broken_symbol_fails_every_trial(tmp_path: Path, leanopt: Leanopt) -> None:
    """A trial needs each of its scenarios: the run ends, and names the symbol."""
    folder = write(tmp_path / "p", ["SPY", "broken", "absent"], separate=False)
    done = leanopt(folder, "run", "pipeline.toml", check=False)
    assert done.returncode == 5
    assert "boom at x = " in done.stderr


@pytest.mark.long
def test_together_the_median_of_all_symbols_counts(tmp_path: Path, leanopt: Leanopt, start) -> None:
    """Of 18 symbols; killed and resumed with another number of workers, the trials are the same."""
    folder = write(tmp_path / "p", SYMBOLS[:18], separate=False)
    leanopt(folder, "run", "pipeline.toml")
    whole = dump(leanopt, folder)
    [search] = by_search(whole).values()
    for trial in search:
        values = [one["Net Profit"] for one in trial["statistics"].values()]
        assert trial["fitness"] == median(values)
    again = write(tmp_path / "again", SYMBOLS[:18], separate=False)
    process = start(again, "run", "pipeline.toml", HILL_DELAY="0.01")
    while told(again) < 5 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    leanopt(again, "resume", "--workers", "3")
    assert dump(leanopt, again) == whole


@pytest.mark.long
def test_python_says_it_too(tmp_path: Path) -> None:
    """As a warning: the run has results."""
    folder = write(tmp_path / "p", ["SPY", "broken"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = leanopt_core.run(folder / "pipeline.toml")
    assert run.state == "finished"
    assert any("1 of 2 searches of run many-1 has no completed" in str(w.message) for w in caught)


@pytest.mark.long
def test_another_symbol_changes_no_other_search(tmp_path: Path, leanopt: Leanopt) -> None:
    """Each has the trials that it has alone, from the same first points, and nothing runs twice."""
    folder = write(tmp_path / "p", ["SPY"])
    leanopt(folder, "run", "pipeline.toml")
    [alone] = by_search(dump(leanopt, folder)).values()
    write(folder, ["QQQ", "SPY", "broken"])
    leanopt(folder, "run", "pipeline.toml", check=False)
    found = by_search(dump(leanopt, folder))
    assert found[2] == alone
    points = [[trial["parameters"] for trial in one[:6]] for one in found.values()]
    assert points[0] == points[1] == points[2]
    report = json.loads(leanopt(folder, "show", "--json").stdout)
    assert report["backtests"]["from_cache"] == 16


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, pytest.param(7, marks=pytest.mark.long)])
def test_any_number_of_workers(tmp_path: Path, leanopt: Leanopt, truth: str, workers: int) -> None:
    """The same trials of 20 symbols, with random delays."""
    folder = write(tmp_path / "p", SYMBOLS)
    arguments = ("run", "pipeline.toml", "--workers", str(workers))
    done = leanopt(folder, *arguments, check=False, HILL_DELAY="0.01")
    assert done.returncode == 10
    assert dump(leanopt, folder) == truth


@pytest.mark.long
def test_killed_and_resumed(tmp_path: Path, leanopt: Leanopt, start, truth: str) -> None:
    """In the middle of the sixth symbol and later: the same trials in the end."""
    folder = write(tmp_path / "p", SYMBOLS)
    for most in (90, 200):
        process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.005")
        while told(folder) < most and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
    done = leanopt(folder, "resume", check=False)
    assert done.returncode == 10
    assert dump(leanopt, folder) == truth


@pytest.mark.long
def test_searches_open_one_after_the_other(tmp_path: Path, leanopt: Leanopt) -> None:
    """With one worker, the next begins where the one before has no work left for it."""
    folder = write(tmp_path / "p", [f"S{number}" for number in range(5)])
    leanopt(folder, "run", "pipeline.toml", "--workers", "1")
    lines = map(json.loads, leanopt(folder, "export", "--to", "jsonl").stdout.splitlines())
    ended: dict[int, list[int]] = {}
    order = {}
    for line in lines:
        if "number" in line and "backtests" in line:
            for backtest in line["backtests"].values():
                order[backtest["id"]] = line["search"]
    for place, at in enumerate(sorted(order)):
        ended.setdefault(order[at], []).append(place)
    assert list(ended) == [1, 2, 3, 4, 5]
    # At most the next one has begun before a search's last backtests.
    for search in range(1, 4):
        assert max(ended[search]) < min(ended[search + 2])


@pytest.mark.long
def test_hostile_symbols(tmp_path: Path, leanopt: Leanopt) -> None:
    """They leave no folder, and break no table, no CSV, no JSON and no page."""
    folder = write(tmp_path / "p", HOSTILE)
    with (folder / "pipeline.toml").open("a") as file:
        file.write('\n[[sink]]\nuse = "jsonl"\npath = "out/{symbol}.jsonl"\n')
    beside = sorted(path.name for path in tmp_path.iterdir())
    keep = ("--set", "search.keep=all")
    done = leanopt(folder, "run", "pipeline.toml", *keep)
    assert sorted(path.name for path in tmp_path.iterdir()) == beside
    written = [path.name for path in (folder / "out").iterdir()]
    assert len(set(map(str.casefold, written))) == len(HOSTILE)
    assert "con.jsonl" not in written
    # A row for each symbol, none much wider than the others.
    rows = [one for one in done.stdout.splitlines() if one[:6].strip().isdigit()]
    assert len(rows) == len(HOSTILE)
    assert max(map(len, rows)) < 140
    table = list(csv.DictReader(io.StringIO(leanopt(folder, "export", "--to", "csv").stdout)))
    assert list(dict.fromkeys(row["name"] for row in table)) == HOSTILE
    assert len(table) == 16 * len(HOSTILE)
    for number, symbol in enumerate(HOSTILE, 1):
        found = json.loads(leanopt(folder, "show", "1", f"--search={symbol}", "--json").stdout)
        assert found["backtests"][0]["name"] == symbol
        request = json.loads(found["reproduce"][0]["request"])
        assert request["backtest"]["scenario"]["symbol"] == symbol
        page = leanopt(folder, "show", "--search", str(number)).stdout
        assert page.splitlines()[1] == f"search {number}: {symbol}"


@pytest.mark.long
def test_symbols_that_are_numbers(tmp_path: Path, leanopt: Leanopt) -> None:
    """The symbol goes before the number of a search, also in the commands that are proposed."""
    folder = write(tmp_path / "p", ["2", "1", "absent"])
    leanopt(folder, "run", "pipeline.toml", check=False)
    shown = leanopt(folder, "show", "many-1", "3", "--search", "1").stdout
    assert "trial 3 of many-1, search 1, proposed" in shown
    proposed = leanopt(folder, "show").stdout
    best = json.loads(leanopt(folder, "show", "--json").stdout)["best"][0]["search"]
    assert best in (1, 2)
    assert f"--search {('2', '1')[best - 1]}\n" in proposed
    leanopt(folder, "show", "many-1", "3", "--search", "3")


@pytest.mark.long
def test_backtest_of_a_trial_is_that_of_its_search(tmp_path: Path, leanopt: Leanopt) -> None:
    """Other symbols have not judged it: a broken one fails nothing. Options bring them."""
    folder = write(tmp_path / "p", ["SPY", "broken", "QQQ"])
    leanopt(folder, "run", "pipeline.toml", check=False)
    best = ("backtest", "--of", "many-1", "--search", "QQQ", "--json")
    one = json.loads(leanopt(folder, *best).stdout)
    shown = json.loads(leanopt(folder, "show", "--search", "QQQ", "--json").stdout)
    assert [(at["scenario"], at["from_cache"]) for at in one["backtests"]] == [("QQQ", True)]
    assert one["fitness"] == shown["best"][0]["fitness"]
    more = json.loads(leanopt(folder, *best, "--symbol", "SPY,QQQ").stdout)
    assert [at["scenario"] for at in more["backtests"]] == ["SPY", "QQQ"]


@pytest.mark.long
def test_commands_name_searches_by_symbol(tmp_path: Path, leanopt: Leanopt) -> None:
    """By number or by name; an unknown name gets the nearest right one."""
    folder = write(tmp_path / "p", ["SPY", "QQQ"])
    leanopt(folder, "run", "pipeline.toml")
    assert (
        "trial 3 of many-1, search QQQ, proposed"
        in leanopt(folder, "show", "many-1", "3", "--search", "QQQ").stdout
    )
    wrong = leanopt(folder, "show", "many-1", "3", "--search", "QQ", check=False)
    assert wrong.returncode == 2
    assert "run many-1 has no search 'QQ' (did you mean 'QQQ'?)" in wrong.stderr
    best = json.loads(leanopt(folder, "show", "--json").stdout)["searches"][1]
    shown = leanopt(folder, "export", "many-1", "--to", "toml", "--search", "QQQ").stdout
    number = str(best["best"])
    assert (
        shown
        == leanopt(folder, "export", f"many-1:{number}", "--to", "toml", "--search", "2").stdout
    )
    assert (
        "2 searches, one for each symbol; at most 32 backtests"
        in leanopt(folder, "plan", "pipeline.toml").stdout
    )
    assert leanopt(folder, "runs").stdout.splitlines()[1].split()[4] == "2"
    compared = leanopt(folder, "compare", "many-1", "many-1").stdout
    assert "QQQ: best trial" in compared
