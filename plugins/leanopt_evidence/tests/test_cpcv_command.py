"""`leanopt cpcv`: what the functions say of the stored returns, and what it needs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from leanopt_evidence import Distribution, combinatorial_splits, cross_validate

from tests.stores_of_returns import FAILED, completed, of_matrix, store_run

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
#: The days of the stored returns are calendar days, so a year has 365.
YEAR = sqrt(365)


def noise(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    """Return returns without skill."""
    return np.random.default_rng(seed).normal(0, 0.01, size=(rows, columns))


def test_it_is_what_the_functions_say_of_the_returns(tmp_path: Path, leanopt: Leanopt) -> None:
    """Trials by number, Sharpe ratios per year, an embargo of calendar days."""
    values = noise(240, 12)
    store_run(tmp_path, [of_matrix(values)])
    options = ("--groups", "6", "--test-groups", "2", "--purge", "2", "--embargo", "1w")
    said = json.loads(leanopt(tmp_path, "cpcv", *options, "--json").stdout)
    splits = combinatorial_splits(240, 6, 2, purge=2, embargo=7)
    expected = cross_validate(values.astype(np.float32), splits)
    assert [one["trial"] for one in said["splits"]] == [at + 1 for at in expected.chosen]
    assert [one["train_days"] for one in said["splits"]] == splits.train.sum(axis=1).tolist()
    assert [one["splits"] for one in said["paths"]] == (splits.paths + 1).tolist()
    assert (said["days"]["count"], said["trials"], said["embargo"]) == (240, 12, 7)
    for ours, path in zip(said["paths"], expected.paths, strict=True):
        assert ours["sharpe"] == pytest.approx(YEAR * path.sharpe.value, rel=1e-5)
        assert ours["return"] == pytest.approx(path.growth.value, rel=1e-5)
        assert ours["drawdown"] == pytest.approx(path.drawdown.value, rel=1e-5)
    assert said["sharpe"]["median"] == pytest.approx(YEAR * expected.sharpe.median, rel=1e-5)
    assert said["return"]["count"] == expected.growth.count == 5
    assert said["loss"]["value"] == expected.loss.value
    assert said["degradation"]["slope"]["value"] == pytest.approx(expected.slope.value, rel=1e-4)
    page = leanopt(tmp_path, "cpcv", *options).stdout
    assert "6 groups, 2 tested: 15 splits; purge 2 days, embargo 7 calendar days" in page
    losing = round(expected.loss.value * 5)
    assert f"paths with a loss: {losing} of 5" in page
    assert "highest Sharpe ratio of its training days" in page
    assert len(page.split("trials by group\n")[1].splitlines()) == 5


def test_what_is_left_out_is_said(tmp_path: Path, leanopt: Leanopt) -> None:
    """Failed trials and those without a curve; days that a trial lacks; ruin counts as it is."""
    values = noise(120, 4)
    trials = of_matrix(values)
    trials += [[FAILED], [completed(None)], [completed(values[:100, 0])]]
    trials += [[completed([*([0.02, 0.03] * 20), -1.0, *([0.0] * 79)])]]
    store_run(tmp_path, [trials])
    said = json.loads(leanopt(tmp_path, "cpcv", "--groups", "4", "--json").stdout)
    assert said["trials"] == 6
    assert sum(said["left_out"].values()) == 2
    assert said["filled"] == 2
    # Trial 8 is the best until it loses everything: a choice by the first groups gets that.
    assert said["drawdown"]["most"] == 1
    page = leanopt(tmp_path, "cpcv", "--groups", "4").stdout
    assert "left out: 1 trial: strategy error" in page
    assert "2 trials without a value on some of these days" in page


def test_one_search_and_one_scenario_of_several(tmp_path: Path, leanopt: Leanopt) -> None:
    """The mean of the scenarios, unless one is named; search by number or name."""
    one, two = noise(80, 3, 2), noise(80, 3, 3)
    both = [[completed(a), completed(b)] for a, b in zip(one.T, two.T, strict=True)]
    other = [[completed(b), completed(a)] for a, b in zip(one.T, two.T, strict=True)]
    store_run(tmp_path, [both, other], scenarios=2)
    splits = combinatorial_splits(80, 4, 1)

    def medians(*options: str) -> float:
        plain = ("--groups", "4", "--test-groups", "1", "--purge", "0", "--embargo", "0")
        said = leanopt(tmp_path, "cpcv", *plain, *options, "--json").stdout
        return float(json.loads(said)["sharpe"]["median"])

    def expected(values: np.ndarray) -> object:
        found: Distribution = cross_validate(values, splits).sharpe
        assert found.median is not None
        return pytest.approx(YEAR * found.median, rel=1e-4)

    assert medians() == expected((one + two) / 2)
    assert medians("--search", "S2", "--scenario", "scenario 0") == expected(two)
    assert medians("--search", "2", "--scenario", "scenario 1") == expected(one)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--purge", "90"), "no training row"),
        (("--groups", "200"), "groups is 200"),
        (("--test-groups", "10"), "test_groups is 10: expected 1 to 9"),
        (("--groups", "20", "--test-groups", "10"), "184,756 splits"),
        (("--embargo", "1m"), "expected days or weeks, such as 5d"),
        (("--embargo", "5"), "expected a whole number and one of y, m, w, d"),
        (("--search", "9"), "no search '9'"),
        (("--scenario", "up"), "no scenario 'up'"),
        (("another",), "another"),
    ],
)
def test_wrong_options_are_usage_errors(
    tmp_path: Path, leanopt: Leanopt, options: tuple[str, ...], said: str
) -> None:
    """Each with what was expected."""
    store_run(tmp_path, [of_matrix(noise(100, 3))])
    ended = leanopt(tmp_path, "cpcv", *options, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("curves", "way_out"), [("none", 'remove curves = "none"'), ("daily", "report its equity")]
)
def test_a_run_without_curves_says_how_to_get_them(
    tmp_path: Path, leanopt: Leanopt, curves: str, way_out: str
) -> None:
    """They were not wanted, or the strategy has none."""
    store_run(tmp_path, [[[completed(None)]] * 3], curves=curves)
    ended = leanopt(tmp_path, "cpcv", check=False)
    assert ended.returncode == 2
    assert "0 trials have daily returns, 2 are needed; 3 have none" in ended.stderr
    assert way_out in ended.stderr


def test_the_core_alone_names_the_distribution(tmp_path: Path, leanopt: Leanopt) -> None:
    """Also if other plugins are there."""
    ended = leanopt(tmp_path, "cpcv", check=False, LEANOPT_PLUGINS="leanopt-random")
    assert ended.returncode == 2
    assert "pip install leanopt-evidence" in ended.stderr


def test_one_trial_is_no_choice(tmp_path: Path, leanopt: Leanopt) -> None:
    """There is nothing to choose from."""
    store_run(tmp_path, [of_matrix(np.random.default_rng(1).normal(0, 0.01, size=(99, 1)))])
    ended = leanopt(tmp_path, "cpcv", check=False)
    assert ended.returncode == 2
    assert ended.stderr.endswith("search 1: 1 trial has daily returns, 2 are needed\n")
