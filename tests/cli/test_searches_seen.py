"""Views, lists and maps of a run with a search for each symbol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.projects import lay

STRATEGY = '''
from leanopt_harness import Result, backtest

SHIFT = {"AAA": 1, "BBB": 4, "CCC": 6}


@backtest
def run(parameters, scenario):
    """The best x is the symbol's own; one of CCC fails."""
    x, y, shift = parameters["x"], parameters["y"], SHIFT[scenario.symbol]
    if scenario.symbol == "CCC" and x == 2:
        raise ValueError(f"no bars at {x}")
    return Result({"Net Profit": -abs(x - shift), "Total Orders": 10 * shift, "Drawdown": 0.1 * x})
'''

PIPELINE = """
name = "symbols"
[strategy]
entry = "strategy.py:run"
[scenario]
universe = ["AAA", "BBB", "CCC"]
separate = true
[parameters]
x = { min = 1, max = 6 }
y = { min = 1, max = 2 }
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


@pytest.fixture(scope="module")
def symbols(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A run of three searches, of twelve points each."""
    folder = tmp_path_factory.mktemp("symbols")
    lay(folder, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def said(leanopt, folder: Path, *options: str) -> dict:
    """Return what `show` says as JSON."""
    return json.loads(leanopt(folder, "show", *options, "--json").stdout)


def test_each_search_has_its_stages(symbols: Path, leanopt) -> None:
    """With its own best; one search alone if it is named, by number or symbol."""
    stages = said(leanopt, symbols, "--stages")["stages"]
    assert [(one["search"], one["name"], one["fitness"]) for one in stages] == [
        (1, "AAA", 0), (2, "BBB", 0), (3, "CCC", -2),
    ]  # fmt: skip
    page = leanopt(symbols, "show", "--stages").stdout
    assert page.splitlines()[0].split()[:3] == ["search", "stage", "method"]
    for name in ("2", "BBB"):
        alone = said(leanopt, symbols, "--stages", "--search", name)["stages"]
        assert [one["name"] for one in alone] == ["BBB"]


def test_failures_and_constraints_name_the_search(symbols: Path, leanopt) -> None:
    """And the command that shows the trial has its number."""
    (failure,) = said(leanopt, symbols, "--failed")["failures"]
    assert (failure["search"], failure["trials"], failure["scenarios"]) == (3, 2, {"CCC": 2})
    page = leanopt(symbols, "show", "--failed").stdout
    command = page.rpartition("leanopt ")[2].split()
    assert "search CCC" in leanopt(symbols, *command).stdout
    assert said(leanopt, symbols, "--failed", "--search", "AAA")["failures"] == []
    (cost,) = said(leanopt, symbols, "--constraints")["constraints"]
    assert (cost["trials"], cost["fitness"], cost["search"]) == (12, 0, 3)
    (cost,) = said(leanopt, symbols, "--constraints", "--search", "1")["constraints"]
    assert (cost["trials"], cost["search"]) == (4, 1)


def test_trials_of_different_searches_are_never_equal(symbols: Path, leanopt) -> None:
    """Though their results are: `y` has no effect in any of them."""
    found = said(leanopt, symbols, "--equal")
    assert {(one["search"], len(one["trials"])) for one in found["equal"]} == {
        (1, 2),
        (2, 2),
        (3, 2),
    }
    effects = {one["parameter"]: one for one in found["parameters"]}
    assert effects["y"]["compared"] == effects["y"]["equal"] == 17
    assert effects["x"]["equal"] == 0


def test_lists_and_maps_have_all_searches_or_one(symbols: Path, leanopt) -> None:
    """Ranks are those of the trials that are listed."""
    every = said(leanopt, symbols, "--where", "x == 4", "--top", "50")
    assert {one["search"] for one in every["trials"]} == {1, 2, 3}
    assert every["told"] == 36
    only = said(leanopt, symbols, "--where", "x == 4", "--search", "BBB")
    assert (only["told"], {one["search"] for one in only["trials"]}) == (12, {2})
    assert [one["rank"] for one in only["trials"]] == [1, 2]
    page = leanopt(symbols, "show", "--sort", "orders", "--columns", "x,orders").stdout
    assert page.splitlines()[2].split() == ["rank", "trial", "search", "x", "orders"]
    assert page.splitlines()[3].split()[2:] == ["CCC", "4", "60"]
    cells = said(leanopt, symbols, "--map", "x", "y")["cells"]
    assert {(one["x"], one["y"]): one["search"] for one in cells}["4", "1"] == 2
    assert " of search 2)" in leanopt(symbols, "show", "--map", "x", "y", "--search", "2").stdout
    count = said(leanopt, symbols, "--where", "search == 2", "--top", "50")["kept"]
    assert count == 12
