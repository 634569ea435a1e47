"""`leanopt export RUN --to optuna`: Optuna opens it and finds the run's trials."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

PIPELINE = """
name = "slope"
seed = 3
[strategy]
entry = "strategy.py:run"
[parameters]
x = { min = 1, max = 40, step = 3 }
y = { min = 0.0, max = 0.1, step = 0.005 }
hold = { values = [1, 2, 3.5, 8] }
rate = { min = 0.001, max = 1, levels = 7, scale = "log" }
days = { min = 1, max = 100, levels = 5, scale = "log" }
exit = { choices = ["close", "trail"] }
open = { choices = [true, false] }
trail = { min = 1, max = 3, when = "exit == 'trail'" }
size = 1000
[constraints]
results = ["Drawdown <= 15%"]
[fitness]
use = "statistic"
statistic = "Net Profit"
[executor]
workers = 1
[[stage]]
use = "optuna"
trials = 30
"""
STRATEGY = """
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    cost = sum(map(len, map(str, parameters.values())))
    if parameters["x"] == 7:
        raise ValueError("seven")
    return Result({"Net Profit": parameters["x"] - cost, "Drawdown": 3 * parameters["y"]})
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished run."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.toml").write_text(PIPELINE)
    (folder / "strategy.py").write_text(STRATEGY)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def leanopt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    program = [str(Path(sys.executable).with_name("leanopt")), *arguments]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=True)


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize("direction", ["max", "min"])
def test_optuna_opens_it(project: Path, direction: str) -> None:
    """A study of the run's name, and in it each told trial with all that Optuna has a place for."""
    name = {"max": "slope-1", "min": "slope-2"}[direction]
    if direction == "min":
        leanopt(project, "run", "pipeline.toml", "--set", "fitness.direction=min")
    leanopt(project, "export", name, "--to", "optuna", "-o", "journal.log")
    storage = JournalStorage(JournalFileBackend(str(project / "journal.log")))
    assert [study.study_name for study in storage.get_all_studies()] == [name]
    study = optuna.load_study(study_name=name, storage=storage)
    assert study.direction.name == {"max": "MAXIMIZE", "min": "MINIMIZE"}[direction]
    lines = leanopt(project, "export", name).stdout.splitlines()
    stored = [one for line in lines if "parameters" in (one := json.loads(line))]
    assert len(study.trials) == len(stored) == 30
    for trial, one in zip(study.trials, stored, strict=True):
        left_out = {"size", *one["inactive"]}
        assert left_out == {"size"} | ({"trail"} if trial.params["exit"] == "close" else set())
        assert trial.params == {k: v for k, v in one["parameters"].items() if k not in left_out}
        assert trial.value == one["fitness"]
        failed = one["fitness"] is None
        assert trial.state is (TrialState.FAIL if failed else TrialState.COMPLETE)
        expected = {each["constraint"]: each["size"] for each in one["violations"]}
        whole = trial.system_attrs.get("constraints", [])  # as optuna-dashboard reads it
        assert whole == ([sum(expected.values())] if expected else [])
        assert trial.constraints == {str(i): size for i, size in enumerate(whole)} | expected
        assert trial.user_attrs["trial"] == one["number"]
        assert trial.user_attrs["stage"] == one["stage"]
        assert trial.user_attrs.get("failure") == one["failure"]
        statistics = one["backtests"]["default"]["statistics"] or {}
        assert {k: trial.user_attrs[f"statistics.{k}"] for k in statistics} == statistics
        assert trial.datetime_start <= trial.datetime_complete
    assert any(trial.constraints for trial in study.trials)
    assert {trial.state for trial in study.trials} == {TrialState.FAIL, TrialState.COMPLETE}


@pytest.mark.long
def test_a_pruned_trial_is_one_there(project: Path) -> None:
    """With its value at the step at which it was pruned."""
    text = PIPELINE.replace('"slope"', '"two"').replace("trials = 30", "trials = 20")
    text = text.replace('"Net Profit"', '"Net Profit"\naggregate = "worst"')
    more = (
        '[prune]\nuse = "bound"\n[search]\nlookahead = 3\n[[scenario]]\nname = "a"\n[[scenario]]\n'
    )
    (project / "two.toml").write_text(f'{text}{more}name = "b"\n')
    leanopt(project, "run", "two.toml")
    leanopt(project, "export", "two-1", "--to", "optuna", "-o", "two.log")
    storage = JournalStorage(JournalFileBackend(str(project / "two.log")))
    study = optuna.load_study(study_name="two-1", storage=storage)
    lines = leanopt(project, "export", "two-1").stdout.splitlines()
    stored = [one for line in lines if "parameters" in (one := json.loads(line))]
    pruned = 0
    for trial, one in zip(study.trials, stored, strict=True):
        if one["fitness"] is not None and "pruned_at" in one:
            pruned += 1
            assert trial.state is TrialState.PRUNED
            assert trial.intermediate_values == {one["pruned_at"]: one["fitness"]}
        else:
            assert trial.state in (TrialState.COMPLETE, TrialState.FAIL)
    assert pruned
    assert study.best_trial.state is TrialState.COMPLETE


def test_the_grid_is_in_it(project: Path) -> None:
    """Ranges with their steps or their log scale; choices as they are."""
    leanopt(project, "export", "slope-1", "--to", "optuna", "-o", "grid.log")
    storage = JournalStorage(JournalFileBackend(str(project / "grid.log")))
    study = optuna.load_study(study_name="slope-1", storage=storage)
    kinds = optuna.distributions
    every = {name: kind for one in study.trials for name, kind in one.distributions.items()}
    assert every == {
        "x": kinds.IntDistribution(1, 40, step=3),
        "y": kinds.FloatDistribution(0.0, 0.1, step=0.005),
        "hold": kinds.FloatDistribution(1.0, 8.0),
        "rate": kinds.FloatDistribution(0.001, 1.0, log=True),
        "days": kinds.IntDistribution(1, 100, log=True),
        "exit": kinds.CategoricalDistribution(["close", "trail"]),
        "open": kinds.CategoricalDistribution([True, False]),
        "trail": kinds.IntDistribution(1, 3),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.sampler = optuna.samplers.RandomSampler(seed=1)
        study.ask(every)  # it can be gone on with


def test_without_the_plugin_it_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the core does where no entry point has this form."""
    from click.testing import CliRunner

    from leanopt_core.cli import export
    from leanopt_core.errors import UsageError

    monkeypatch.setattr(export, "FORMS", "leanopt.nothing")
    arguments = ["-C", str(project), "--to", "optuna"]
    ended = CliRunner().invoke(export.command, arguments)
    assert isinstance(ended.exception, UsageError)
    assert "pip install leanopt-optuna" in str(ended.exception)
