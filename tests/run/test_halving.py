"""`[prune] use = "halving"`: the best of each rung go on, as a model of the rule says.

Rungs are numbers of scenarios, or lengths of their last days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
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
    """A hill whose top every symbol and year moves; some points fail, some break the constraint."""
    x, y, first = parameters["x"], parameters["y"], scenario.start
    years = (scenario.end - first).days // 364 if first else 1
    move = "ABCD".index(scenario.symbol) + years
    time.sleep(Random(f"{x} {y} {move}").random() * delay())
    if (x + y * move) % 17 == 0:
        raise ValueError(f"no trading at x = {x}")
    profit = 64 - round(((x - 10 - move) / 3) ** 2) - round(((y - 8 + move) / 2) ** 2)
    drawdown = 8 + (x * y * move % 11)
    day = first.toordinal() if first else 0
    return Result(
        {"Net Profit": profit / 64, "Drawdown": drawdown / 64, "Total Orders": 50, "First": day}
    )
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
trials = 60

[[stage]]
use = "grid"
trials = 60
"""
#: Rungs of lengths: two scenarios of four years.
SPANS = (
    PIPELINE.replace("[1, 2]", '["1y", "2y"]')
    + """
[scenario]
universe = ["A", "B"]
start = 2010-01-01
end = 2013-12-31
"""
)
TEXTS = {
    "scenarios": PIPELINE
    + "".join(f'\n[[scenario]]\nname = "{name}"\nsymbol = "{name}"\n' for name in "ABCD"),
    "spans": SPANS,
}
LOOKAHEAD, REDUCTION, STEPS = 6, 3, 3
NAMES = {years: [f"{s} {2014 - years}-01-01 to 2013-12-31" for s in "AB"] for years in (1, 2)}

Results = Mapping[str, Mapping[str, float] | None]


