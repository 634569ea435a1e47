"""The best of many trials: worked examples, mpmath, simulations."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import (
    Moments,
    cluster_trials,
    deflated_sharpe,
    effective_trials,
    expected_maximum,
    minimum_backtest_length,
    moments,
    probabilistic_sharpe,
    sharpe_variance,
)

ONE = Moments(504, 0.11, -0.8, 6.0)
VARIANCE = 0.3 / 252


def test_deflated_sharpe_of_the_best_of_64() -> None:
    """z(64) 2.3693880, SR0 0.0817517, DSR 0.7268137; with 26.2 effective trials 0.8058924."""
    assert expected_maximum(64, 1.0).value == pytest.approx(2.3693880, abs=5e-8)
    found = deflated_sharpe(ONE, 64, VARIANCE)
    assert found.threshold == pytest.approx(0.0817517, abs=5e-8)
    assert found.value == pytest.approx(0.7268137, abs=5e-8)
    assert expected_maximum(26.2, 1.0).value == pytest.approx(2.0169659, abs=5e-8)
    assert deflated_sharpe(ONE, 26.2, VARIANCE).value == pytest.approx(0.8058924, abs=5e-8)


@given(st.floats(1.01, 1e15), st.floats(0, 10), st.floats(-3, 3))
def test_expected_maximum_equals_mpmath(trials: float, variance: float, mean: float) -> None:
    """Also where 1 - 1/N is nearly 1."""
    with mpmath.workdps(60):
        n = mpmath.mpf(trials)
        below = [1 - 1 / n, 1 - 1 / (n * mpmath.e)]
        first, second = (mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1) for p in below)
        z = (1 - mpmath.euler) * first + mpmath.euler * second
        exact = float(mpmath.mpf(mean) + mpmath.sqrt(mpmath.mpf(variance)) * z)
    assert expected_maximum(trials, variance, mean).value == pytest.approx(exact, abs=1e-10)


def test_expected_maximum_of_normal_values() -> None:
    """The mean maximum of 20,000 samples, within four standard errors and the paper's error."""
    values = np.random.default_rng(1).normal(size=(20_000, 100)).max(axis=1)
    error = 4 * values.std() / math.sqrt(len(values))
    assert expected_maximum(100, 1.0).value == pytest.approx(values.mean(), abs=error + 0.03)


def test_without_variance_between_trials_nothing_is_deflated() -> None:
    """Then it is PSR(0)."""
    found = deflated_sharpe(ONE, 64, 0.0)
    assert found.threshold == 0
    assert found.value == probabilistic_sharpe(ONE).value


@given(st.floats(1.001, 1e6), st.floats(0, 1))
def test_selection_never_makes_a_result_better(trials: float, variance: float) -> None:
    """Also of little more than one trial, where the approximation is below zero."""
    found = deflated_sharpe(ONE, trials, variance)
    assert found.threshold >= 0
    assert found.value <= probabilistic_sharpe(ONE).value


def test_one_trial_has_no_deflated_sharpe() -> None:
    """PSR(0) has a name of its own."""
    for found in (deflated_sharpe(ONE, 1, VARIANCE), expected_maximum(1, 1.0)):
        assert found.value is None
        assert "one trial" in found.reason
    assert "one trial" in minimum_backtest_length(1, 1.5).reason


def test_variance_counts_trials_that_have_a_sharpe_ratio() -> None:
    """Failed ones are None."""
    assert sharpe_variance([0.1, None, 0.3]).value == pytest.approx(0.02)
    assert sharpe_variance([0.1, None]).value is None
    with pytest.raises(ValueError, match="finite"):
        sharpe_variance([0.1, math.nan])


def test_minimum_backtest_length() -> None:
    """2.4951110 years for 64 trials and 1.5 a year, the bound is 3.6967850."""
    found = minimum_backtest_length(64, 1.5)
    assert found.years == pytest.approx(2.4951110, abs=5e-8)
    assert found.bound == pytest.approx(3.6967850, abs=5e-8)
    assert minimum_backtest_length(64, 0.0).years is None


@given(st.floats(1.001, 1e9), st.floats(0.01, 5))
def test_a_length_is_below_its_bound(trials: float, sharpe: float) -> None:
    """For all numbers of trials."""
    found = minimum_backtest_length(trials, sharpe)
    assert 0 <= found.years < found.bound


@pytest.mark.parametrize("trials", [0, 0.5, -1, math.nan, math.inf])
def test_wrong_numbers_of_trials_are_errors(trials: float) -> None:
    """Before anything is computed."""
    with pytest.raises(ValueError, match="trials is"):
        expected_maximum(trials, 1.0)
    with pytest.raises(ValueError, match="variance is"):
        expected_maximum(10, -1.0)


