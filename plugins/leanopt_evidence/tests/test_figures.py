"""Numbers for people: never more certain than they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_evidence._words import figure, percent, plural, probability


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0%"), (1.0, "100%"), (0.0001, "under 0.1%"), (0.99999, "over 99.9%"), (0.611, "61.1%")],
)
def test_shares(value: float, expected: str) -> None:
    """0% and 100% are exact."""
    assert percent(value) == expected


@given(st.floats(0, 1))
def test_probabilities_are_never_rounded_to_certainty(value: float) -> None:
    """Unless they are certain."""
    shown = probability(value)
    assert (shown == "0.000") == (value == 0)
    assert (shown == "1.000") == (value == 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.654, "0.65"), (-0.7, "-0.70"), (0.0, "0"), (0.0721, "0.072"), (-1e-9, "-1e-09")],
)
def test_figures(value: float, expected: str) -> None:
    """Two digits, that count for small ones."""
    assert figure(value) == expected


def test_numbers_of_things() -> None:
    """One thing has no s."""
    assert (plural(1, "day"), plural(1234, "day")) == ("1 day", "1,234 days")
