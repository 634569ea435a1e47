"""The fitness function `sharpe`: its formula, its order, its README."""

from __future__ import annotations

import math

import leanopt_sharpe
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_sharpe._impl import create, sharpe

from leanopt_core.fitness_options import ReturnsOptions
from tests.backtests import with_returns
from tests.real_curves import COUNT, lean_curves
from tests.returns_cases import FIGURES, ReturnsCases, ReturnsContract


class TestContract(ReturnsContract):
    """The kit for fitness functions."""

    create = staticmethod(create)


class TestCases(ReturnsCases):
    """The common cases, those of the README among them."""

    name, plugin = "sharpe", leanopt_sharpe
    create = staticmethod(create)


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize(("rate", "periods"), [(0.0, 252.0), (0.03, 365.25)])
def test_as_numpy_computes_it(number: int, rate: float, periods: float) -> None:
    """On real curves of LEAN."""
    curve = lean_curves()[number]
    returns = np.array(curve.returns)
    excess = returns - np.expm1(np.log1p(rate) / periods)
    expected = excess.mean() / excess.std(ddof=1) * np.sqrt(periods)
    assert sharpe(curve.returns, rate, periods) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("number", range(COUNT))
def test_divides_by_leans_deviation(number: int) -> None:
    """LEAN reports the standard deviation a year, rounded to four places, for 252 days."""
    curve = lean_curves()[number]
    deviation = np.mean(curve.returns) * 252 / sharpe(curve.returns, 0.0, 252)
    assert deviation == pytest.approx(
        float(curve.statistics["annualStandardDeviation"]), abs=0.50001e-4
    )


def test_by_hand() -> None:
    """Ten returns of which the mean is 0.0057 and the squared deviations sum to 0.0019941."""
    returns = [0.02, -0.01, 0.015, 0.005, -0.02, 0.03, 0.01, -0.005, 0.0, 0.012]
    assert sharpe(returns, 0.0, 1) == pytest.approx(0.3829329, abs=5e-8)
    assert sharpe(returns, 0.0, 252) == pytest.approx(0.3829329 * math.sqrt(252), abs=1e-6)


def test_week_ends_make_no_difference() -> None:
    """Days without a return are reported by some engines and left out by others."""
    week = [0.01, -0.009, 0.002, 0.003, -0.005]
    bare = sharpe(week * 200, 0.0, 5 * 52)
    filled = sharpe([*week, 0.0, 0.0] * 200, 0.0, 7 * 52)
    assert filled == pytest.approx(bare, rel=2e-3)  # the variance is about the mean of more days


@given(st.lists(st.floats(-0.1, 0.1), min_size=20, max_size=30), st.floats(0.5, 2))
def test_size_of_the_position_does_not_matter(returns: list[float], factor: float) -> None:
    """The ratio is the same for a multiple of the returns, unless they are all but equal."""
    if np.std(returns) > 0.001:
        scaled = [factor * change for change in returns]
        assert sharpe(scaled, 0.0, 252) == pytest.approx(sharpe(returns, 0.0, 252), abs=1e-9)


def test_one_backtest_of_a_pipeline() -> None:
    """From returns as the store has them to a value."""
    backtest = with_returns([0.01, -0.005] * 100)
    value = create(ReturnsOptions(risk_free_rate=0.02))([backtest]).value
    expected = sharpe(np.array([0.01, -0.005] * 100, dtype=np.float32).tolist(), 0.02, 365.25)
    assert value == pytest.approx(expected, rel=1e-12)


@given(*FIGURES)
def test_always_finite(returns: list[float], rate: float, periods: int) -> None:
    """For any returns."""
    assert math.isfinite(sharpe(returns, rate, periods))
