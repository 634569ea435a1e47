"""Reality Check, SPA and StepM: the worked example over all paths, `arch`, a naive StepM."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from arch.bootstrap import SPA, StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_evidence import (
    reality_check,
    stationary_bootstrap,
    stepwise_superiority,
    superior_ability,
)
from leanopt_evidence._resampled import long_run_variance

DIFFERENCES = np.array(
    [
        [0.0107, -0.0059, 0.0088, 0.0023, 0.0046, -0.0017],
        [-0.0041, 0.0027, 0.0012, -0.0067, 0.0033, -0.0019],
    ]
).T


def test_worked_example_over_all_paths() -> None:
    """Each of the 6^6 paths of indices, with its chance under blocks of mean length 2."""
    paths = np.array(list(product(range(6), repeat=6)))
    follows = paths[:, 1:] == (paths[:, :-1] + 1) % 6
    chances = np.prod(0.5 * follows + 0.5 / 6, axis=1) / 6
    assert chances.sum() == pytest.approx(1)
    assert long_run_variance(DIFFERENCES, 2) == pytest.approx([1.4463958e-5, 6.9179948e-6])
    white = reality_check(DIFFERENCES, paths)
    assert white.statistic == pytest.approx(0.0076750679)
    # The original order reaches the statistic exactly: beyond it by more than rounding.
    beyond = white.resampled > white.statistic * (1 + 1e-9)
    assert chances[beyond].sum() == pytest.approx(0.02094117, abs=5e-9)
    hansen = superior_ability(DIFFERENCES, paths, 2)
    assert hansen.statistic == pytest.approx(2.0180812)
    shares = (hansen.resampled > hansen.statistic * (1 + 1e-9)) @ chances
    assert shares == pytest.approx([0.02117627, 0.03722458, 0.03722458], abs=5e-9)


def noise(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    """Return returns that follow each other a little."""
    values = np.random.default_rng(seed).normal(0, 0.01, size=(rows + 1, columns))
    return values[1:] + 0.3 * values[:-1]


@pytest.mark.parametrize("shift", [0.0, 0.001])
def test_spa_equals_arch(shift: float) -> None:
    """On the same resamples: p-values and variances."""
    rows, block, resamples = 120, 5, 1000
    values = noise(rows, 8) + shift * np.linspace(-2, 1, 8)
    # Theirs is not studentised: columns over w_k are.
    values /= np.sqrt(long_run_variance(values, block))
    theirs = SPA(np.zeros(rows), -values, block, resamples, "stationary", seed=3)
    theirs.compute()
    same = StationaryBootstrap(block, np.arange(rows), seed=3)
    indices = np.array([data[0][0] for data in same.bootstrap(resamples)])
    ours = superior_ability(values * np.linspace(0.5, 4, 8), indices, block)
    found = np.array([one.value for one in (ours.lower, ours.consistent, ours.upper)])
    # Theirs is k / B, ours (1 + k) / (B + 1).
    assert (found * (resamples + 1) - 1) / resamples == pytest.approx(theirs.pvalues.to_numpy())
    assert long_run_variance(values, block) == pytest.approx(theirs._loss_diff_var)


def test_reality_check_equals_arch() -> None:
    """Not studentised, it is White's."""
    rows, resamples = 90, 1000
    values = noise(rows, 6, 4) + 0.001
    theirs = SPA(np.zeros(rows), -values, 4, resamples, "stationary", studentize=False, seed=9)
    theirs.compute()
    same = StationaryBootstrap(4, np.arange(rows), seed=9)
    indices = np.array([data[0][0] for data in same.bootstrap(resamples)])
    found = reality_check(values, indices).p_value.value
    assert (found * (resamples + 1) - 1) / resamples == pytest.approx(theirs.pvalues["upper"])


def naive_steps(values: np.ndarray, indices: np.ndarray, block: float) -> list[set[int]]:
    """Return the steps of StepM, from the definition with p-values."""
    error = np.sqrt(long_run_variance(values, block))
    means = values.mean(axis=0)
    resampled = np.array([(values[row].mean(axis=0) - means) / error for row in indices])
    steps, left = [], set(range(values.shape[1]))
    while left:
        largest = resampled[:, sorted(left)].max(axis=1)
        now = {
            k
            for k in left
            if (1 + (largest >= means[k] / error[k]).sum()) / (len(indices) + 1) <= 0.05
        }
        if not now:
            break
        steps.append(now)
        left -= now
    return steps


