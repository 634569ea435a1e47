"""The fitness function `sortino`: its formula, its order, its README."""

from __future__ import annotations

import math
from pathlib import Path

import leanopt_sortino
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_sortino._impl import create, sortino

from leanopt_core.fitness import FitnessFunction
from leanopt_core.fitness_options import ReturnsOptions
from leanopt_core.testing import FitnessContract
from tests.backtests import RETURNS, listed, merits, said
from tests.real_curves import COUNT, lean_curves

README = Path(__file__).parents[1] / "README.md"
changes = st.lists(st.floats(-0.99, 3e38), min_size=2, max_size=9)


class TestContract(FitnessContract):
    """The kit for fitness functions."""

    needs = frozenset({"returns"})

    @pytest.fixture
    def fitness(self) -> FitnessFunction:
        """With a rate and both minimums."""
        return create(ReturnsOptions(risk_free_rate="2%", min_years=0.1))


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize(("rate", "periods"), [(0.0, 252.0), (0.03, 365.25)])
def test_as_numpy_computes_it(number: int, rate: float, periods: float) -> None:
    """On real curves of LEAN."""
    curve = lean_curves()[number]
    excess = np.array(curve.returns) - np.expm1(np.log1p(rate) / periods)
    downside = np.sqrt((np.minimum(excess, 0) ** 2).mean())
    expected = excess.mean() / downside * np.sqrt(periods)
    assert sortino(curve.returns, rate, periods) == pytest.approx(expected, rel=1e-9)


def test_by_hand() -> None:
    """Sums of 0.04 and of squares 0.0001 + 0.0004: 0.01 over the root of 0.000125."""
    assert sortino([0.03, -0.01, 0.04, -0.02], 0.0, 1) == pytest.approx(0.01 / math.sqrt(0.000125))
    # One part in a hundred a period: 0.02, -0.02, 0.03, -0.03 have a mean of 0.
    assert sortino([0.03, -0.01, 0.04, -0.02], 0.01, 1) == pytest.approx(0.0, abs=1e-12)


def test_order() -> None:
    """Gains, nothing, losses, too few trades, too few days, a total loss."""
    ranked = merits(create(ReturnsOptions()), RETURNS)
    assert ranked == sorted(ranked)


def test_large_gains_are_welcome() -> None:
    """They raise the value, whatever their size."""
    values = [sortino([0.01, -0.01, 0.01, gain], 0.0, 252) for gain in (0.01, 0.1, 0.5, 5.0)]
    assert values == sorted(set(values))


def test_flat_where_few_trades_are_enough() -> None:
    """Nothing is neither good nor bad, but a sure loss against a risk-free rate."""
    flat = RETURNS["no trades"]
    assert said(create(ReturnsOptions(min_trades=0)), flat) == "0"
    below = said(create(ReturnsOptions(min_trades=0, risk_free_rate="2%")), flat)
    assert f"or {below} with a risk-free rate of 2%" in README.read_text()


def test_readme_says_what_is_computed() -> None:
    """The table of cases."""
    fitness = create(ReturnsOptions())
    assert listed(README) == {case: said(fitness, one) for case, one in RETURNS.items()}


@given(changes, st.sampled_from([0.0, -0.5, 0.05, 10.0]), st.sampled_from([1, 252, 10_000]))
def test_always_finite(returns: list[float], rate: float, periods: int) -> None:
    """Whatever the returns."""
    assert math.isfinite(sortino(returns, rate, periods))


def test_registers_lightly() -> None:
    """The hook names the function, where its code is, and what it needs."""
    (spec,) = leanopt_sortino.leanopt_fitness()
    assert (spec.name, spec.factory) == ("sortino", "leanopt_sortino._impl:create")
    assert spec.needs == {"returns"}
