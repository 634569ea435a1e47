"""Soft constraints in a run: ranked after penalties, shown, replayed, and in the plan if used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SOFT = ("--set", 'constraints.soft=[{ rule = "Drawdown <= 10%", weight = 2 }]')
SMALL = (
    "--set",
    "stage.0.trials=12",
    "--set",
    "stage.1.trials=12",
    "--set",
    "constraints.results=[]",
)


def lines(text: str) -> list[dict]:
    """Return the parsed lines of a canonical dump."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.long
def test_the_whole_way(project: Path, leanopt, canonical, shown) -> None:
    """Of random trials the same points, each with what it costs, and another best one."""
    leanopt(project, "run", "pipeline.toml", *SMALL)
    before = lines(canonical(project))
    leanopt(project, "run", "pipeline.toml", *SMALL, *SOFT)
    dump = canonical(project)
    after = lines(dump)
    assert [one["parameters"] for one in before] == [one["parameters"] for one in after]
    for old, new in zip(before, after, strict=True):
        over = max(0.0, (new["statistics"]["default"] or {}).get("Drawdown", 0.0) / 0.1 - 1)
        if old["fitness"] is None or not over:
            assert old == new
        else:
            assert new["fitness"] == pytest.approx(old["fitness"] - 2 * over)
            assert [one["constraint"] for one in new["penalties"]] == ["Drawdown <= 10%"]
            assert new["violation"] == old["violation"]
    best = shown(project)["best"]
    assert best[0]["trial"] != max(before, key=lambda one: one["fitness"] or -9)["number"]
    [costly] = [one for one in best if "penalties" in one][:1]
    [[rule, amount]] = costly["penalties"]
    page = leanopt(project, "show", str(costly["trial"])).stdout
    assert f"penalty for {rule}" in page
    assert amount > 0
    # Replayed with the same scores.
    leanopt(project, "run", "pipeline.toml", *SMALL, *SOFT, "--again", "--workers", "1")
    assert canonical(project) == dump


@pytest.mark.long
def test_the_plan_has_them_only_if_used(project: Path, leanopt) -> None:
    """So other plans stay the same."""
    plans = [
        json.loads(leanopt(project, "plan", "--json", *sets).stdout)["plan"]["scoring"]
        for sets in ((), SOFT)
    ]
    assert "soft" not in plans[0]
    assert plans[1]["soft"] == [{"rule": "Drawdown <= 10%", "weight": 2.0}]


def test_mistakes_in_them(project: Path, leanopt) -> None:
    """Each with its key."""
    wrong = {
        '[{ rule = "Drawdown < 15% < 3" }]': "constraints.soft[0].rule: found ",
        '[{ rule = "Drawdown < 15%", weight = 0 }]': "soft[0].weight: found 0, must be > 0",
        '["Drawdown < 15%"]': 'constraints.soft[0]: found "Drawdown < 15%", expected a table',
        "[{ weight = 2 }]": "constraints.soft[0].rule: found nothing, expected a text",
        '[{ rule = "A < 1" }, { rule = "A < 1" }]': "repeats constraints.soft[0].rule",
    }
    for value, said in wrong.items():
        found = leanopt(project, "check", "--set", f"constraints.soft={value}", check=False)
        assert found.returncode == 3
        assert said in found.stderr
