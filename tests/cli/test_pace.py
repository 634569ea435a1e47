"""Rates, utilisation and the curve, against what is known of made-up runs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.cli.progress import Curve
from leanopt_core.report.figures import duration, values_shown
from leanopt_core.report.statistics import main_figures
from leanopt_core.report.time_left import Recent


def test_nothing_is_claimed_before_time_has_passed() -> None:
    """No rate of one moment."""
    recent = Recent()
    assert recent.rate is None
    recent.note(5.0, 0, 0.0)
    assert recent.rate is None


@given(
    st.floats(0.01, 100), st.floats(0.01, 3), st.floats(0, 100), st.integers(2, 400),
)  # fmt: skip
def test_a_steady_total_has_its_rate_however_often_it_is_looked_at(
    rate: float, every: float, mean: float, looks: int
) -> None:
    """Exactly, for any length of the window."""
    recent = Recent()
    for look in range(looks):
        recent.note(look * every, look * every * rate, mean)
    assert recent.rate == pytest.approx(rate, rel=1e-6)


def test_what_is_long_past_does_not_count() -> None:
    """A slow beginning is forgotten; with long backtests it is remembered longer."""
    short, long = Recent(), Recent()
    for second in range(200):
        told = max(0, second - 100) * 10
        short.note(float(second), told, 0.1)
        long.note(float(second), told, 60.0)
    assert short.rate == pytest.approx(10)
    assert long.rate == pytest.approx(99 * 10 / 199)
    assert (short.whole, long.whole) == (False, True)


@given(st.integers(1, 20_000))
def test_a_curve_of_any_length_stays_short_and_even(length: int) -> None:
    """Its points are of the series, in order and evenly spaced."""
    curve = Curve()
    for value in range(length):
        curve.add(float(value))
    points = curve.points()
    assert 0 < len(points) <= 512
    assert len({b - a for a, b in pairwise(points)}) <= 1
    assert points[-1] >= length - 1 - length / len(points) * 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (9.4, "9 s"), (59.6, "1:00"), (187, "3:07"), (3787, "1:03:07"),
     (86400, "1 d 0:00:00")],
)  # fmt: skip
def test_durations(seconds: float, said: str) -> None:
    """As a clock shows them."""
    assert duration(seconds) == said


def test_figures_are_those_that_traders_look_at_or_what_there_is() -> None:
    """By LEAN's names; a strategy of its own names is shown by its first numbers."""
    known = {"Drawdown": 0.125, "Sharpe Ratio": 1.234, "Total Orders": 1204, "x": 1}
    shown = main_figures(known)
    assert shown == {"drawdown": "12.5%", "Sharpe": "1.23", "orders": "1,204"}
    assert main_figures({"alpha": 0.5, "name": "text", "beta": 2.0}) == {
        "alpha": "0.5",
        "beta": "2",
    }
    assert main_figures(None) == {}


def test_parameters_are_shown_as_they_are_written() -> None:
    """Numbers exact, truth values as in a pipeline."""
    from decimal import Decimal

    values = {"stop": Decimal("0.10"), "fast": 5, "exit": "trail", "long": True}
    assert values_shown(values) == {"stop": "0.1", "fast": "5", "exit": "trail", "long": "true"}
