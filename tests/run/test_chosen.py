"""`[choose]`: which trial of a search is tested, shown, exported and backtested again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from leanopt_core import open_store
from tests.projects import lay

#: A broad hill and a lone peak that is higher; both move with the days. Some points fail.
STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """The value of a point in the year in which the scenario ends."""
    x, y, mode = parameters["x"], parameters["y"], parameters["mode"]
    year = int(str(scenario.end)[:4]) if scenario.end else 2000
    if (x, y) == (year % 3, 6):
        raise ValueError(f"no trading at {x}, {y}")
    value = 1 - ((x - 2 - year % 2) ** 2 + (y - 3) ** 2) / 20 - (mode == "b") / 100
    if (x, y) == (6, 6 - year % 3):
        value = 2.0
    return Result({"Net Profit": value, "Drawdown": 0.1 + (y == 0) * 0.5})
'''
PIPELINE = """
name = "hill"
seed = 3

[strategy]
entry = "strategy.py:run"

[scenario]
start = 2000-01-01
end = 2005-12-31

[parameters]
x = { min = 0, max = 6 }
y = { min = 0, max = 6 }
mode = { choices = ["a", "b"] }

[constraints]
results = ["Drawdown <= 50%"]

[fitness]
use = "statistic"
statistic = "Net Profit"

[choose]
use = "plateau"

[executor]
workers = 2

[[stage]]
use = "grid"
"""
WINDOWS = ("--set", 'walk_forward={ train = "2y", test = "1y" }')
Leanopt = Callable[..., Any]
Canonical = Callable[..., str]
Trial = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose searches choose plateaus."""
    return lay(tmp_path, STRATEGY, PIPELINE)


def parts(dump: str) -> tuple[list[Trial], list[Trial]]:
    """Return the trials and the tests of a dump."""
    lines = [json.loads(line) for line in dump.splitlines()]
    return [one for one in lines if "test" not in one], [one for one in lines if "test" in one]


def plateaus(trials: list[Trial], radius: int = 1, of=median) -> list[tuple[Any, ...]]:
    """Return value, own fitness, number and neighbours of the feasible trials, best first."""
    rows = []
    for one in trials:
        near = [other for other in trials if close(one["parameters"], other["parameters"], radius)]
        value = of([_counted(other) for other in (one, *near)])
        if _counted(one) > float("-inf"):
            rows.append((len(near) < 2, -value, -one["fitness"], one["number"], len(near)))
    rows.sort(key=lambda row: (row[0], 0 if row[0] else row[1], *row[2:]))
    return [(None if row[0] else -row[1], -row[2], *row[3:]) for row in rows]


def close(one: Trial, other: Trial, radius: int) -> bool:
    """Return whether one number differs, by at most `radius`."""
    away = sorted(abs(one[name] - other[name]) for name in ("x", "y"))
    return one["mode"] == other["mode"] and away[0] == 0 and 0 < away[1] <= radius


def _counted(trial: Trial) -> float:
    feasible = trial["fitness"] is not None and not trial["violation"]
    return trial["fitness"] if feasible else float("-inf")


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 3])
def test_each_window_tests_its_plateau(
    folder: Path, leanopt: Leanopt, canonical: Canonical, workers: int
) -> None:
    """Not its best trial; as many as `tested` says, the same on any number of workers."""
    options = (*WINDOWS, "--set", "choose.tested=2", "--workers", str(workers))
    leanopt(folder, "run", "pipeline.toml", *options)
    trials, tests = parts(canonical(folder))
    assert len(tests) == 8
    for search in (1, 2, 3, 4):
        own = [one for one in trials if one["search"] == search]
        expected = [row[2] for row in plateaus(own)[:2]]
        assert [one["number"] for one in tests if one["search"] == search] == sorted(expected)
        best = max(own, key=lambda one: (_counted(one), -one["number"]))["number"]
        assert best not in expected


@pytest.mark.long
def test_the_plan_says_what_is_chosen(folder: Path, leanopt: Leanopt) -> None:
    """With the number of tests; the default is not in the plan."""
    said = leanopt(folder, "plan", "pipeline.toml", *WINDOWS, "--set", "choose.tested=2").stdout
    assert "\nchoose: by plateau, the median of a trial and its neighbours within 1 step\n" in said
    assert "at most 392 backtests and 8 tests on" in said
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", "--json").stdout)
    rule = {"use": "plateau", "radius": 1, "statistic": "median", "tested": 1}
    assert (found["plan"]["choose"], found["tests"]) == (rule, 0)
    best = ("--set", 'choose={ use = "best" }')
    found = json.loads(leanopt(folder, "plan", "pipeline.toml", *best, "--json").stdout)
    assert "choose" not in found["plan"]