def correlated(mean: float, trials: int, rows: int = 400) -> np.ndarray:
    """Return columns whose every sample correlation is exactly `mean`."""
    values = np.random.default_rng(5).normal(size=(rows, trials))
    values -= values.mean(axis=0)
    orthogonal, _ = np.linalg.qr(values)
    wanted = np.full((trials, trials), mean) + (1 - mean) * np.eye(trials)
    return orthogonal @ np.linalg.cholesky(wanted).T


def test_effective_trials_by_mean_correlation() -> None:
    """26.2 of 64 with 0.6; all where the correlation is not positive."""
    assert effective_trials(correlated(0.6, 64)).value == pytest.approx(26.2)
    assert effective_trials(correlated(-0.2, 4)).value == 4
    assert effective_trials(correlated(0.0, 5)).value == pytest.approx(5)
    same = np.repeat(correlated(0.0, 1), 3, axis=1)
    assert effective_trials(same).value == pytest.approx(1)
    assert effective_trials(same[:, :1]).value == 1
    assert effective_trials(same[:1]).value is None


def test_a_trial_that_never_trades_correlates_with_none() -> None:
    """Two equal ones and a constant one: the mean of 1, 0 and 0."""
    values = np.repeat(correlated(0.0, 1), 3, axis=1)
    values[:, 1] = 0.0001
    assert effective_trials(values).value == pytest.approx(1 / 3 + 2 / 3 * 3)


def groups(*sizes: int, noise: float = 0.3) -> np.ndarray:
    """Return columns in groups that are similar within."""
    generator = np.random.default_rng(3)
    common = generator.normal(0.05, 1, size=(500, len(sizes)))
    return np.repeat(common, sizes, axis=1) + noise * generator.normal(size=(500, sum(sizes)))


def test_clusters_are_the_groups() -> None:
    """In the order of their first columns, for any order of the columns."""
    found = cluster_trials(groups(4, 3, 5))
    assert found.trials == 3
    assert found.labels.tolist() == [0] * 4 + [1] * 3 + [2] * 5
    order = np.random.default_rng(8).permutation(12)
    mixed = cluster_trials(groups(4, 3, 5)[:, order])
    assert mixed.trials == 3
    again = found.labels[order]
    assert len(set(zip(mixed.labels.tolist(), again.tolist(), strict=True))) == 3
    assert mixed.labels[0] == 0
    assert mixed.variance.value == pytest.approx(found.variance.value)


def test_a_clusters_series_weighs_by_inverse_variance() -> None:
    """And the variance is that of the clusters' Sharpe ratios."""
    values = groups(2, 3)
    values[:, 1] *= 10
    found = cluster_trials(values)
    assert found.labels.tolist() == [0, 0, 1, 1, 1]
    weights = 1 / values[:, :2].var(axis=0, ddof=1)
    expected = np.average(values[:, :2], axis=1, weights=weights)
    assert found.series[:, 0] == pytest.approx(expected)
    sharpes = [moments(column).sharpe for column in found.series.T]
    assert found.variance.value == pytest.approx(np.var(sharpes, ddof=1))


def test_trials_that_are_all_alike_are_one_cluster() -> None:
    """Constant ones are clusters of their own."""
    alike = groups(4, noise=0.01)
    assert cluster_trials(alike).trials == 1
    assert cluster_trials(alike).variance.value is None
    alike[:, 1:3] = 0.0
    found = cluster_trials(alike)
    assert found.labels.tolist() == [0, 1, 2, 0]
    assert cluster_trials(correlated(0.2, 2)).labels.tolist() == [0, 1]
    assert cluster_trials(np.zeros((5, 2))).labels.tolist() == [0, 1]
    assert cluster_trials(alike[:1]).trials is None


def test_equal_trials_among_others() -> None:
    """More equal columns than points leave no empty cluster."""
    values = np.repeat(groups(1, 1, 1), 3, axis=1)
    found = cluster_trials(values)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("function", [effective_trials, cluster_trials])
def test_wrong_matrices_are_errors(function) -> None:
    """NaN, one dimension, no columns."""
    for wrong in ([[0.1, math.nan]], [0.1, 0.2], np.empty((3, 0))):
        with pytest.raises(ValueError, match="expected"):
            function(wrong)


def test_dsr_of_pure_noise_has_its_nominal_rate() -> None:
    """400 searches of 20 trials without skill over 250 days: DSR > 0.95 in about one of twenty."""
    generator = np.random.default_rng(11)
    found = 0
    for _ in range(400):
        returns = generator.normal(0, 0.01, size=(250, 20))
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = moments(returns[:, sharpes.argmax()])
        variance = sharpe_variance(sharpes).value
        found += deflated_sharpe(best, 20, variance).value > 0.95
    # The maximum varies less than a single trial, so the test is stricter than its level.
    assert found / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    skilled = generator.normal(0.0025, 0.01, size=250)
    assert deflated_sharpe(moments(skilled), 20, 1 / 250).value > 0.95
