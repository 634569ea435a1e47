"""What the paths of a walk-forward show out of sample."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from leanopt_evidence import (
    Estimate,
    Evidence,
    effective_trials,
    evidence_of,
    moments,
    probabilistic_sharpe,
    sensitivity_of,
)
from leanopt_evidence._paths import path_verdict
from leanopt_evidence._verdict import Verdict

import leanopt_core
from tests.projects import lay
from tests.run.test_cpcv_runs import GRID
from tests.run.test_walk_forward import PIPELINE, STRATEGY

STEP = ("--set", 'walk_forward.step="2y"')


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """A walk-forward of four windows."""
    folder = lay(tmp_path_factory.mktemp("walk"), STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def evidence(folder: Path, **more: int) -> Evidence:
    """Return the evidence of the newest run."""
    with leanopt_core.open_store(folder) as store:
        return evidence_of(store, store.run(), **more)


def earned(folder: Path) -> tuple[list[date], list[float]]:
    """Return what the chosen trials earn on the test days, by the strategy's own formula."""
    days, gains = [], []
    with leanopt_core.open_store(folder) as store:
        run = store.run()
        for search in run.searches:
            test = json.loads(search.tests[0].definition)
            trials = {one.number: one.values for one in store.trials(run, search=search.number)}
            x, y = (trials[search.chosen][name] for name in ("x", "y"))
            day, last = (date.fromisoformat(test[name]) for name in ("start", "end"))
            while day <= last:
                if day.weekday() < 5:
                    days.append(day)
                    gains.append(0.001 - ((x - day.year % 9) ** 2 + (y - 3) ** 2) / 40_000)
                day += timedelta(1)
    return days, gains


def test_a_path_is_judged_by_its_joined_curve(project: Path) -> None:
    """The same Sharpe ratio and probability as of the strategy's own formula."""
    found = evidence(project)
    (path,) = found.paths
    days, gains = earned(project)
    assert path.days.tolist() == days
    own = moments(gains)
    assert path.track.moments.sharpe == pytest.approx(own.sharpe, rel=1e-5)
    expected = probabilistic_sharpe(own).value
    assert path.track.probabilistic.value == pytest.approx(expected, abs=1e-6)
    assert (path.windows, path.gaps, path.ended) == (4, {}, None)
    assert found.verdict.level == path.level
    assert f"{len(days):,} days that did not choose them" in " ".join(found.verdict.reasons)
    assert "In sample:" in found.verdict.reasons[-1]


def test_a_path_with_a_gap_is_no_evidence(project: Path) -> None:
    """However good the rest is: what the missing window would have cost is unknown."""
    (path,) = evidence(project).paths
    sure = evolve(path, track=evolve(path.track, probabilistic=Estimate(0.99)))
    assert sure.level == "some"
    gap = evolve(sure, gaps={"the backtest failed": 1})
    verdict = path_verdict([gap], Verdict("some", "Some.", ("Trial 1.",)))
    assert (gap.level, verdict.level) == ("unclear", "unclear")
    assert "1 of 4 windows without a result: the backtest failed." in verdict.reasons


def test_tests_are_no_trials(project: Path) -> None:
    """The number of trials is that of the searches."""
    found = evidence(project)
    with leanopt_core.open_store(project) as store:
        told = sum(search.told for search in store.run().searches)
    assert found.counted.raw <= told
    assert found.counted.raw == found.counted.tried.in_runs


def test_effective_trials_are_those_of_each_window(project: Path) -> None:
    """By one method for all: the days of windows differ, so their trials are not compared."""
    found = evidence(project).counted
    with leanopt_core.open_store(project) as store:
        run = store.run()
        matrices = [store.returns_matrix(run, search=one.number) for one in run.searches]
    expected = sum(effective_trials(one.values.astype(np.float32)).value for one in matrices)
    assert found.grouped == sum(len(one.trials) for one in matrices) > 50
    assert (found.method, found.effective) == ("mean correlation", pytest.approx(expected))


@pytest.mark.long
def test_a_parameter_that_decides_nothing_is_found_beside_tests(project: Path, leanopt) -> None:
    """The tests of the chosen trial are no part of its result."""
    axes = ("x={min=0,max=3}", "y=3", "unused={min=1,max=3}")
    sets = [word for one in axes for word in ("--set", f"parameters.{one}")]
    sets += ["--set", "stage=[{use='grid'}]", "--allow-unread"]
    leanopt(project, "run", "pipeline.toml", *sets)
    with leanopt_core.open_store(project) as store:
        run = store.run()
        for search in run.searches:
            effects = sensitivity_of(store, run, search=search.number).effects
            (unused,) = (one for one in effects if one.parameter == "unused")
            assert (search.told, unused.compared, unused.equal) == (12, 4, 4)


def test_one_window_alone_has_no_path(project: Path) -> None:
    """It is judged like any search."""
    found = evidence(project, search=2)
    assert found.paths == ()
    assert found.verdict == found.verdicts[0]


@pytest.mark.long
def test_a_path_is_shown(project: Path, leanopt) -> None:
    """Its figures, and a row for each window; a single run without windows has no path."""
    shown = leanopt(project, "show", "--evidence").stdout
    assert "out of sample" in shown
    assert "Calmar ratio" in shown
    luck = json.loads(leanopt(project, "show", "--evidence", "--json").stdout)["evidence"]["luck"]
    (path,) = luck["paths"]
    assert path["level"] == luck["verdict"]["level"]
    assert len(luck["searches"]) == 4


@pytest.mark.long
def test_several_paths_are_judged_by_the_median_one(project: Path, leanopt) -> None:
    """Of an even number by the lower of the two in the middle."""
    sets = ("--set", 'walk_forward.train=["1y", "2y", "3y"]')
    leanopt(project, "run", "pipeline.toml", *sets)
    found = evidence(project)
    sharpes = [one.track.sharpe_per_year for one in found.paths]
    assert len(sharpes) == 3
    (median,) = (one for one in found.paths if one.track.sharpe_per_year == np.median(sharpes))
    assert found.verdict.level == median.level
    assert f"the median one is {median.name}" in found.verdict.reasons[0]
    assert "Paths" in leanopt(project, "show", "--evidence").stdout


@pytest.mark.long
def test_days_between_windows_are_no_years(project: Path, leanopt) -> None:
    """The Sharpe ratio of a path is that of `leanopt show`, with days between its tests too."""
    leanopt(project, "run", "pipeline.toml", "--set", 'walk_forward.test="2m"', *STEP)
    (path,) = evidence(project).paths
    (shown,) = json.loads(leanopt(project, "show", "--json").stdout)["paths"]
    assert path.track.sharpe_per_year == pytest.approx(shown["curve"]["sharpe"]["value"])
    assert path.track.periods == pytest.approx(365.25 * 5 / 7, rel=0.03)


@pytest.mark.long
def test_groups_that_do_not_train_are_no_years(tmp_path: Path, leanopt) -> None:
    """A search that is judged by the first and the last group has as many days a year."""
    leanopt(lay(tmp_path, STRATEGY, GRID), "run", "pipeline.toml")
    found = evidence(tmp_path)
    assert [one.returns.periods for one in found.searches] == [261] * 6
    assert found.searches[0].years == pytest.approx(3.5, abs=0.05)
