"""How numbers are written for people: units, plurals, no sign of zero."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.report.figures import count, counted, number, percent, ratio
from leanopt_core.report.statistics import statistic_text


@given(st.floats(-1e6, 1e6), st.sampled_from([count, number, percent, ratio]))
def test_zero_has_no_sign_and_other_numbers_keep_theirs(value: float, write) -> None:
    """However small the number was that became zero."""
    text = write(value)
    zero = not re.search(r"[1-9]", text)
    assert text.startswith("-") == (value < 0 and not zero)


def test_a_count_has_its_noun() -> None:
    """One is one."""
    assert [counted(n, "trial") for n in (0, 1, 1200)] == ["0 trials", "1 trial", "1,200 trials"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Drawdown", 0.125, "12.5%"),
        ("Win Rate", 0.5454545, "54.55%"),
        ("Net Profit", -0.00001, "0%"),
        ("Compounding Annual Return", 1.5, "150%"),
        ("totalPerformance.portfolioStatistics.drawdown", 0.1, "10%"),
        ("runtimeStatistics.Net Profit", 1234.5, "1234.5"),
        ("Total Orders", 1234.0, "1,234"),
        ("End Equity", 105623.119, "105,623.12"),
        ("Sharpe Ratio", 0.3845601234, "0.38456"),
        ("Net Profit", None, "-"),
        ("Lowest Capacity Asset", "SPY R735QTJ8XC9X", "SPY R735QTJ8XC9X"),
    ],
)
def test_a_statistic_is_in_the_unit_in_which_lean_shows_it(
    name: str, value: object, text: str
) -> None:
    """Per cent where LEAN writes %, in each section."""
    assert statistic_text(name, value) == text