def test_tests_of_several_trials_need_tests(folder: Path, leanopt: Leanopt) -> None:
    """A number without effect is a warning, and plateaus of pruned trials are an error."""
    said = leanopt(folder, "check", "pipeline.toml", "--set", "choose.tested=2").stderr
    assert "[choose] tested = 2 has no effect: only searches with tests" in said
    pruned = (
        *("--set", 'scenario={ universe = ["A", "B"] }', "--set", "prune.use=bound"),
        *("--set", "fitness.aggregate=worst"),
    )
    said = leanopt(folder, "check", "pipeline.toml", *pruned, check=False).stderr
    assert 'choose.use: found "plateau", expected "best" with [prune] and aggregate = ' in said
    leanopt(folder, "check", "pipeline.toml", *pruned[:-1], "fitness.aggregate=mean")


@pytest.mark.long
def test_show_marks_the_chosen_trial_beside_the_best(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """By fitness with a plan that chooses plateaus, and by plateau; in JSON, too."""
    leanopt(folder, "run", "pipeline.toml", "--set", "search.curves=none")
    trials, _ = parts(canonical(folder))
    by_plateau = plateaus(trials)
    (value, own, number, neighbours) = by_plateau[0]
    said = json.loads(leanopt(folder, "show", "--json").stdout)
    expected = {"search": 1, "rule": "plateau", "trial": number}
    assert said["chosen"] == [{**expected, "plateau": value, "neighbours": neighbours}]
    assert said["best"][0]["fitness"] == 2.0 > own
    page = leanopt(folder, "show", "--top", "1").stdout
    head, best, chosen = (
        line for line in page.splitlines() if line.startswith("rank ") or "%" in line
    )
    assert head.split()[4:7] == ["chosen", "plateau", "neighbours"]
    assert best.split()[4] == "-"
    assert (chosen.split()[1], chosen.split()[4]) == (str(number), "yes")
    assert f"\nchosen: trial {number}; the median of it and its {neighbours} told neigh" in page
    assert f"details of the chosen one: leanopt show hill-1 {number}\n" in page
    found = json.loads(leanopt(folder, "show", "--by", "plateau", "--top", "99", "--json").stdout)
    rows = [
        (one["plateau"], one["fitness"], one["trial"], one["neighbours"]) for one in found["best"]
    ]
    assert rows == by_plateau
    assert [one["rank"] for one in found["best"]] == list(range(1, len(rows) + 1))
    assert "plateau" not in leanopt(folder, "show", "--by", "best").stdout.split("Stored in")[0]
    for others in (("--failed",), ("--sort", "x"), ("hill-1", "3")):
        done = leanopt(folder, "show", *others, "--by", "plateau", check=False)
        assert (done.returncode, done.stderr.count("--by ")) == (2, 1)


@pytest.mark.long
def test_the_chosen_trial_is_exported_backtested_and_looked_at(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """Wherever a command takes the run's own trial."""
    leanopt(folder, "run", "pipeline.toml")
    trials, _ = parts(canonical(folder))
    order = [row[2] for row in plateaus(trials)]
    chosen = next(one for one in trials if one["number"] == order[0])
    said = json.loads(leanopt(folder, "export", "hill-1", "--to", "params").stdout)
    assert said == chosen["parameters"]
    said = json.loads(leanopt(folder, "backtest", "--of", "hill-1", "--json").stdout)
    assert said["parameters"] == chosen["parameters"]
    with (folder / "pipeline.toml").open("a") as file:
        file.write("\n[holdout]\nstart = 2006-01-01\nend = 2006-12-31\n")
    look = json.loads(leanopt(folder, "holdout", "hill-1", "--best", "3", "--json").stdout)
    assert [(one["rank"], one["trial"]) for one in look["trials"]] == list(enumerate(order[:3], 1))
    with open_store(folder) as store:
        found = store.chosen(store.run())
        assert found is not None
        assert found.number == order[0]


def test_commands_about_the_best_trial_know_the_chosen_one(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """`--notify` and `compare` name both, a trial's page says it, `verify` takes them in order."""
    notify = "sh -c 'echo told $LEANOPT_BEST_TRIAL $LEANOPT_CHOSEN_TRIAL $LEANOPT_CHOSEN'"
    said = leanopt(folder, "run", "--notify", notify)
    trials, _ = parts(canonical(folder))
    first, second = (row[2] for row in plateaus(trials)[:2])
    best = max(
        (one for one in trials if one["fitness"] is not None), key=lambda one: one["fitness"]
    )
    chosen = next(one for one in trials if one["number"] == first)
    assert first != best["number"]
    assert f"told {best['number']} {first} {chosen['fitness']}" in said.stderr
    leanopt(folder, "run", "--set", "choose.use=best")
    rows = json.loads(leanopt(folder, "compare", "hill-1", "hill-2", "--json").stdout)["rows"]
    facts = {one["what"]: one["values"] for one in rows}
    assert facts["best trial"] == [best["number"]] * 2
    assert facts["chosen trial"] == [first, None]
    pages = [
        json.loads(leanopt(folder, "show", run, "1", "--json").stdout)
        for run in ("hill-1", "hill-2")
    ]
    assert [page["chosen"] for page in pages] == [first, None]
    page = leanopt(folder, "show", "hill-1", str(first)).stdout
    assert "\nchosen of its search by plateau: this trial\n" in page
    assert f"by plateau: trial {first}\n" in leanopt(folder, "show", "hill-1", str(second)).stdout
    verified = json.loads(leanopt(folder, "verify", "hill-1", "--best", "2", "--json").stdout)
    assert {one["trial"] for one in verified["backtests"]} == {first, second}


@pytest.mark.long
def test_a_run_by_fitness_can_be_seen_by_plateau(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """Its chosen trial stays the best one; where the fitness is better lower, so are plateaus."""
    lower = ("--set", 'choose={ use = "best" }', "--set", "fitness.direction=min")
    leanopt(folder, "run", "pipeline.toml", *lower)
    trials, _ = parts(canonical(folder))
    said = json.loads(leanopt(folder, "show", "--json").stdout)
    best = said["best"][0]["trial"]
    assert said["chosen"] == [{"search": 1, "rule": "best", "trial": best}]
    assert "plateau" not in said["best"][0]
    turned = [{**one, "fitness": one["fitness"] and -one["fitness"]} for one in trials]
    found = json.loads(leanopt(folder, "show", "--by", "plateau", "--json").stdout)
    assert [(one["plateau"], one["trial"]) for one in found["best"]] == [
        (-row[0], row[2]) for row in plateaus(turned)[:10]
    ]
    assert (
        json.loads(leanopt(folder, "backtest", "--of", "hill-1", "--json").stdout)["parameters"]
        == said["best"][0]["parameters"]
    )


@pytest.mark.long
def test_a_few_trials_have_no_plateau(folder: Path, leanopt: Leanopt) -> None:
    """The best one is then chosen, and the page says why."""
    leanopt(
        folder, "run", "pipeline.toml", "--set", "stage.0.use=random", "--set", "stage.0.trials=3"
    )
    page = leanopt(folder, "show").stdout
    assert "; it is the best one, since none has 2 told neighbours or more\n" in page


@pytest.mark.long
def test_searches_have_a_chosen_trial_each(folder: Path, leanopt: Leanopt, canonical: Canonical):
    """A run of several shows it beside the best; `--by` lists trials of all."""
    each = ("--set", 'scenario={ universe = ["A", "B"], separate = true, start = 2000-01-01 }')
    leanopt(folder, "run", "pipeline.toml", *each)
    trials, _ = parts(canonical(folder))
    own = plateaus([one for one in trials if one["search"] == 2])
    page = leanopt(folder, "show").stdout
    head = next(line for line in page.splitlines() if line.startswith("search  name"))
    assert head.split()[6:8] == ["chosen", "plateau"]
    row = next(line for line in page.splitlines() if line.split()[:2] == ["2", "B"])
    assert row.split()[5] == str(own[0][2])
    listed = leanopt(folder, "show", "--by", "plateau", "--top", "2").stdout
    assert f"\nchosen of search 2: trial {own[0][2]}; the median of it" in listed


@pytest.mark.long
def test_pruned_trials_have_no_plateaus(folder: Path, leanopt: Leanopt) -> None:
    """What is not known is not shown."""
    pruned = (
        *("--set", 'scenario={ universe = ["A", "B"] }', "--set", "prune.use=bound"),
        *("--set", "fitness.aggregate=worst", "--set", 'choose={ use = "best" }'),
    )
    leanopt(folder, "run", "pipeline.toml", *pruned)
    done = leanopt(folder, "show", "--by", "plateau", check=False)
    assert done.returncode == 2
    assert "has pruned feasible trials, such as" in done.stderr
