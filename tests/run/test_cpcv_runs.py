"""`[cpcv]`: a search for each choice of test groups, whose backtests are shared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from tests.processes import kill_once
from tests.projects import lay
from tests.run.test_walk_forward import PIPELINE, STRATEGY, best_of, parts
from tests.stored import told

GROUPS = PIPELINE.replace(
    '[walk_forward]\ntrain = "2y"\ntest = "1y"\n', "[cpcv]\ngroups = 4\ntest_groups = 2\n"
).replace('name = "walk"', 'name = "groups"')
#: All of 10 points, in each search.
GRID = GROUPS.replace("y = { min = 0, max = 9 }", "y = 3").partition("[[stage]]")[0] + (
    '[[stage]]\nuse = "grid"\n'
)
SPANS = (
    *("2000-01-03 to 2001-10-02", "2001-10-03 to 2003-07-03"),
    *("2003-07-04 to 2005-04-02", "2005-04-03 to 2006-12-31"),
)
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
Leanopt = Callable[..., Any]
Canonical = Callable[..., str]
Shown = Callable[..., Mapping[str, Any]]


def written(folder: Path, pipeline: str = GROUPS) -> Path:
    """Write the project into a new folder."""
    folder.mkdir()
    return lay(folder, STRATEGY, pipeline)


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> str:
    """The dump of six searches, undisturbed on two workers."""
    folder = written(tmp_path_factory.mktemp("truth") / "project")
    leanopt(folder, "run", "pipeline.toml")
    dump: str = leanopt(folder, "export", "--to", "jsonl", "--canonical").stdout
    return dump


def test_plan_lists_combinations_and_paths(tmp_path: Path, leanopt: Leanopt) -> None:
    """Each search trains on two groups and is tested on the others; three paths of all days."""
    folder = written(tmp_path / "p")
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", "--json").stdout)
    plan = found["plan"]
    for search, tested in zip(plan["searches"], PAIRS, strict=True):
        one, two = tested
        assert search["name"] == f"without groups {one + 1}, {two + 1}"
        assert search["tests"] == [SPANS[at] for at in tested]
        assert search["scenarios"] == [SPANS[at] for at in range(4) if at not in tested]
    assert {one["name"] for one in plan["scenarios"]} == set(SPANS)
    # Each group from the first, second and third search that tests it.
    searches = {"path 1": [1, 1, 2, 3], "path 2": [2, 4, 4, 5], "path 3": [3, 5, 6, 6]}
    assert plan["paths"] == [
        {"name": name, "pieces": [list(one) for one in zip(numbers, SPANS, strict=True)]}
        for name, numbers in searches.items()
    ]
    assert (found["backtests"], found["tests"]) == (6 * 14 * 2, 12)
    said = leanopt(folder, "plan", "pipeline.toml").stdout
    assert "6 searches, one for each combination (4 groups, 2 tested); at most 168" in said
    assert "     2  without groups 1, 3  " in said


@pytest.mark.long
def test_equal_backtests_are_made_once(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, shown: Shown
) -> None:
    """Six searches of 10 points on two groups, and 12 tests, are 10 points on four groups."""
    folder = written(tmp_path / "p", GRID)
    leanopt(folder, "run", "pipeline.toml")
    assert shown(folder)["backtests"] == {"run": 40, "from_cache": 6 * 10 * 2 + 12 - 40}
    trials, tests = parts(canonical(folder))
    assert (len(trials), len(tests)) == (6 * 10, 12)
    known: dict[tuple[int, str], Any] = {}
    for trial in trials:
        x = trial["parameters"]["x"]
        for span, statistics in trial["statistics"].items():
            assert known.setdefault((x, span), statistics) == statistics
        fitness = fmean(one["Net Profit"] for one in trial["statistics"].values())
        assert trial["fitness"] == pytest.approx(fitness)
    assert len(known) == 40
    for number, tested in enumerate(PAIRS, 1):
        best = best_of(trials, number)
        own = [one for one in tests if one["search"] == number]
        assert [one["test"] for one in own] == [SPANS[at] for at in tested]
        for one in own:
            assert one["number"] == best["number"]
            assert one["statistics"] == known[best["parameters"]["x"], one["test"]]


@pytest.mark.long
def test_the_distribution_of_the_paths(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, shown: Shown
) -> None:
    """Each path compounds its tests; quartiles are those of NumPy, a loss is a return below 0."""
    folder = written(tmp_path / "p", GRID.replace("0.001 -", "0.0001 -"))
    (folder / "strategy.py").write_text(STRATEGY.replace("0.001 -", "0.0001 -"))
    leanopt(folder, "run", "pipeline.toml")
    _, tests = parts(canonical(folder))
    profits = {(one["search"], one["test"]): one["statistics"]["Net Profit"] for one in tests}
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", "--json").stdout)["plan"]
    returns = [
        prod(1 + profits[search, test] for search, test in path["pieces"]) - 1
        for path in plan["paths"]
    ]
    said = shown(folder)
    curves = [path["curve"] for path in said["paths"]]
    assert [one["return"]["value"] for one in curves] == pytest.approx(returns, rel=1e-5)
    [found] = said["distributions"]
    assert found["paths"] == ["path 1", "path 2", "path 3"]
    for name in ("return", "drawdown", "sharpe"):
        values = [one[name]["value"] for one in curves]
        quartiles = [found[name][one] for one in ("least", "lower", "median", "upper", "most")]
        assert quartiles == pytest.approx(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
        assert found[name]["unknown"] == 0
    assert found["losses"] == sum(one < 0 for one in returns)
    assert found["losses"] > 0
    page = leanopt(folder, "show").stdout
    assert f"paths with a loss: {found['losses']} of 3" in page
    one = leanopt(folder, "show", "--path", "path 2").stdout
    assert "2 spans" in one


@pytest.mark.long
def test_purged_groups_share_what_is_equal(tmp_path: Path, leanopt: Leanopt, shown: Shown) -> None:
    """A group is shortened only beside a test: 10 spans of days, and the tests of two others."""
    folder = written(tmp_path / "p", GRID)
    kept = ("--set", 'cpcv.purge="2d"', "--set", 'cpcv.embargo="1w"')
    leanopt(folder, "run", "pipeline.toml", *kept)
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *kept, "--json").stdout)["plan"]
    trained = {one for search in plan["searches"] for one in search["scenarios"]}
    first = {one for one in trained if one.startswith("2000")}
    # Two days before a test, nine after it.
    assert first == {SPANS[0], "2000-01-03 to 2001-09-30"}
    assert {one for one in trained if one.endswith("2006-12-31")} == {
        *(SPANS[3], "2005-04-12 to 2006-12-31")
    }
    assert len(trained) == 10
    new = set(SPANS) - trained
    assert len(new) == 2
    ran = shown(folder)["backtests"]["run"] - 10 * 10
    assert 2 <= ran <= 2 * 3


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, pytest.param(4, marks=pytest.mark.long)])
def test_any_number_of_workers(
    tmp_path: Path, leanopt: Leanopt, canonical: Canonical, truth: str, workers: int
) -> None:
    """Searches that share backtests, in any order, are the same searches."""
    folder = written(tmp_path / "p")
    leanopt(folder, "run", "pipeline.toml", "--workers", str(workers), HILL_DELAY="0.01")
    assert canonical(folder) == truth


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "least", [20, *(pytest.param(at, marks=pytest.mark.long) for at in (1, 60))]
)
def test_killed_and_resumed(
    tmp_path: Path, leanopt: Leanopt, start, canonical: Canonical, truth: str, least: int
) -> None:
    """The dump is that of the undisturbed run."""
    folder = written(tmp_path / "p")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.05")
    kill_once(process, lambda: told(folder) >= least)
    assert canonical(folder) != truth
    leanopt(folder, "resume")
    assert canonical(folder) == truth


@pytest.mark.long
def test_each_symbol_has_its_groups(tmp_path: Path, leanopt: Leanopt) -> None:
    """Separate, of its own days; together, a test and a path for each symbol."""
    folder = written(tmp_path / "p")
    each = ("--set", 'scenario.universe=["A", { symbol = "BB", start = 2002-01-01 }]')
    separate = (*each, "--set", "scenario.separate=true")
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *separate, "--json").stdout)["plan"]
    assert len(plan["searches"]) == 12
    assert plan["searches"][6]["name"] == "BB without groups 1, 2"
    assert plan["searches"][6]["tests"][0] == "BB 2002-01-01 to 2003-04-02"
    assert [path["name"] for path in plan["paths"]] == [
        f"{symbol} path {number}" for symbol in ("A", "BB") for number in (1, 2, 3)
    ]
    both = ("--set", 'scenario.universe=["A", "BB"]')
    plan = json.loads(leanopt(folder, "plan", "pipeline.toml", *both, "--json").stdout)["plan"]
    assert len(plan["searches"]) == 6
    assert [len(path["pieces"]) for path in plan["paths"]] == [4] * 6
