"""`leanopt backtest --probe-plateau`: the neighbours of a trial that its search has not tried."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from leanopt_core import open_store
from tests.projects import lay
from tests.run.test_chosen import PIPELINE, STRATEGY, WINDOWS, Canonical, Leanopt, parts

SOME = ("--set", "stage.0.use=random", "--set", "stage.0.trials=20")
Trial = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose searches choose plateaus."""
    return lay(tmp_path, STRATEGY, PIPELINE)


def whole_grid(folder: Path, leanopt: Leanopt, *options: str) -> list[Trial]:
    """Return every point of the project's space, from a project of its own."""
    other = folder.parent / f"{folder.name}-whole"
    other.mkdir()
    lay(other, STRATEGY, PIPELINE)
    leanopt(other, "run", "pipeline.toml", *options)
    dump = leanopt(other, "export", "--to", "jsonl", "--canonical").stdout
    return [json.loads(line) for line in dump.splitlines()]


def around(points: list[Trial], centre: Trial) -> list[Trial]:
    """Return the points at which x or y is one off, in the order of the axes, lower ones first."""
    by = {
        (one["parameters"]["x"], one["parameters"]["y"], one["parameters"]["mode"]): one
        for one in points
    }
    x, y, mode = (centre["parameters"][name] for name in ("x", "y", "mode"))
    near = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
    return [by[one, two, mode] for one, two in near if (one, two, mode) in by]


def counted(trial: Trial) -> float:
    """Return what a trial counts: one that failed or is not feasible below all."""
    known = trial["fitness"] is not None and not trial["violation"]
    return trial["fitness"] if known else float("-inf")


@pytest.mark.long
def test_missing_neighbours_are_backtested(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """Those that are known answer from the store; the new ones count as trials of the strategy."""
    leanopt(folder, "run", "pipeline.toml", *SOME)
    trials, _ = parts(canonical(folder))
    told = {json.dumps(one["parameters"]) for one in trials}
    every = whole_grid(folder, leanopt)
    centre = max(trials, key=lambda one: (counted(one), -one["number"]))
    expected = around(every, centre)
    subject = f"hill-1:{centre['number']}"
    found = json.loads(
        leanopt(folder, "backtest", "--of", subject, "--probe-plateau", "--json").stdout
    )["plateau"]
    for one, point in zip(found["neighbours"], expected, strict=True):
        assert {**centre["parameters"], **one["parameters"]} == point["parameters"]
        assert (one["fitness"], one["violation"]) == (point["fitness"], point["violation"])
        assert one["failure"] == point["failure"]
        assert len(one["parameters"]) == 1
        assert one["from_cache"] is (json.dumps(point["parameters"]) in told)
    values = [counted(one) for one in (centre, *expected)]
    assert found["value"] == median(values)
    new = sum(json.dumps(one["parameters"]) not in told for one in expected)
    assert found["run"] == new > 0
    with open_store(folder) as store:
        assert store.tried("hill").single == new
    page = leanopt(folder, "backtest", "--of", subject, "--probe-plateau").stdout
    assert f"plateau of trial {centre['number']}: the median of it and its {len(expected)} " in page
    assert "run now" not in page


@pytest.mark.long
def test_the_rule_is_that_of_the_plan(folder: Path, leanopt: Leanopt) -> None:
    """With its radius and statistic, and the sign of its fitness."""
    rule = (
        *("--set", "choose.radius=2", "--set", "choose.statistic=worst"),
        *("--set", "fitness.direction=min", "--set", 'parameters.mode="a"'),
    )
    leanopt(folder, "run", "pipeline.toml", *SOME, *rule)
    every = whole_grid(folder, leanopt, *rule)
    chosen = json.loads(leanopt(folder, "show", "--by", "plateau", "--top", "99", "--json").stdout)
    for one in chosen["best"]:
        x, y = (one["parameters"][name] for name in ("x", "y"))
        near = [
            other
            for other in every
            if sorted((abs(other["parameters"]["x"] - x), abs(other["parameters"]["y"] - y)))
            in ([0, 1], [0, 2])
        ]
        if any(counted(other) == float("-inf") for other in near):
            continue
        said = json.loads(
            leanopt(
                *(folder, "backtest", "--of", f"hill-1:{one['trial']}", "--probe-plateau", "--json")
            ).stdout
        )["plateau"]
        assert (said["statistic"], said["radius"]) == ("worst", 2)
        assert len(said["neighbours"]) == len(near)
        assert said["value"] == max(one["fitness"], *(other["fitness"] for other in near))
        return
    raise AssertionError("every trial has a neighbour that failed")


@pytest.mark.long
def test_a_window_is_probed_on_its_own_days(
    folder: Path, leanopt: Leanopt, canonical: Canonical
) -> None:
    """Not on those of the whole pipeline: the neighbours that are known answer from the store."""
    leanopt(folder, "run", "pipeline.toml", *WINDOWS)
    trials, tests = parts(canonical(folder))
    third = next(one["number"] for one in tests if one["search"] == 3)
    subject = ("--of", f"hill-1:{third}", "--search", "3")
    found = json.loads(leanopt(folder, "backtest", *subject, "--probe-plateau", "--json").stdout)
    own = [one for one in trials if one["search"] == 3]
    centre = next(one for one in own if one["number"] == third)
    assert found["fitness"] == centre["fitness"]
    assert found["plateau"]["run"] == 0
    near = around(own, centre)
    assert [one["fitness"] for one in found["plateau"]["neighbours"]] == [
        one["fitness"] for one in near
    ]


@pytest.mark.long
def test_what_has_no_plateau_is_refused(folder: Path, leanopt: Leanopt) -> None:
    """A point that is no trial, and a trial without neighbours."""
    leanopt(folder, "run", "pipeline.toml", *SOME)
    of = ("--of", "hill-1:1", "--probe-plateau")
    for arguments, said in (
        (("--probe-plateau",), "--probe-plateau needs a trial: --of RUN:TRIAL"),
        ((*of, "--param", "x=1"), "leave out --param"),
        ((*of, "--set", "scenario.start=2001-01-01"), "leave out --set"),
        ((*of, "--symbol", "A"), "leave out --symbol"),
    ):
        done = leanopt(folder, "backtest", *arguments, check=False)
        assert done.returncode == 2
        assert said in done.stderr
    alone = (
        *("--set", "parameters.x=1", "--set", "parameters.y=1"),
        *("--set", 'choose={ use = "best" }', "--set", "stage.0.use=grid"),
    )
    leanopt(folder, "run", "pipeline.toml", *alone)
    done = leanopt(folder, "backtest", "--of", "hill-2:1", "--probe-plateau", check=False)
    assert done.returncode == 2
    assert "trial hill-2:1 has fewer than 2 neighbours within its grid" in done.stderr
