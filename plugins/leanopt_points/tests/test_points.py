"""The stage `points`: what it tries, what it refuses, and points that come from another run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRATEGY = '''
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    """A hill in fast; slow and exit count little."""
    profit = -abs(parameters["fast"] - 12) + parameters["slow"] / 1000
    if parameters["exit"] == "trail":
        profit += parameters["gap"] / 100
    return Result({"Net Profit": profit})
'''

PIPELINE = """
name = "given"
seed = 1

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 2, max = 20, step = 2 }
slow = { min = 0.1, max = 0.5, step = 0.1 }
exit = { choices = ["close", "trail"] }
gap = { min = 1, max = 3, when = "exit == 'trail'" }

[constraints]
parameters = ["fast > 2 or slow < 0.5"]

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"

"""

GIVEN = """
[[stage]]
use = "points"
points = [
  { fast = 20, slow = 0.1, exit = "close" },
  { fast = 4.0, slow = 0.5, exit = "trail", gap = 3 },
  { fast = 12, slow = 0.2, exit = "close" },
]
"""

FROM = """
[[stage]]
use = "points"
from = "given-1"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose only stage has three points."""
    (tmp_path / "strategy.py").write_text(STRATEGY)
    (tmp_path / "pipeline.toml").write_text(PIPELINE + GIVEN)
    return tmp_path


@pytest.fixture
def trials(project: Path, leanopt: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """Return the trials of a run in the project."""

    def exported(*run: str) -> list[dict[str, Any]]:
        lines = leanopt(project, "export", *run, "--canonical").stdout.splitlines()
        return [json.loads(line) for line in lines]

    return exported


@pytest.mark.long
def test_the_points_are_tried_in_order(
    project: Path, leanopt: Callable[..., Any], trials: Callable[..., list[dict[str, Any]]]
) -> None:
    """With every parameter, inactive ones too; then the stage is done."""
    done = leanopt(project, "run", "pipeline.toml", "--json")
    assert [trial["parameters"] for trial in trials()] == [
        {"exit": "close", "fast": 20, "gap": 1, "slow": 0.1},
        {"exit": "trail", "fast": 4, "gap": 3, "slow": 0.5},
        {"exit": "close", "fast": 12, "gap": 1, "slow": 0.2},
    ]
    (stage,) = json.loads(done.stdout)["stages"]
    assert stage["ended"] == "done"
    plan = json.loads(leanopt(project, "plan", "pipeline.toml", "--json").stdout)
    assert plan["backtests"] == 3


@pytest.mark.long
def test_a_later_stage_goes_on_from_there(
    project: Path, leanopt: Callable[..., Any], trials: Callable[..., list[dict[str, Any]]]
) -> None:
    """Nothing is tried twice, in any order of the stages."""
    with (project / "pipeline.toml").open("a") as file:
        file.write('\n[[stage]]\nuse = "grid"\n')
    leanopt(project, "run", "pipeline.toml")
    found = [json.dumps(trial["parameters"], sort_keys=True) for trial in trials()]
    assert len(found) == len(set(found)) == 196
    (project / "pipeline.toml").write_text(PIPELINE + '[[stage]]\nuse = "grid"\n' + GIVEN)
    leanopt(project, "run", "pipeline.toml")
    assert len(trials("given-2")) == 196


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (
            '{ fast = 5, slow = 0.1, exit = "close" }',
            "stage[0].points[0].fast: found 5, not among its values 2, 4, 6, ... 20 (nearest: 4)",
        ),
        (
            '{ fast = 4, exit = "close" }',
            "stage[0].points[0].slow: found nothing, expected a value",
        ),
        (
            '{ fast = 4, slow = 0.1, exit = "trail" }',
            "stage[0].points[0].gap: found nothing, expected a value for each searched parameter",
        ),
        (
            '{ fast = 4, slow = 0.1, exit = "close", gap = 2 }',
            "stage[0].points[0].gap: found 2, it is inactive, expected 1 (when exit == 'trail')",
        ),
        (
            '{ fast = 4, slow = 0.1, exit = "clsoe" }',
            "(did you mean 'close'?)",
        ),
        (
            '{ fast = 4, slow = 0.1, exit = "close", fats = 1 }',
            "stage[0].points[0].fats: found 1, unknown parameter (did you mean 'fast'?)",
        ),
        (
            '{ fast = 2, slow = 0.5, exit = "close" }',
            "breaks the constraint fast > 2 or slow < 0.5",
        ),
        (
            '{ fast = 4, slow = 0.1, exit = "close" }, { fast = 4, slow = 0.1, exit = "close" }',
            "stage[0].points[1]: found",
        ),
        ('{ fast = 4, slow = 0.1, exit = ["close"] }', "stage[0].points[0].exit: found"),
    ],
)
def test_a_point_that_is_none_of_the_grid_is_named(
    project: Path, leanopt: Callable[..., Any], point: str, expected: str
) -> None:
    """With its place, before anything runs."""
    text = f'{PIPELINE}[[stage]]\nuse = "points"\npoints = [{point}]\n'
    (project / "pipeline.toml").write_text(text)
    done = leanopt(project, "check", "pipeline.toml", check=False)
    assert done.returncode == 3
    assert expected in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1


def test_points_or_a_run_are_needed(project: Path, leanopt: Callable[..., Any]) -> None:
    """A stage without either is an error."""
    (project / "pipeline.toml").write_text(f'{PIPELINE}[[stage]]\nuse = "points"\n')
    done = leanopt(project, "check", "pipeline.toml", check=False)
    assert done.returncode == 3
    assert "expected points, or the run that they are from" in done.stdout + done.stderr


def test_the_trials_of_a_run_become_the_plan(
    project: Path, leanopt: Callable[..., Any], trials: Callable[..., list[dict[str, Any]]]
) -> None:
    """The best first; the plan is that of the same points in a list."""
    leanopt(project, "run", "pipeline.toml")
    (project / "pipeline.toml").write_text(PIPELINE + FROM)
    leanopt(project, "run", "pipeline.toml")
    assert [trial["parameters"]["fast"] for trial in trials("given-2")] == [12, 4, 20]
    by_rank = sorted(GIVEN.splitlines()[4:7], key=lambda line: ("20," in line, "4.0" in line))
    listed = "\n".join([*GIVEN.splitlines()[:4], *by_rank, "]"])
    (project / "pipeline.toml").write_text(PIPELINE + listed)
    shown = leanopt(project, "run", "pipeline.toml", "--json")
    assert json.loads(shown.stdout)["run"] == "given-2"


@pytest.mark.long
def test_a_budget_takes_the_best_of_a_run(
    project: Path, leanopt: Callable[..., Any], trials: Callable[..., list[dict[str, Any]]]
) -> None:
    """Points that are given beside it come first, and once."""
    leanopt(project, "run", "pipeline.toml")
    point = '{ fast = 4, slow = 0.5, exit = "trail", gap = 3 }'
    more = f'from = "given-1"\ntrials = 3\npoints = [{point}]\n'
    (project / "pipeline.toml").write_text(f'{PIPELINE}[[stage]]\nuse = "points"\n{more}')
    leanopt(project, "run", "pipeline.toml")
    assert [trial["parameters"]["fast"] for trial in trials("given-2")] == [4, 12, 20]


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('from = "given-1"', 'from = "given"'), "give its whole name, given-1"),
        (("given-1", "gvien-1"), "there is no run 'gvien-1' (did you mean 'given-1'?)"),
        (("max = 20", "max = 18"), "its trial 1 is not on this grid: parameter 'fast': 20 is not"),
    ],
)
def test_a_run_that_does_not_fit_is_an_error(
    project: Path, leanopt: Callable[..., Any], change: tuple[str, str], expected: str
) -> None:
    """Named by its key."""
    leanopt(project, "run", "pipeline.toml")
    text = PIPELINE + FROM
    (project / "pipeline.toml").write_text(text.replace(*change))
    done = leanopt(project, "plan", "pipeline.toml", check=False)
    assert done.returncode == 3
    assert "stage[0].from: found" in done.stderr
    assert expected in done.stderr


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_a_project_without_runs_has_none_to_take(
    command: str, project: Path, leanopt: Callable[..., Any]
) -> None:
    """Each command says so that looks at a pipeline."""
    (project / "pipeline.toml").write_text(PIPELINE + FROM)
    done = leanopt(project, command, "pipeline.toml", check=False)
    assert done.returncode == 3
    assert 'stage[0].from: found "given-1", expected a run of this project' in done.stderr
