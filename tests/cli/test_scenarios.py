"""A run with several scenarios: its page, its trials and its exports have all of them, by name."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from statistics import fmean, median

import pytest

from leanopt_core.cli.progress import Progress
from leanopt_core.cli.watch import Follower
from leanopt_core.store.store import open_to_look
from tests.cli.test_report import rows
from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, backtest

LEVEL = {"SPY": 1.0, "QQQ": -0.001, "IWM": 5.0}


@backtest
def run(parameters, scenario):
    """A symbol has a level of its own; under IWM every other point fails."""
    x, level = parameters["x"], LEVEL[scenario.symbol]
    if level == 5.0 and x % 4 == 0:
        raise ValueError(f"no bars for x = {x}")
    return Result({
        "Net Profit": level * x / 10, "Compounding Annual Return": level * x / 100,
        "Drawdown": 0.1 * level, "Total Orders": 40 + x, "Sharpe Ratio": level * x / 4,
        **({"Own": 3.0} if level == 1.0 else {"Odd": "text"}),
    })
'''

PIPELINE = """
name = "three"
[strategy]
entry = "strategy.py:run"
[[scenario]]
name = "stocks"
weight = 3
symbol = "SPY"
[[scenario]]
name = "growth, large"
symbol = "QQQ"
[[scenario]]
name = "small"
symbol = "IWM"
[parameters]
x = { min = 1, max = 8 }
[fitness]
use = "statistic"
statistic = "Net Profit"
aggregate = "AGGREGATE"
[executor]
workers = 2
[[stage]]
use = "grid"
"""
NAMES = ("stocks", "growth, large", "small")


#: The fitness function's `aggregate`, and how statistics are combined then.
COMBINED = {"mean": "mean", "median": "median", "worst": "mean", "weighted": "weighted mean"}
WEIGHTS = dict(zip(NAMES, (3, 1, 1), strict=True))


def combined(how: str, values: dict[str, float]) -> float:
    """Return values by scenario as one."""
    if how != "weighted mean":
        return {"mean": fmean, "median": median}[how](values.values())
    return fmean(values.values(), [WEIGHTS[name] for name in values])


@pytest.fixture(scope="module", params=COMBINED)
def three(request, tmp_path_factory: pytest.TempPathFactory, leanopt) -> tuple[Path, str]:
    """A run of eight points under three scenarios, and how its statistics are combined."""
    folder = tmp_path_factory.mktemp("three")
    lay(folder, STRATEGY, PIPELINE.replace("AGGREGATE", request.param))
    leanopt(folder, "run", "pipeline.toml")
    return folder, COMBINED[request.param]


def each(x: int) -> dict[str, float]:
    """Return the Sharpe ratio of a point by scenario."""
    return dict(zip(NAMES, (x / 4, -0.001 * x / 4, 5 * x / 4), strict=True))


def test_the_ranking_has_the_aggregate_and_says_so(three: tuple[Path, str], leanopt) -> None:
    """Not those of the first scenario."""
    folder, how = three
    page = leanopt(folder, "show", "--top", "6").stdout
    assert f"\nstatistics: {how} of 3 scenarios; --scenarios shows each\n" in page
    table = rows(page, "rank")[:6]
    assert [row["rank"] for row in table] == list("123456")
    for row in table:
        assert row["Sharpe"] == f"{combined(how, each(int(row['x']))):.2f}"
        assert row["orders"] == str(40 + int(row["x"]))


def test_a_column_for_each_scenario(three: tuple[Path, str], leanopt) -> None:
    """By name, in a table of each statistic, beside the aggregate; zero has no sign."""
    folder, how = three
    page = leanopt(folder, "show", "--scenarios", "--top", "6").stdout
    text = page[page.index("\nSharpe\n") + 1 :].splitlines()
    assert re.split("  +", text[1]) == ["rank", "trial", how, "stocks", "growth, large", "small"]
    found = [line.split() for line in text[2:8]]
    points = {row["trial"]: int(row["x"]) for row in rows(page, "rank")}
    for row in found:
        values = [f"{one:.2f}".replace("-0.00", "0.00") for one in each(points[row[1]]).values()]
        assert row[3:] == values
    assert {"annual return", "drawdown", "orders"} <= set(page.splitlines())
    assert not re.search(r"-0\.?0*%?(?![\d.])", page)


def test_json_has_all(three: tuple[Path, str], leanopt) -> None:
    """The aggregate of what all scenarios report as numbers, and each scenario by name."""
    folder, how = three
    said = json.loads(leanopt(folder, "show", "--json", "--top", "8").stdout)["best"]
    assert len(said) == 8
    for trial in said:
        assert [one["name"] for one in trial["backtests"]] == list(NAMES)
        assert trial["aggregate"] == how
        x = trial["parameters"]["x"]
        known = {o["name"]: o["statistics"] for o in trial["backtests"] if o["statistics"]}
        assert len(known) == (2 if x % 4 == 0 else 3)
        shared = set.intersection(*map(set, known.values())) - {"Odd"}
        assert set(trial["statistics"]) == shared
        for name in shared:
            assert trial["statistics"][name] == pytest.approx(
                combined(how, {scenario: one[name] for scenario, one in known.items()})
            )
    alone = json.loads(leanopt(folder, "show", "5", "--json").stdout)
    assert alone["statistics"] == next(
        one["statistics"] for one in said if one["trial"] == alone["trial"]
    )


def test_csv_has_all(three: tuple[Path, str], leanopt) -> None:
    """The aggregate, each scenario by name, and the messages of failures."""
    folder, how = three
    text = leanopt(folder, "export", "--to", "csv").stdout
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 8
    for row in table:
        x = int(row["parameters.x"])
        failed = x % 4 == 0
        known = {name: v for name, v in each(x).items() if not failed or name != "small"}
        assert float(row["aggregate.Sharpe Ratio"]) == pytest.approx(combined(how, known))
        for name, value in each(x).items():
            there = row[f"statistics.{name}.Sharpe Ratio"]
            assert there == "" if name not in known else float(there) == value
        assert ("no bars for x" in row["message"]) is failed
        assert row["message"].startswith("small: ") is failed


def test_one_scenario_is_not_labelled(searched: Path, leanopt) -> None:
    """There is nothing to aggregate."""
    page = leanopt(searched, "show", "slope-1").stdout
    assert "statistics:" not in page
    said = json.loads(leanopt(searched, "show", "slope-1", "--json").stdout)["best"][0]
    assert said["aggregate"] is None
    assert said["statistics"] == said["backtests"][0]["statistics"]
    head = leanopt(searched, "export", "slope-1", "--to", "csv").stdout.splitlines()[0]
    assert "aggregate." not in head


def test_the_live_screen_has_the_aggregate_too(three: tuple[Path, str], leanopt) -> None:
    """And says so, as `show` does; here as `watch` follows the run."""
    folder, how = three
    page = rows(leanopt(folder, "show", "--top", "1").stdout, "rank")[0]
    with open_to_look(folder / ".leanopt" / "leanopt.db") as store:
        run = store.runs.find(None)
        progress = Progress(began=0.0)
        Follower(store, run, progress, 0.0).update(1.0)
    (best, *_) = progress.view(1.0).best
    assert best.figures["statistics"] == f"{how} of 3 scenarios"
    assert {name: best.figures[name] for name in ("Sharpe", "orders", "annual return")} == {
        name: page[name] for name in ("Sharpe", "orders", "annual return")
    }
