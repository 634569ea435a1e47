"""The papers' own examples, second sources, and invariances."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap, StepM
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_evidence import (
    Moments,
    deflated_sharpe,
    effective_trials,
    minimum_backtest_length,
    minimum_track_record,
    probabilistic_sharpe,
    stationary_bootstrap,
    stepwise_superiority,
    superior_ability,
)
from leanopt_evidence._overfitting import _dominance
from leanopt_evidence._resampled import long_run_variance


def test_probabilistic_sharpe_of_the_paper() -> None:
    """24 months of a hedge fund: PSR(0) is 0.982 if it was normal, 0.913 as it is [1, sec. 5]."""
    normal, own = Moments(24, 0.458, 0.0, 3.0), Moments(24, 0.458, -2.448, 10.164)
    assert probabilistic_sharpe(normal).value == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(own).value == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(("trials", "expected"), [(100, 0.9004), (46, 0.9505)])
def test_deflated_sharpe_of_the_paper(trials: int, expected: float) -> None:
    """The best of so many trials over five years of 250 days [2, a numerical example]."""
    best = Moments(1250, 2.5 / math.sqrt(250), -3.0, 10.0)
    found = deflated_sharpe(best, trials, 0.5 / 250)
    assert found.value == pytest.approx(expected, abs=5e-5)
    if trials == 100:
        assert found.threshold == pytest.approx(0.1132, abs=5e-5)


def test_minimum_backtest_length_of_the_paper() -> None:
    """In five years, no more than 45 independent trials for a Sharpe ratio of 1 [4]."""
    assert minimum_backtest_length(45, 1.0).years == pytest.approx(5, abs=0.05)


@given(st.floats(2, 1e9), st.floats(0.05, 5))
def test_minimum_backtest_length_equals_mpmath(trials: float, sharpe: float) -> None:
    """At fifty digits."""
    with mpmath.workdps(50):
        n = mpmath.mpf(trials)
        parts = [mpmath.sqrt(2) * mpmath.erfinv(1 - 2 / one) for one in (n, n * mpmath.e)]
        z = (1 - mpmath.euler) * parts[0] + mpmath.euler * parts[1]
        exact = float((z / sharpe) ** 2)
    found = minimum_backtest_length(trials, sharpe)
    assert found.years == pytest.approx(exact, rel=1e-8, abs=1e-12)
    assert found.bound == pytest.approx(2 * math.log(trials) / sharpe**2)


@given(st.floats(0.01, 0.5), st.floats(-1, 1), st.floats(0, 9), st.floats(0.6, 0.999))
def test_minimum_track_record_equals_mpmath(
    sharpe: float, skew: float, more: float, confidence: float
) -> None:
    """At fifty digits."""
    kurtosis = 1 + skew**2 + more
    found = minimum_track_record(Moments(100, sharpe, skew, kurtosis), 0.0, confidence).periods
    with mpmath.workdps(50):
        sr = mpmath.mpf(sharpe)
        term = 1 - mpmath.mpf(skew) * sr + (mpmath.mpf(kurtosis) - 1) / 4 * sr**2
        z = mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(confidence) - 1)
        exact = float(1 + term * (z / sr) ** 2)
    assert found == pytest.approx(exact, rel=1e-8)


def test_stepm_equals_arch() -> None:
    """On the same resamples, with means that Hansen's and Romano and Wolf's centres treat alike."""
    rows, block, resamples = 250, 5, 1000
    values = np.random.default_rng(6).normal(0, 0.01, size=(rows, 8))
    values += np.array([0.004, 0.003, 0.002, 0.0012, 0.0005, 0.0, 0.0, 0.0])
    theirs = StepM(np.zeros(rows), -values, 0.05, block, resamples, "stationary", seed=3)
    theirs.compute()
    same = StationaryBootstrap(block, np.arange(rows), seed=3)
    indices = np.array([data[0][0] for data in same.bootstrap(resamples)])
    scaled = values / np.sqrt(long_run_variance(values, block))
    assert (values.mean(axis=0) / values.std(axis=0) > -0.1).all()
    ours = stepwise_superiority(scaled, indices, block)
    assert list(ours.rejected) == sorted(theirs.superior_models)
    assert len(ours.rejected) >= 2


def dominance(winners: list[int], average: list[int]) -> str | None:
    """Return the order of dominance from the definition, by whole numbers."""
    points = range(min(winners + average), max(winners + average) + 1)
    gaps = []
    for point in points:
        shares = [
            sum(one <= point for one in values) / len(values) for values in (average, winners)
        ]
        gaps.append(shares[0] - shares[1])
    if all(gap >= 0 for gap in gaps) and any(gap > 0 for gap in gaps):
        return "first"
    areas = [math.fsum(gaps[: at + 1]) for at in range(len(gaps) - 1)]
    if all(area >= -1e-12 for area in areas) and any(area > 1e-12 for area in areas):
        return "second"
    return None


@given(
    st.lists(st.integers(-4, 4), min_size=2, max_size=2),
    st.lists(st.integers(-4, 4), min_size=4, max_size=4),
)
def test_dominance_equals_the_definition(winners: list[int], average: list[int]) -> None:
    """Of distributions on whole numbers, whose areas are exact."""
    found = _dominance(np.array(winners, dtype=float), np.array(average, dtype=float))
    assert found == dominance(winners, average)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1e-6, -1.0, 32.0]), st.permutations(range(7)))
def test_effective_trials_have_no_scale_order_or_sign(
    seed: int, scale: float, order: list[int]
) -> None:
    """Columns scaled, reordered, all turned."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(60, 7)) + generator.normal(size=(60, 1))
    plain = effective_trials(values).value
    assert effective_trials(scale * values[:, order]).value == pytest.approx(plain)
    correlations = np.corrcoef(values.T)[np.triu_indices(7, 1)]
    shared = max(correlations.mean(), 0)
    assert plain == pytest.approx(shared + (1 - shared) * 7)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_a_worse_strategy_beside_the_others_never_lowers_the_p_value(seed: int) -> None:
    """The upper bound of SPA grows with each strategy that is tried without being better."""
    values = np.random.default_rng(seed).normal(0.001, 0.01, size=(60, 4))
    indices = stationary_bootstrap(60, 3, 1000, seed=seed)
    few, more = (superior_ability(one, indices, 3) for one in (values[:, :3], values))
    if more.statistic == few.statistic:
        assert more.upper.value >= few.upper.value
