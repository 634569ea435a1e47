"""`[prune] use = "bound"`: the same search with fewer backtests, however it is executed."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.processes import kill_once
from tests.projects import DELAYED, lay
from tests.stored import told

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
    profit = 1 - ((x - 10 - move) / 20) ** 2 - ((y - 8 + move) / 12) ** 2
    drawdown = 0.1 + (x * y * move % 11) / 40
    return Result({"Net Profit": profit, "Drawdown": drawdown, "Total Orders": 50})
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
results = ["Drawdown <= 32%"]

[fitness]
use = "statistic"
statistic = "Net Profit"
aggregate = "worst"

[prune]
use = "bound"

[search]
lookahead = 6

[executor]
workers = 2

[[stage]]
use = "lhs"
trials = 70

[[stage]]
use = "grid"
patience = 90
""" + "".join(f'\n[[scenario]]\nname = "{name}"\nsymbol = "{name}"\n' for name in "ABCD")

Project = Callable[[str], Path]
BOUND, WHOLE = (), ("--set", "prune.use=none")


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
def pruned(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """The folder of an undisturbed run on two workers."""
    folder = tmp_path_factory.mktemp("pruned")
    lay(folder, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def lines(text: str) -> list[dict[str, Any]]:
    """Return the parsed lines of a canonical dump."""
    return [json.loads(line) for line in text.splitlines()]


def best(report: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what the best trial of a report is."""
    first = report["best"][0]
    return first["trial"], first["fitness"], first["parameters"]


@pytest.mark.long
@pytest.mark.alike(1)
def test_the_best_is_the_same_and_backtests_are_saved(
    pruned: Path, project: Project, leanopt, canonical, shown
) -> None:
    """Grid and lhs make the same trials; complete ones have the same line, to the byte."""
    folder = project("whole")
    leanopt(folder, "run", "pipeline.toml", *WHOLE)
    found, whole = shown(pruned), shown(folder)
    assert best(found) == best(whole)
    assert [one["ended"] for one in found["stages"]] == [one["ended"] for one in whole["stages"]]
    dumps = canonical(pruned).splitlines(), canonical(folder).splitlines()
    assert len(dumps[0]) == len(dumps[1])
    for one, other in zip(*dumps, strict=True):
        trial, every = json.loads(one), json.loads(other)
        assert trial["parameters"] == every["parameters"]
        if "pruned_at" in trial:
            scenarios = list("ABCD")[: trial["pruned_at"] + 1]
            assert list(trial["statistics"]) == scenarios
            assert trial["statistics"] == {name: every["statistics"][name] for name in scenarios}
        else:
            assert one == other
    assert "pruned_at" not in "".join(dumps[1])
    assert "saved" not in whole["backtests"]
    assert "pruned" not in whole["trials"]
    run = found["backtests"]["run"]
    assert run + found["backtests"]["saved"] == whole["backtests"]["run"]
    assert run < whole["backtests"]["run"] / 2
    assert {one.get("pruned_at") for one in lines(canonical(pruned))} == {None, 0, 1, 2}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "7"])
def test_any_number_of_workers(
    pruned: Path, project: Project, leanopt, canonical, workers: str
) -> None:
    """Whoever ends first, the same trials are pruned at the same step."""
    folder = project(workers)
    leanopt(folder, "run", "pipeline.toml", "--workers", workers, HILL_DELAY="0.01")
    assert canonical(folder) == canonical(pruned)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("at", [20, pytest.param(60, marks=pytest.mark.long)])
def test_killed_and_resumed(
    pruned: Path, project: Project, leanopt, start, canonical, shown, at: int
) -> None:
    """No backtest is made twice, and no other one."""
    folder = project("killed")
    process = start(folder, "run", "pipeline.toml", HILL_DELAY="0.03")
    kill_once(process, lambda: told(folder) >= at)
    leanopt(folder, "resume", "--workers", "3")
    assert canonical(folder) == canonical(pruned)
    now, truth = shown(folder), shown(pruned)
    assert now["trials"] == truth["trials"]
    assert now["backtests"]["saved"] == truth["backtests"]["saved"]


@pytest.mark.long
def test_replay_decides_again_and_compares(project: Project, leanopt, canonical) -> None:
    """A trial that would be pruned at another step now is named; nothing runs."""
    folder = project("changed")
    leanopt(folder, "run", "pipeline.toml")
    trials = lines(canonical(folder))
    pruned = next(one["number"] for one in trials if one.get("pruned_at") == 1)
    # Its last scenario is not its worst: the score is known one step earlier.
    whole = next(
        one["number"]
        for one in trials
        if one.get("violation") == 0
        and "pruned_at" not in one
        and one["fitness"] < one["statistics"]["D"]["Net Profit"]
    )
    for number, was, step, now in (
        (pruned, 1, 2, f"trial {pruned} was pruned at step 2, now it is pruned at step 1"),
        (whole, None, 2, f"trial {whole} was pruned at step 2, now it is not pruned"),
        (pruned, 1, None, f"trial {pruned} was not pruned, now it is pruned at step 1"),
    ):
        change(folder, number, step)
        failed = leanopt(folder, "resume", check=False)
        assert failed.returncode == 8
        assert now in failed.stderr
        assert "leanopt-statistic" in failed.stderr
        change(folder, number, was)
    leanopt(folder, "resume")
    assert lines(canonical(folder)) == trials


def change(folder: Path, number: int, step: int | None) -> None:
    """Make the run look unfinished, and a trial of it as if it was pruned at this step."""
    with sqlite3.connect(folder / ".leanopt" / "leanopt.db") as connection:
        connection.execute("UPDATE runs SET state = 'interrupted'")
        connection.execute("UPDATE trials SET pruned_at = ? WHERE number = ?", (step, number))
    connection.close()


@pytest.mark.long
def test_it_is_shown(pruned: Path, leanopt, shown) -> None:
    """In the report, a trial, the exports, and the lines of a run."""
    said = leanopt(pruned, "show").stdout
    report = shown(pruned)
    trials, backtests = report["trials"], report["backtests"]
    assert f"{trials['pruned']} pruned" in said
    assert f"{backtests['saved']} saved by pruning" in said
    counts = ("feasible", "infeasible", "without_fitness", "pruned")
    assert sum(trials[name] for name in counts) == trials["completed"]
    feasible = [one for one in report["best"] if "pruned_at" not in one]
    assert feasible == report["best"][: len(feasible)]
    every = lines(leanopt(pruned, "export", "--to", "jsonl").stdout)
    at = {one["number"]: one["pruned_at"] for one in every if "pruned_at" in one}
    rows = csv.DictReader(io.StringIO(leanopt(pruned, "export", "--to", "csv").stdout))
    assert {int(row["trial"]): int(row["pruned_at"]) for row in rows if row["pruned_at"]} == at
    number = next(number for number, rung in at.items() if rung == 1)
    one = leanopt(pruned, "show", str(number)).stdout
    assert "pruned after 2 of 4 scenarios" in one
    assert one.count("not run: the trial was pruned") == 2
    assert shown(pruned, str(number))["pruned_at"] == 1
    table = leanopt(pruned, "show", "--top", "150").stdout
    assert "1 of 4" in table
    assert "4 of 4" in table


@pytest.mark.long
def test_what_a_patience_saves_is_what_it_would_have_saved(
    project: Project, leanopt, shown
) -> None:
    """`show --stages` counts pruned trials as the search does."""
    folder = project("patience")
    leanopt(folder, "run", "pipeline.toml", "--set", "stage.grid.patience=1000")
    found = json.loads(leanopt(folder, "show", "--stages", "--json").stdout)["patience"]
    [said] = [one for one in found if (one["stage"], one["patience"]) == ("grid", 50)]
    leanopt(folder, "run", "pipeline.toml", "--set", "stage.grid.patience=50")
    [grid] = [one for one in shown(folder)["stages"] if one["name"] == "grid"]
    assert grid["ended"] == "patience"
    assert grid["completed"] + grid["failed"] == said["trials"] - said["saved"]


@pytest.mark.long
def test_what_ran_can_be_verified(pruned: Path, leanopt, canonical) -> None:
    """Only that: a pruned trial has no more backtests."""
    told = [one for one in lines(canonical(pruned)) if one["state"] != "withdrawn"]
    found = json.loads(leanopt(pruned, "verify", "hill-1", "--all", "--json").stdout)
    assert len(found["backtests"]) == sum(len(one["statistics"]) for one in told)
    assert found["equal"]


@pytest.mark.long
def test_the_lines_of_a_run_and_a_sink_have_it(project: Project, leanopt, shown) -> None:
    """What was saved so far, and the step of each pruned trial."""
    folder = project("said")
    sink = '[[sink]]\nuse = "jsonl"\npath = "trials.jsonl"\n'
    with (folder / "pipeline.toml").open("a") as file:
        file.write(f"\n{sink}")
    said = leanopt(folder, "run", "pipeline.toml").stderr
    saved = shown(folder)["backtests"]["saved"]
    [end] = [line for line in said.splitlines() if line.startswith("stage grid ended")]
    assert f" {saved} saved" in end
    written = lines((folder / "trials.jsonl").read_text())
    steps = {one["number"]: one["pruned_at"] for one in written if "pruned_at" in one}
    every = lines(leanopt(folder, "export", "--to", "jsonl").stdout)
    assert steps == {one["number"]: one["pruned_at"] for one in every if "pruned_at" in one}


@pytest.mark.long
def test_the_plan_says_when_trials_end(project: Project, leanopt) -> None:
    """And which lookahead its steps need."""
    folder = project("advice")
    plan = leanopt(folder, "plan", "pipeline.toml", "--workers", "4")
    said = "prune: a trial ends at the scenario where it fails, is not feasible, or is not better"
    assert f"{said} than the best trial (the first 6 have none to beat)" in plan.stdout
    assert "where a trial's steps run one after the other; 32 would keep" in plan.stderr
    other = leanopt(folder, "plan", "pipeline.toml", "--set", "fitness.aggregate=mean")
    assert 'is not feasible; with aggregate = "worst", also where it is not better' in other.stdout
    assert "prune:" not in leanopt(folder, "plan", "pipeline.toml", *WHOLE).stdout


@pytest.mark.long
def test_it_is_in_the_plan_only_where_it_is_used(project: Project, leanopt) -> None:
    """One scenario more at each step; a pipeline without it has the plan that it had."""
    folder = project("planned")

    def plan(*sets: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            leanopt(folder, "plan", "pipeline.toml", "--json", *sets).stdout
        )["plan"]
        return found

    bound, whole = plan(), plan(*WHOLE)
    assert bound.pop("prune") == {"use": "bound"}
    steps = [["A"], ["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D"]]
    assert bound["searches"][0].pop("rungs") == steps
    assert bound == whole
    text = (folder / "pipeline.toml").read_text()
    (folder / "pipeline.toml").write_text(text.replace('[prune]\nuse = "bound"\n', ""))
    assert plan() == whole


@pytest.mark.long
def test_one_scenario_is_an_error(project: Project, leanopt) -> None:
    """There is nothing to prune; the message says what to do."""
    folder = project("one")
    text = (folder / "pipeline.toml").read_text()
    (folder / "pipeline.toml").write_text(text.partition("\n[[scenario]]")[0])
    failed = leanopt(folder, "check", "pipeline.toml", check=False)
    assert failed.returncode == 3
    assert 'prune.use: found "bound", expected "none" with one scenario a trial' in failed.stderr
    leanopt(folder, "check", "pipeline.toml", *WHOLE)
    strange = leanopt(folder, "check", "pipeline.toml", "--set", "prune.use=bond", check=False)
    assert 'expected "none", "bound" or "halving"' in strange.stderr
