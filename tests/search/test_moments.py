"""Running moments against plain formulas, in any order of huge and tiny values."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search.moments import RunningMoments
from leanopt_core.trial import Score

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def told(values: list[float | None]) -> RunningMoments:
    """Return the moments of scores with these values."""
    moments = RunningMoments()
    for value in values:
        named = {} if value is None else {"double": 2 * value} if abs(value) < 1e300 else {}
        moments.add(Score(value, value, values=named))
    return moments


@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_mean_and_variance(values: list[float | None]) -> None:
    """As exact fractions have them; a trial without a value does not count."""
    snapshot = told(values).snapshot()
    known = [Fraction(value) for value in values if value is not None]
    assert ("fitness" in snapshot) == ("double" in snapshot) == bool(known)
    if not known:
        return
    found, mean = snapshot["fitness"], sum(known) / len(known)
    assert found.count == snapshot["double"].count == len(known)
    assert found.mean == pytest.approx(float(mean), rel=1e-12, abs=1e-9)
    if len(known) == 1:
        assert found.variance is None
        return
    variance = float(sum((one - mean) ** 2 for one in known) / (len(known) - 1))
    assert found.variance == pytest.approx(variance, rel=1e-9, abs=1e-9)


@given(st.lists(FINITE, min_size=1, max_size=10))
def test_nothing_overflows(values: list[float]) -> None:
    """The mean lies between the values, whatever they are; a variance too large is unknown."""
    found = told(list(values)).snapshot()["fitness"]
    slack = 1e-9 * max(map(abs, values)) + 5e-324
    assert min(values) - slack <= found.mean <= max(values) + slack
    assert found.variance is None or (math.isfinite(found.variance) and found.variance >= 0)


def test_a_snapshot_stays() -> None:
    """What is told later does not change it."""
    moments = told([1.0])
    before = moments.snapshot()
    moments.add(Score(5.0, 5.0))
    assert (before["fitness"].count, before["fitness"].mean) == (1, 1.0)
    assert (moments.snapshot()["fitness"].mean, moments.snapshot()["fitness"].variance) == (
        3.0,
        8.0,
    )
