"""On pure noise: PBO, the Probabilistic and the Deflated Sharpe Ratio at their nominal rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from leanopt_evidence import (
    deflated_sharpe,
    moments,
    probabilistic_sharpe,
    probability_of_overfitting,
    sharpe_variance,
)

RUNS = [pytest.param(100, id="few"), pytest.param(2000, id="many", marks=pytest.mark.long)]


def within(found: float, expected: float, runs: int) -> bool:
    """Return whether a rate is within three standard errors of the expected one."""
    return abs(found - expected) <= 3 * math.sqrt(expected * (1 - expected) / runs)


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_one_trial_without_skill_passes_at_the_nominal_rate(runs: int, shape: str) -> None:
    """PSR above 0.95 in 5% of series of 500 days, also if their returns are skewed."""
    generator = np.random.default_rng(23)
    draws = {
        "normal": lambda: generator.normal(0, 0.01, 500),
        "skewed": lambda: 0.01 * (1 - generator.exponential(size=500)),
    }
    values = [probabilistic_sharpe(moments(draws[shape]())).value for _ in range(runs)]
    assert within(float(np.mean(np.array(values) > 0.95)), 0.05, runs)


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("trials", [60, 200])
def test_the_best_of_many_without_skill_is_judged_as_such(runs: int, trials: int) -> None:
    """DSR is above one half as often as the largest of N exceeds its mean, above 0.95 at most 5%.

    The largest of many normal values is about Gumbel distributed: it exceeds its mean with the
    probability 1 - exp(-exp(-g)) = 0.43. Three standard errors, and 0.03 for N that are not many.
    """
    generator = np.random.default_rng(29)
    found = []
    for _ in range(runs):
        values = generator.normal(0, 0.01, (250, trials))
        ratios = values.mean(axis=0) / values.std(axis=0, ddof=1)
        best = moments(values[:, ratios.argmax()])
        found.append(deflated_sharpe(best, trials, sharpe_variance(ratios.tolist()).value).value)
    above = float(np.mean(np.array(found) > 0.5))
    expected = 1 - math.exp(-math.exp(-np.euler_gamma))
    assert abs(above - expected) <= 0.03 + 3 * math.sqrt(expected * (1 - expected) / runs)
    assert np.mean(np.array(found) > 0.95) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize(
    "runs", [pytest.param(40, id="few"), pytest.param(400, id="many", marks=pytest.mark.long)]
)
def test_overfitting_of_noise_is_one_half(runs: int) -> None:
    """The mean PBO of searches of 30 trials without skill, within three standard errors."""
    generator = np.random.default_rng(31)
    several = [
        probability_of_overfitting(generator.normal(size=(160, 30)), 8).probability.value
        for _ in range(runs)
    ]
    assert abs(np.mean(several) - 0.5) <= 3 * np.std(several, ddof=1) / math.sqrt(runs)
