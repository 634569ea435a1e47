"""The fitness function `ulcer`: its formula, its order, its README."""

from __future__ import annotations

import math
from pathlib import Path

import leanopt_ulcer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_ulcer._impl import create, ulcer, ulcer_index

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
    """On real curves of LEAN, from their equity."""
    curve = lean_curves()[number]
    equity = np.array(curve.equity)
    drawdown = equity / np.maximum.accumulate(equity) - 1
    index = np.sqrt((drawdown**2).mean())
    growth = np.exp(np.log(equity[-1] / equity[0]) * periods / (len(equity) - 1)) - 1
    excess = growth - rate
    expected = excess / index if excess > 0 else excess * (1 + index)
    assert ulcer(curve.returns, rate, periods) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("number", range(COUNT))
def test_never_above_leans_drawdown(number: int) -> None:
    """LEAN reports the deepest drawdown, rounded to three places; a root mean square is less."""
    curve = lean_curves()[number]
    equity = np.array(curve.equity)
    assert 0 < ulcer_index(list(equity)) < float(curve.statistics["drawdown"]) + 0.0005


def test_by_hand() -> None:
    """Closes 100, 110, 99, 104.5, 121: drawdowns 0, 0, 10%, 5%, 0."""
    index = ulcer_index([100.0, 110.0, 99.0, 104.5, 121.0])
    assert index == pytest.approx(math.sqrt((0.01 + 0.0025) / 5))
    returns = [0.1, -0.1, 104.5 / 99 - 1, 121 / 104.5 - 1]
    assert ulcer(returns, 0.0, 4) == pytest.approx(0.21 / index)
    assert ulcer(returns, 0.05, 2) == pytest.approx((math.sqrt(1.21) - 1.05) / index)


def test_losses_are_not_divided() -> None:
    """A larger loss is worse, and so is a deeper drawdown on the way to the same loss."""
    assert ulcer([-0.1, 0.0], 0.0, 2) > ulcer([-0.2, 0.0], 0.0, 2)
    assert ulcer([-0.1, 0.0], 0.0, 2) > ulcer([-0.5, 0.8], 0.0, 2)


def test_order() -> None:
    """Gains, nothing, losses, too few trades, too few days, a total loss."""
    ranked = merits(create(ReturnsOptions()), RETURNS)
    assert ranked == sorted(ranked)


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
    assert math.isfinite(ulcer(returns, rate, periods))


def test_registers_lightly() -> None:
    """The hook names the function, where its code is, and what it needs."""
    (spec,) = leanopt_ulcer.leanopt_fitness()
    assert (spec.name, spec.factory) == ("ulcer", "leanopt_ulcer._impl:create")
    assert spec.needs == {"returns"}