def test_stepm_rejects_step_by_step() -> None:
    """As the definition does; more than the best alone."""
    values = noise(250, 6, 6) + np.array([0.0031, 0.003, 0.0015, 0.0021, 0, -0.01])
    indices = stationary_bootstrap(250, 5, 1000, seed=4)
    found = stepwise_superiority(values, indices, 5)
    assert [set(step) for step in found.steps] == naive_steps(values, indices, 5)
    assert found.steps == ((0, 1, 3), (2,))
    assert found.rejected == (0, 1, 2, 3)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(5)), st.sampled_from([0.25, 1024.0]))
def test_scale_and_order_change_nothing(seed: int, order: list[int], scale: float) -> None:
    """Of all three; and the p-values of SPA are in their order."""
    values = noise(40, 5, seed) + 0.002
    indices = stationary_bootstrap(40, 3, 1000, seed=seed)
    plain, other = (superior_ability(one, indices, 3) for one in (values, scale * values[:, order]))
    for name in ("lower", "consistent", "upper"):
        assert getattr(plain, name).value == pytest.approx(getattr(other, name).value, abs=2.1e-3)
    assert plain.lower.value <= plain.consistent.value <= plain.upper.value
    first, second = (reality_check(one, indices) for one in (values, scale * values[:, order]))
    assert first.p_value.value == pytest.approx(second.p_value.value, abs=2.1e-3)


def test_noise_is_rejected_at_the_nominal_rate_and_skill_is_found() -> None:
    """200 searches of ten without skill, three standard errors."""
    generator = np.random.default_rng(21)
    indices = stationary_bootstrap(60, 1, 1000, seed=2)
    several = [generator.normal(size=(60, 10)) for _ in range(200)]
    rate = np.mean([superior_ability(one, indices, 1).consistent.value <= 0.05 for one in several])
    white = np.mean([reality_check(one, indices).p_value.value <= 0.05 for one in several])
    assert max(rate, white) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
    several[0][:, 3] += 1
    assert superior_ability(several[0], indices, 1).consistent.value == pytest.approx(1 / 1001)
    assert 3 in stepwise_superiority(several[0], indices, 1).rejected


def test_columns_without_variance_are_left_out_and_named() -> None:
    """The others are tested as they would be alone."""
    values = noise(50, 3)
    indices = stationary_bootstrap(50, 2, 1000)
    more = np.insert(values, 1, 0.1, axis=1)
    found = superior_ability(more, indices, 2)
    assert found.left_out == (1,)
    assert found.consistent == superior_ability(values, indices, 2).consistent
    assert stepwise_superiority(more, indices, 2).left_out == (1,)
    none = superior_ability(more[:, 1:2], indices, 2)
    assert none.consistent.value is None
    assert "variance" in none.consistent.reason
    assert "variance" in stepwise_superiority(more[:, 1:2], indices, 2).reason


def test_too_few_observations() -> None:
    """Fewer than three."""
    few, indices = DIFFERENCES[:2], np.zeros((1000, 2), dtype=int)
    assert "three" in reality_check(few, indices).p_value.reason
    assert "three" in superior_ability(few, indices, 2).upper.reason
    assert "three" in stepwise_superiority(few, indices, 2).reason


def test_wrong_arguments_are_errors() -> None:
    """NaN, indices that do not fit, blocks and levels out of range."""
    indices = stationary_bootstrap(6, 2, 1000)
    wrong = DIFFERENCES.copy()
    wrong[2, 1] = math.nan
    with pytest.raises(ValueError, match=r"value \[2, 1\]"):
        reality_check(wrong, indices)
    for bad in (indices[:, :5], indices + 6, -indices - 1, indices[:999], indices * 1.0):
        with pytest.raises(ValueError, match="expected"):
            superior_ability(DIFFERENCES, bad, 2)
    with pytest.raises(ValueError, match="block is"):
        superior_ability(DIFFERENCES, indices, 0.5)
    with pytest.raises(ValueError, match="alpha is"):
        stepwise_superiority(DIFFERENCES, indices, 2, alpha=5)
    with pytest.raises(ValueError, match="no strategies"):
        reality_check(np.empty((6, 0)), indices)
