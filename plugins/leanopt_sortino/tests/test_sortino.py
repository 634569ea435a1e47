"""The fitness function `sortino`: its formula, its order, its README."""

from __future__ import annotations

import math

import leanopt_sortino
import numpy as np
import pytest
from hypothesis import given
from leanopt_sortino._impl import create, sortino

from tests.real_curves import COUNT, lean_curves
from tests.returns_cases import FIGURES, ReturnsCases, ReturnsContract


@pytest.mark.kit_again
class TestContract(ReturnsContract):
    """The kit for fitness functions."""

    create = staticmethod(create)


class TestCases(ReturnsCases):
    """The common cases, those of the README among them."""

    name, plugin = "sortino", leanopt_sortino
    create = staticmethod(create)


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


def test_large_gains_are_welcome() -> None:
    """They raise the value, whatever their size."""
    values = [sortino([0.01, -0.01, 0.01, gain], 0.0, 252) for gain in (0.01, 0.1, 0.5, 5.0)]
    assert values == sorted(set(values))


@given(*FIGURES)
def test_always_finite(returns: list[float], rate: float, periods: int) -> None:
    """For any returns."""
    assert math.isfinite(sortino(returns, rate, periods))
