"""The fitness function `ulcer`: its formula, its order, its README."""

from __future__ import annotations

import math

import leanopt_ulcer
import numpy as np
import pytest
from hypothesis import given
from leanopt_ulcer._impl import create, ulcer, ulcer_index

from tests.real_curves import COUNT, lean_curves
from tests.returns_cases import FIGURES, ReturnsCases, ReturnsContract


@pytest.mark.kit_again
class TestContract(ReturnsContract):
    """The kit for fitness functions."""

    create = staticmethod(create)


class TestCases(ReturnsCases):
    """The common cases, those of the README among them."""

    name, plugin = "ulcer", leanopt_ulcer
    create = staticmethod(create)


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


@given(*FIGURES)
def test_always_finite(returns: list[float], rate: float, periods: int) -> None:
    """For any returns."""
    assert math.isfinite(ulcer(returns, rate, periods))