@pytest.fixture(scope="module", params=TEXTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return what rungs count."""
    return str(request.param)


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory, leanopt, kind: str) -> Path:
    """The folder of an undisturbed run on two workers."""
    folder = lay(tmp_path_factory.mktemp(kind), STRATEGY, TEXTS[kind])
    leanopt(folder, "run", "pipeline.toml")
    return folder


def result(
    parameters: Mapping[str, int], symbol: str, years: int | None = None
) -> Mapping[str, float] | None:
    """Return what a backtest of so many years gives, None if it fails: the strategy once more."""
    x, y, move = parameters["x"], parameters["y"], "ABCD".index(symbol) + (years or 1)
    if (x + y * move) % 17 == 0:
        return None
    profit = 64 - round(((x - 10 - move) / 3) ** 2) - round(((y - 8 + move) / 2) ** 2)
    drawdown = 8 + (x * y * move % 11)
    first = date(2014 - years, 1, 1).toordinal() if years else 0
    return {
        "Net Profit": profit / 64,
        "Drawdown": drawdown / 64,
        "Total Orders": 50,
        "First": first,
    }


def judged(kind: str, parameters: Mapping[str, int], step: int) -> tuple[Results, Results]:
    """Return what judges a trial at a step: backtests of last days, and those of scenarios."""
    if kind == "scenarios":
        return {}, {symbol: result(parameters, symbol) for symbol in "ABCD"[: 2**step]}
    if step == STEPS - 1:
        return {}, {symbol: result(parameters, symbol, 4) for symbol in "AB"}
    years = 2**step
    return {name: result(parameters, name[0], years) for name in NAMES[years]}, {}


def standing(kind: str, trial: Mapping[str, Any], step: int) -> tuple[int, float, int]:
    """Return how a trial ranks at a step: feasible, by violation, failed."""
    cuts, whole = judged(kind, trial["parameters"], step)
    found = [*cuts.values(), *whole.values()]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return (2, 0.0, trial["number"])
    violation = sum(max(0.0, one["Drawdown"] - 0.25) / 0.25 for one in known)
    if violation:
        return (1, violation, trial["number"])
    return (0, -sum(one["Net Profit"] for one in known) / len(known), trial["number"])


def model(kind: str, trials: list[dict[str, Any]]) -> list[int]:
    """Return the last step that judges each trial, by a brute force of the rule."""
    reached: list[int] = []
    for place, trial in enumerate(trials):
        # A stage begins when all trials of the one before it have been told.
        first = next(at for at, one in enumerate(trials) if one["stage"] == trial["stage"])
        known = max(first, place + 1 - LOOKAHEAD)
        step = 0
        while step < STEPS - 1:
            own = standing(kind, trial, step)
            rivals = [
                standing(kind, trials[at], step) for at in range(known) if reached[at] >= step
            ]
            places = max(1, (len(rivals) + 1) // REDUCTION)
            if own[0] == 2 or own not in sorted([*rivals, own])[:places]:
                break
            step += 1
        reached.append(step)
    return reached


def test_a_model_of_the_rule_prunes_the_same(halved: Path, kind: str, canonical, shown) -> None:
    """Each trial has the backtests of the steps that judged it, and no other one."""
    found = lines(canonical(halved))
    expected = model(kind, found)
    last = STEPS - 1
    assert [one.get("pruned_at", last) for one in found] == expected
    assert set(expected) == {0, 1, last}
    for one, reached in zip(found, expected, strict=True):
        cuts: dict[str, object] = {}
        whole: dict[str, object] = {}
        for step in range(reached + 1):
            short, long = judged(kind, one["parameters"], step)
            cuts |= short
            whole |= long
        assert (one.get("cuts", {}), one["statistics"]) == (cuts, whole)
    counts = shown(halved)["backtests"]
    scenarios = len(judged(kind, found[0]["parameters"], last)[1])
    assert counts["run"] == sum(len(one.get("cuts", ())) + len(one["statistics"]) for one in found)
    assert counts["saved"] == sum(scenarios - len(one["statistics"]) for one in found)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "7"])
def test_any_number_of_workers(
    halved: Path, kind: str, tmp_path: Path, leanopt, canonical, workers: str
) -> None:
    """Whoever ends first, the same trials are pruned at the same step."""
    lay(tmp_path, STRATEGY, TEXTS[kind])
    leanopt(tmp_path, "run", "pipeline.toml", "--workers", workers, HILL_DELAY="0.01")
    assert canonical(tmp_path) == canonical(halved)


@pytest.mark.long
@pytest.mark.slow
def test_killed_and_resumed(
    halved: Path, kind: str, tmp_path: Path, leanopt, start, canonical, shown
) -> None:
    """No backtest is made twice, and no other one."""
    lay(tmp_path, STRATEGY, TEXTS[kind])
    process = start(tmp_path, "run", "pipeline.toml", HILL_DELAY="0.03")
    kill_once(process, lambda: told(tmp_path) >= 50)
    leanopt(tmp_path, "resume", "--workers", "3")
    assert canonical(tmp_path) == canonical(halved)
    assert shown(tmp_path)["backtests"]["saved"] == shown(halved)["backtests"]["saved"]


@pytest.mark.parametrize("kind", ["scenarios"], scope="module", indirect=True)
def test_it_is_shown_and_planned(halved: Path, leanopt, shown) -> None:
    """The steps before the run; after it how many scenarios judged a trial."""
    said = leanopt(halved, "plan", "pipeline.toml").stdout
    assert "prune: a trial is judged by 1, 2, then all 4 scenarios; the best 1/3 of a step" in said
    report = shown(halved)
    assert "pruned_at" not in report["best"][0]
    every = lines(leanopt(halved, "export", "--to", "jsonl").stdout)
    number = next(one["number"] for one in every if one.get("pruned_at") == 1)
    assert "pruned after 2 of 4 scenarios" in leanopt(halved, "show", str(number)).stdout
