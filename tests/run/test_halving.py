"""`[prune] use = "halving"`: the best of each rung go on, as a model of the rule says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import kill_once
from tests.projects import DELAYED, lay
from tests.run.test_pruned import lines
from tests.stored import told

#: All values are multiples of 1/64, so that means and violations are exact in any order.
STRATEGY = (
    DELAYED
    + '''

@backtest
def run(parameters, scenario):
    """A hill whose top every symbol moves; some points fail, some break the constraint."""
    x, y, move = parameters["x"], parameters["y"], "ABCD".index(scenario.symbol) + 1
    time.sleep(Random(f"{x} {y} {move}").random() * delay())
    if (x + y * move) % 17 == 0:
        raise ValueError(f"no trading at x = {x}")
    profit = 64 - round(((x - 10 - move) / 3) ** 2) - round(((y - 8 + move) / 2) ** 2)
    drawdown = 8 + (x * y * move % 11)
    return Result({"Net Profit": profit / 64, "Drawdown": drawdown / 64, "Total Orders": 50})
'''
)

PIPELINE = """
name = "hill"
seed = 7

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 20, step = 1 }
y = { min = 1, max = 12, step = 1 }

[constraints]
results = ["Drawdown <= 25%"]

[fitness]
use = "statistic"
statistic = "Net Profit"

[prune]
use = "halving"
rungs = [1, 2]

[search]
lookahead = 6

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 70

[[stage]]
use = "grid"
trials = 130
""" + "".join(f'\n[[scenario]]\nname = "{name}"\nsymbol = "{name}"\n' for name in "ABCD")

LOOKAHEAD, REDUCTION, RUNGS = 6, 3, (1, 2, 4)
WHOLE = ("--set", "prune.use=none")

Project = Callable[[str], Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a new folder with the project."""

    def written(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        lay(folder, STRATEGY, PIPELINE)
        return folder

    return written


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """The folder of an undisturbed run on two workers."""
    folder = tmp_path_factory.mktemp("halved")
    lay(folder, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def standing(trial: dict[str, Any], scenarios: int) -> tuple[int, float, int]:
    """Return how a trial ranks by its first scenarios: feasible, by violation, failed."""
    judged = list(trial["statistics"].values())[:scenarios]
    if None in judged:
        return (2, 0.0, trial["number"])
    violation = sum(max(0.0, one["Drawdown"] - 0.25) / 0.25 for one in judged)
    if violation:
        return (1, violation, trial["number"])
    profit = sum(one["Net Profit"] for one in judged) / scenarios
    return (0, -profit, trial["number"])


def model(trials: list[dict[str, Any]]) -> list[int | None]:
    """Return where each trial of a run without pruning would have been pruned, by the rule."""
    reached: list[int] = []
    for place, trial in enumerate(trials):
        # A stage begins when all trials of the one before it have been told.
        first = next(at for at, one in enumerate(trials) if one["stage"] == trial["stage"])
        known = max(first, place + 1 - LOOKAHEAD)
        rung = 0
        while rung < len(RUNGS) - 1:
            count = RUNGS[rung]
            own = standing(trial, count)
            rivals = [standing(trials[one], count) for one in range(known) if reached[one] >= rung]
            places = max(1, (len(rivals) + 1) // REDUCTION)
            if own[0] == 2 or own not in sorted([*rivals, own])[:places]:
                break
            rung += 1
        reached.append(rung)
    return [None if rung == len(RUNGS) - 1 else rung for rung in reached]


@pytest.mark.alike(1)
def test_a_model_of_the_rule_prunes_the_same(
    halved: Path, project: Project, leanopt, canonical, shown
) -> None:
    """From a run of every backtest: these methods do not learn, so the trials are the same."""
    folder = project("whole")
    leanopt(folder, "run", "pipeline.toml", *WHOLE)
    found, every = lines(canonical(halved)), lines(canonical(folder))
    expected = model(every)
    assert [one.get("pruned_at") for one in found] == expected
    assert {None, 0, 1} == set(expected)
    for one, whole, rung in zip(found, every, expected, strict=True):
        assert one["parameters"] == whole["parameters"]
        count = RUNGS[len(RUNGS) - 1 if rung is None else rung]
        assert one["statistics"] == dict(list(whole["statistics"].items())[:count])
        if rung is None:
            assert one == whole
    counts = shown(halved)["backtests"]
    assert counts["run"] + counts["saved"] == shown(folder)["backtests"]["run"]
    assert counts["run"] == sum(len(one["statistics"]) for one in found)
    assert counts["run"] < counts["saved"]


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "7"])
def test_any_number_of_workers(
    halved: Path, project: Project, leanopt, canonical, workers: str
) -> None:
    """Whoever ends first, the same trials are pruned at the same step."""
    folder = project(workers)
    leanopt(folder, "run", "pipeline.toml", "--workers", workers, HILL_DELAY="0.01")
    assert canonical(folder) == canonical(halved)


@pytest.mark.slow
def test_killed_and_resumed(
    halved: Path, project: Project, leanopt, start, canonical, shown
) -> None:
    """No backtest is made twice, and no other one."""
    folder = project("killed")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.03")
    kill_once(process, lambda: told(folder) >= 90)
    leanopt(folder, "resume", "--workers", "3")
    assert canonical(folder) == canonical(halved)
    assert shown(folder)["backtests"]["saved"] == shown(halved)["backtests"]["saved"]


def test_it_is_shown_and_planned(halved: Path, leanopt, shown) -> None:
    """The steps before the run; after it how many scenarios judged a trial."""
    said = leanopt(halved, "plan", "pipeline.toml").stdout
    assert "prune: a trial is judged by 1, 2, then all 4 scenarios; the best 1/3 of a step" in said
    report = shown(halved)
    assert "pruned_at" not in report["best"][0]
    every = lines(leanopt(halved, "export", "--to", "jsonl").stdout)
    number = next(one["number"] for one in every if one.get("pruned_at") == 1)
    assert "pruned after 2 of 4 scenarios" in leanopt(halved, "show", str(number)).stdout
