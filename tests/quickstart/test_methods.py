"""The quickstart's other pipelines: each is the same question, searched by other stages."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

#: Small budgets for each pipeline's stages, and the methods that are to have run.
SMALL = {
    "default": (["stage.0.trials=40"], ["surrogate"]),
    "full": (
        ["stage.0.trials=24", "stage.1.trials=16", "stage.2.trials=16"],
        ["lhs", "optuna", "local_grid"],
    ),
    "genetic": (["stage.0.trials=24", "stage.1.trials=40"], ["lhs", "ga_deap"]),
}


@pytest.mark.parametrize("name", SMALL)
def test_it_asks_the_same_question(quickstart: Path, name: str) -> None:
    """All but the name and the stages is the first pipeline's."""
    ours = tomllib.loads((quickstart / f"{name}.toml").read_text())
    first = tomllib.loads((quickstart / "pipeline.toml").read_text())
    assert ours.pop("name") == f"quickstart-{name}"
    assert ours.pop("stage") != first.pop("stage")
    assert ours == {key: value for key, value in first.items() if key != "name"}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_it_runs(quickstart: Path, tmp_path: Path, leanopt, name: str) -> None:
    """On a small budget, with every stage running and something feasible found."""
    folder = tmp_path / "quickstart"
    shutil.copytree(quickstart, folder, ignore=shutil.ignore_patterns(".leanopt"))
    sets, methods = SMALL[name]
    given = [part for one in sets for part in ("--set", one)]
    report = json.loads(leanopt(folder, "run", f"{name}.toml", "--json", *given).stdout)
    assert [stage["method"] for stage in report["stages"]] == methods
    assert all(stage["completed"] for stage in report["stages"])
    assert report["trials"]["feasible"] > 0
