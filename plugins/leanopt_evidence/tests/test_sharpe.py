"""The Sharpe ratio of one series: worked examples, mpmath, invariances, what has no value."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence import (
    Moments,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpe_error,
)
from scipy import stats

ONE = Moments(504, 0.11, -0.8, 6.0)
RETURNS = [0.02, -0.01, 0.015, 0.005, -0.02, 0.03, 0.01, -0.005, 0, 0.012]
SERIES = st.lists(st.integers(-1000, 1000), min_size=3, max_size=40).filter(
    lambda values: len(set(values)) > 1
)


def test_worked_example_of_the_paper() -> None:
    """Its z 2.3488988, PSR(0) 0.9905855; against 0.5 a year 0.9531625."""
    assert ONE.sharpe / sharpe_error(ONE).value == pytest.approx(2.3488988, abs=5e-8)
    assert probabilistic_sharpe(ONE).value == pytest.approx(0.9905855, abs=5e-8)
    per_period = 0.5 / math.sqrt(252)
    assert probabilistic_sharpe(ONE, per_period).value == pytest.approx(0.9531625, abs=5e-8)


def test_moments_of_a_series() -> None:
    """Skewness and kurtosis are divided by n, the kurtosis is raw."""
    found = moments(RETURNS)
    assert found.n == 10
    assert found.sharpe == pytest.approx(0.3829329, abs=5e-8)
    assert found.skewness == pytest.approx(-0.1366530, abs=5e-8)
    assert found.kurtosis == pytest.approx(2.2911490, abs=5e-8)
    assert probabilistic_sharpe(found).value == pytest.approx(0.8633523, abs=5e-8)


@given(SERIES)
def test_moments_equal_those_of_scipy(values: list[int]) -> None:
    """Which names the raw kurtosis by an option."""
    found, array = moments(values), np.array(values, dtype=float)
    assert found.sharpe == pytest.approx(array.mean() / array.std(ddof=1), abs=1e-12)
    assert found.skewness == pytest.approx(stats.skew(array), abs=1e-8)
    assert found.kurtosis == pytest.approx(stats.kurtosis(array, fisher=False), rel=1e-8)


@given(SERIES, st.sampled_from([1e-200, 1e-9, 3.0, 1e60]))
def test_scale_changes_nothing_and_sign_turns(values: list[int], scale: float) -> None:
    """PSR(0) of the negative returns is the rest to one."""
    plain = moments(values)
    scaled = moments(np.array(values) * scale)
    assert scaled.sharpe == pytest.approx(plain.sharpe, abs=1e-12)
    assert scaled.kurtosis == pytest.approx(plain.kurtosis, rel=1e-9)
    turned = moments([-value for value in values])
    assert (turned.sharpe, turned.skewness) == pytest.approx((-plain.sharpe, -plain.skewness))
    ours, theirs = probabilistic_sharpe(plain), probabilistic_sharpe(turned)
    assert (ours.value is None) == (theirs.value is None)
    if ours.value is not None:
        assert ours.value + theirs.value == pytest.approx(1)


@given(
    st.integers(2, 5000),
    st.floats(-0.5, 0.5),
    st.floats(-1.5, 1.5),
    st.floats(0, 9),
    st.floats(-0.2, 0.2),
)
def test_psr_equals_mpmath(n: int, sharpe: float, skew: float, more: float, against: float) -> None:
    """At fifty digits."""
    kurtosis = 1 + skew**2 + more
    found = probabilistic_sharpe(Moments(n, sharpe, skew, kurtosis), against).value
    with mpmath.workdps(50):
        sr, g3, g4 = mpmath.mpf(sharpe), mpmath.mpf(skew), mpmath.mpf(kurtosis)
        term = 1 - g3 * sr + (g4 - 1) / 4 * sr**2
        exact = mpmath.ncdf((sr - mpmath.mpf(against)) * mpmath.sqrt(n - 1) / mpmath.sqrt(term))
        assert found == pytest.approx(float(exact), rel=1e-9, abs=1e-300)


def test_minimum_track_record() -> None:
    """830.0424 periods, so 831: with them PSR is just above 0.95, with 830 just below."""
    found = minimum_track_record(ONE, 0.05, 0.95)
    assert found.periods == pytest.approx(830.0424, abs=5e-5)
    assert found.whole == 831
    reached = [probabilistic_sharpe(Moments(n, 0.11, -0.8, 6.0), 0.05).value for n in (831, 830)]
    assert reached == pytest.approx([0.9500979, 0.9499957], abs=5e-8)


@given(st.floats(-0.3, 0.5), st.floats(-0.3, 0.5), st.floats(0.51, 0.999))
def test_a_track_record_as_long_reaches_the_confidence(
    sharpe: float, threshold: float, confidence: float
) -> None:
    """And there is none below the threshold: the square would hide the sign."""
    found = minimum_track_record(Moments(100, sharpe, 0.0, 3.0), threshold, confidence)
    if sharpe <= threshold:
        assert found.periods is None
        assert "threshold" in found.reason
    elif found.whole is not None and 2 <= found.whole < 1e9:
        long_enough = Moments(found.whole, sharpe, 0.0, 3.0)
        assert probabilistic_sharpe(long_enough, threshold).value >= confidence - 1e-9


@pytest.mark.parametrize(
    ("returns", "reason"),
    [([], "fewer than two"), ([0.1], "fewer than two"), ([0.0] * 5, "vary"), ([0.1] * 7, "vary")],
)
def test_no_value_where_there_is_no_sharpe_ratio(returns: list[float], reason: str) -> None:
    """With the reason, in everything that follows from it."""
    found = moments(returns)
    assert found.sharpe is None
    for one in (found, sharpe_error(found), probabilistic_sharpe(found)):
        assert reason in one.reason
    assert reason in minimum_track_record(found).reason


def test_equal_doubles_have_no_variance() -> None:
    """Their computed deviation is above zero."""
    returns = np.full(1000, 0.1 + 0.2)
    returns[::2] = 0.3
    assert moments(returns).sharpe is None


def test_no_value_without_variance_of_the_ratio() -> None:
    """A skewness that takes all of it."""
    found = probabilistic_sharpe(Moments(10, 2.0, 1.0, 2.0))
    assert found.value is None
    assert "variance" in found.reason


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_errors(wrong: float) -> None:
    """Among returns, moments and thresholds."""
    with pytest.raises(ValueError, match=r"value \[1\] is"):
        moments([0.1, wrong])
    with pytest.raises(ValueError, match="finite"):
        probabilistic_sharpe(ONE, wrong)
    with pytest.raises(ValueError, match="skewness is"):
        Moments(10, 0.1, wrong, 3.0)


def test_moments_that_no_distribution_has() -> None:
    """An excess kurtosis by mistake is among them."""
    with pytest.raises(ValueError, match="raw"):
        Moments(504, 0.11, -0.8, 1.5)
    with pytest.raises(ValueError, match="at least 2"):
        Moments(1, 0.11, 0.0, 3.0)
    with pytest.raises(ValueError, match="shape"):
        moments([[0.1, 0.2]])
    for confidence in (0.5, 1.0, 95):
        with pytest.raises(ValueError, match=r"between 0.5 and 1"):
            minimum_track_record(ONE, 0.0, confidence)
