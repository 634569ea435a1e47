"""How our methods came to their proposals: what `leanopt show RUN TRIAL` says of each."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import PIPELINE, written

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
Trials = dict[int, dict[str, Any]]

STAGES = """
[[stage]]
use = "lhs"
trials = 12

[[stage]]
use = "random"
trials = 4

[[stage]]
use = "ga_deap"
trials = 40
population_size = 16
batch_size = 8

[[stage]]
use = "local_grid"
trials = 5
top_n = 1

[[stage]]
use = "euler"
trials = 60
segments = 2

[[stage]]
use = "optuna"
trials = 12

[[stage]]
use = "surrogate"
trials = 6
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> Trials:
    """The trials of a run of all methods but `grid`, by number."""
    folder = written(tmp_path_factory.mktemp("because") / "project")
    (folder / "pipeline.toml").write_text(PIPELINE.partition("[[stage]]")[0] + STAGES)
    leanopt(folder, "run", "pipeline.toml")
    lines = leanopt(folder, "export").stdout.splitlines()
    return {one["number"]: one for one in map(json.loads, lines) if "number" in one}


def _of(trials: Trials, stage: str) -> list[dict[str, Any]]:
    found = [one for one in trials.values() if one["stage"] == stage]
    assert found
    return found


def test_designs_and_draws_are_numbered(exported: Trials) -> None:
    """A design has a size; draws that were known already are counted too."""
    assert [one["because"] for one in _of(exported, "lhs")] == [
        {"point": number, "points": 12} for number in range(1, 13)
    ]
    draws = [one["because"]["sample"] for one in _of(exported, "random")]
    assert draws == sorted(set(draws))
    assert draws[0] >= 1


def test_a_child_names_its_parents(exported: Trials) -> None:
    """Each value comes from a parent unless it was mutated or moved; generations go up."""
    children = [one for one in _of(exported, "ga_deap") if one["origin"] == "child"]
    assert children
    for child in children:
        because = child["because"]
        assert because["crossover"] == (len(because["parents"]) == 2)
        assert all(parent < child["number"] for parent in because["parents"])
        parents = [exported[parent]["parameters"] for parent in because["parents"]]
        inherited = all(
            any(value == parent[name] for parent in parents)
            for name, value in child["parameters"].items()
        )
        assert inherited or because["mutation"] or because["step"]
    generations = [one["because"]["generation"] for one in _of(exported, "ga_deap")]
    assert generations == sorted(generations)
    assert generations[0] == 1


def test_a_neighbour_names_its_centre(exported: Trials) -> None:
    """The best trial so far, and the place among its neighbours."""
    near = _of(exported, "local_grid")
    numbers = [one["because"]["neighbour"] for one in near]
    assert numbers == sorted(set(numbers))
    for one in near:
        centre = exported[one["because"]["centre"]]
        assert centre["violation"] == 0
        assert centre["number"] < one["number"]
        assert one["origin"] == f"near trial {centre['number']}"


def test_a_pass_names_its_centre(exported: Trials) -> None:
    """The first pass has none; later ones close in on the best."""
    passes = _of(exported, "euler")
    assert passes[0]["because"] == {"pass": 1}
    later = [one["because"] for one in passes if one["because"]["pass"] > 1]
    assert later
    assert all(exported[one["centre"]]["violation"] == 0 for one in later)


def test_models_say_what_they_knew(exported: Trials) -> None:
    """The sampler and its samples; the model, its acquisition, and how many trials it knew."""
    for one in _of(exported, "optuna"):
        assert one["because"]["sampler"] == "tpe"
        assert one["because"]["samples"] == 1
        assert ("nearest" in one["origin"]) == ("moved_axes" in one["because"])
    for one in _of(exported, "surrogate"):
        assert 8 <= one["because"]["told"] < one["number"]
        if "model" in one["because"]:
            assert one["because"]["model"] in ("process", "forest", "extra")
            assert one["because"]["candidates"] > 0


def test_a_grid_counts_its_points(project: Path, leanopt: Leanopt) -> None:
    """In their order, with those that were tried before."""
    text = (project / "pipeline.toml").read_text().partition("[[stage]]")[0]
    (project / "pipeline.toml").write_text(text + '[[stage]]\nuse = "grid"\ntrials = 3\n')
    leanopt(project, "run", "pipeline.toml")
    said = leanopt(project, "show", "2").stdout
    assert "because  value\npoint        2" in said.replace("\r", "")
