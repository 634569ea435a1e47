"""The stationary bootstrap and its intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import bootstrap_interval, moments, stationary_bootstrap


@given(st.integers(1, 30), st.floats(1, 100), st.integers(0, 99))
def test_rows_follow_or_jump(n: int, block: float, seed: int) -> None:
    """Indices are rows; the same seed gives the same ones."""
    found = stationary_bootstrap(n, block, 20, seed)
    assert found.shape == (20, n)
    assert found.min() >= 0
    assert found.max() < n
    assert (found == stationary_bootstrap(n, block, 20, seed)).all()


def test_blocks_have_their_mean_length() -> None:
    """A row does not follow the last with the chance (1 - 1/n) / L; all rows come alike often."""
    found = stationary_bootstrap(100, 5, 4000, seed=1)
    jumps = np.mean(found[:, 1:] != (found[:, :-1] + 1) % 100)
    chance = 0.99 / 5
    assert jumps == pytest.approx(chance, abs=4 * math.sqrt(chance / found.size))
    counts = np.bincount(found.ravel()) / found.size
    assert counts == pytest.approx(0.01, abs=0.001)


def test_block_of_one_is_independent_and_a_long_one_only_turns() -> None:
    """The two ends."""
    turned = stationary_bootstrap(10, 1e12, 50, seed=3)
    assert ((turned - turned[:, :1]) % 10 == np.arange(10)).all()
    single = stationary_bootstrap(1000, 1, 20, seed=3)
    assert np.mean(single[:, 1:] == single[:, :-1] + 1) < 0.01


def test_wrong_arguments_are_errors() -> None:
    """No rows, no resamples, blocks below one."""
    for n, block, resamples in ((0, 2, 10), (5, 2, 0), (5, 0.9, 10), (5, math.nan, 10)):
        with pytest.raises(ValueError, match="expected"):
            stationary_bootstrap(n, block, resamples)


RETURNS = np.random.default_rng(5).normal(0.001, 0.01, size=300)
INDICES = stationary_bootstrap(300, 10, 1000, seed=6)


def drawdown(returns: np.ndarray) -> float:
    """Return the largest fall from a high, from the definition."""
    equity, high, fall = 1.0, 1.0, 0.0
    for one in returns:
        equity *= 1 + one
        high = max(high, equity)
        fall = max(fall, 1 - equity / high)
    return fall


def calmar(returns: np.ndarray) -> float:
    """Return compound annual growth over drawdown."""
    return (math.prod(1 + returns) ** (252 / len(returns)) - 1) / drawdown(returns)


@pytest.mark.parametrize(
    ("statistic", "naive"),
    [
        ("sharpe", lambda returns: moments(returns).sharpe),
        ("calmar", calmar),
        ("drawdown", drawdown),
    ],
)
def test_intervals_are_quantiles_of_the_resamples(statistic: str, naive) -> None:
    """Each resample by the definition."""
    found = bootstrap_interval(RETURNS, statistic, INDICES, confidence=0.9)
    assert found.value == pytest.approx(naive(RETURNS))
    several = [naive(RETURNS[row]) for row in INDICES]
    low, high = np.quantile(several, [0.05, 0.95])
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.left_out == 0


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """200 series whose Sharpe ratio is 0.1: nine in ten, within three standard errors and 3%."""
    generator, indices = np.random.default_rng(31), stationary_bootstrap(120, 1, 1000, seed=7)
    covered = 0
    for _ in range(200):
        found = bootstrap_interval(
            generator.normal(0.001, 0.01, 120), "sharpe", indices, confidence=0.9
        )
        covered += found.low <= 0.1 <= found.high
    assert covered / 200 == pytest.approx(0.9, abs=0.03 + 3 * math.sqrt(0.09 / 200))


def test_no_value_has_its_reason() -> None:
    """Too few, no variance, no drawdown, or too many resamples without one."""
    flat = np.zeros((1000, 5), dtype=int)
    assert "two" in bootstrap_interval([0.1], "sharpe", flat[:, :1]).reason
    assert "no sharpe" in bootstrap_interval([0.1] * 5, "sharpe", flat).reason
    assert "no calmar" in bootstrap_interval([0.1, 0.2, 0.1, 0.1, 0], "calmar", flat).reason
    found = bootstrap_interval([0.1, -0.2, 0.1, 0.1, 0], "calmar", flat)
    assert found.value is not None
    assert (found.low, found.left_out) == (None, 1000)
    assert "1000 of 1000" in found.reason


@pytest.mark.parametrize("returns", [[30.0, 20.0], [30.0, 20.0, -0.5]])
def test_growth_beyond_a_float_is_left_out(returns: list[float]) -> None:
    """Over a few days, made into that of a year, it is infinite."""
    rows = stationary_bootstrap(len(returns), 1.0)
    found = bootstrap_interval(returns, "calmar", rows, periods=252)
    assert (found.low, found.high) == (None, None)
    assert found.reason
    assert found.value is None or math.isfinite(found.value)


def test_a_total_loss_is_a_loss_of_all() -> None:
    """And less than that is an error."""
    found = bootstrap_interval([0.1, -1.0, 0.1], "drawdown", np.tile([0, 1, 2], (1000, 1)))
    assert (found.value, found.low, found.high) == (1, 1, 1)
    with pytest.raises(ValueError, match="at least -1"):
        bootstrap_interval([0.1, -1.1], "drawdown", np.zeros((1000, 2), dtype=int))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"statistic": "sortino"}, "statistic is"),
        ({"confidence": 95}, "confidence is"),
        ({"periods": 0}, "periods is"),
        ({"returns": np.full(300, math.nan)}, "finite"),
        ({"indices": INDICES[:, 1:]}, "B x 300"),
    ],
)
def test_wrong_arguments_of_an_interval(changed: dict[str, object], text: str) -> None:
    """Each is named."""
    arguments = {"returns": RETURNS, "statistic": "sharpe", "indices": INDICES} | changed
    with pytest.raises(ValueError, match=text):
        bootstrap_interval(**arguments)
