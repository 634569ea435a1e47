"""A search by `deflated_sharpe`: each trial is judged by those told when it was proposed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from leanopt_evidence import deflated_sharpe, moments

import leanopt_core
from leanopt_core import open_store
from leanopt_core.api import curve_of

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
TRIALS, LOOKAHEAD = 48, 8
OVERRIDES = {
    "fitness": {"use": "deflated_sharpe", "min_trades": 20},
    "constraints.results": [],
    "stage.lhs.trials": TRIALS,
    "stage.random.trials": 1,
    "search.lookahead": LOOKAHEAD,
    "executor.workers": 2,
}


@pytest.mark.slow
def test_a_run_measures_each_trial_by_those_told_before(tmp_path: Path) -> None:
    """Computed again from the stored returns, in the order of telling."""
    folder = tmp_path / "quickstart"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".leanopt"))
    run = leanopt_core.run(folder / "pipeline.toml", OVERRIDES)
    with open_store(folder) as store:
        trials = list(store.trials(run))[:TRIALS]
        matrix = store.returns_matrix(run)
    column = {number: place for place, number in enumerate(matrix.trials)}
    judged = {one.number for one in trials if one.fitness is not None}
    found = {number: moments(matrix.values[:, column[number]]) for number in judged}
    known = [found[one.number].sharpe if one.number in judged else None for one in trials]
    ways = set()
    for trial in trials:
        told = [one for one in known[: trial.told_before] if one is not None]
        enough = len(told) >= 20
        ways.add(enough)
        if trial.number in judged:
            of = found[trial.number]
            variance = np.var(told, ddof=1) if enough else 1 / (of.n - 1)
            expected = deflated_sharpe(of, TRIALS + 1, variance).value
            assert trial.fitness == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert ways == {True, False}


@pytest.mark.long
@pytest.mark.slow
def test_a_test_of_a_walk_forward_is_measured_by_the_budget(tmp_path: Path) -> None:
    """With the variance of trials without skill: no trial was told on these days."""
    folder = tmp_path / "quickstart"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".leanopt"))
    overrides = {**OVERRIDES, "stage.lhs.trials": 3}
    overrides["fitness"] = {"use": "deflated_sharpe", "min_trades": 0}
    run = leanopt_core.run(folder / "walk-forward.toml", overrides)
    with open_store(folder) as store:
        (pieces,) = store.paths(store.run(run.name)).values()
    for piece in pieces:
        returns = curve_of([piece]).values
        of = moments(returns)
        expected = deflated_sharpe(of, 4, 1 / (of.n - 1)).value
        (score,) = piece.search.scores
        assert score.fitness == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.long
@pytest.mark.slow
def test_a_holdout_is_measured_by_the_budget(tmp_path: Path, leanopt: Callable[..., Any]) -> None:
    """As if `trials` were the trials of all stages."""
    folder = tmp_path / "quickstart"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".leanopt"))
    pipeline = folder / "pipeline.toml"
    text = pipeline.read_text(encoding="utf-8")
    before, _, rest = text.partition("[fitness]")
    rest = rest[rest.index("\n# ") :]
    fitness = '[fitness]\nuse = "deflated_sharpe"\nmin_trades = 0\n'
    pipeline.write_text(f"{before}{fitness}{rest}", encoding="utf-8")
    trials = ("--set", "stage.lhs.trials=5", "--set", "stage.random.trials=2")
    leanopt(folder, "run", "pipeline.toml", *trials, "--set", "search.trials=6")
    pipeline.write_text(f"{before}{fitness}trials = 6\n{rest}", encoding="utf-8")
    (expected,) = json.loads(leanopt(folder, "holdout", "quickstart-1", "--json").stdout)["trials"]
    search = "\n[search]\ntrials = 6\n"
    pipeline.write_text(f"{before}{fitness}{rest}{search}", encoding="utf-8")
    (found,) = json.loads(leanopt(folder, "holdout", "quickstart-1", "--json").stdout)["trials"]
    assert found["out_of_sample"]["fitness"] == expected["out_of_sample"]["fitness"] is not None
