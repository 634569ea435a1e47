"""Filters over named values: the grammar of constraints, names with spaces, percentages."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Filter, FilterError

SPACED = ("Sharpe Ratio", "annual return", "Sharpe Ratio of all")
KINDS = {"stage": "text", "trail": "text", "feasible": "truth"}


def kinds(name: str) -> frozenset:
    """Return the kinds of a name's values; one name is unknown."""
    if name == "sharp":
        raise LookupError("is no column", "did you mean 'sharpe'?")
    return frozenset({KINDS.get(name, "number")})


def parsed(text: str) -> Filter:
    """Return a filter of these names."""
    return Filter.parse(text, SPACED, kinds)


@pytest.mark.parametrize(
    ("text", "names", "values", "holds"),
    [
        ("orders > 60", ("orders",), [61], True),
        ("orders > 60 and x < 5 or not feasible", ("orders", "x", "feasible"), [1, 9, False], True),
        ("Sharpe Ratio > 1", ("Sharpe Ratio",), [Fraction(3, 2)], True),
        ("sharpe ratio > 1", ("Sharpe Ratio",), [1], False),
        ("Sharpe Ratio of all > 1", ("Sharpe Ratio of all",), [2], True),
        ("[ any thing ] == 3", ("any thing",), [3], True),
        ("drawdown <= 25%", ("drawdown",), [Fraction(1, 4)], True),
        ("drawdown < 2.5% or drawdown>30%", ("drawdown",), [Fraction("0.31")], True),
        ("(x < 25%) and 125% > y", ("x", "y"), [0, Fraction("1.2")], True),
        ("x % 2 == 1", ("x",), [3], True),
        ("x %2 == 1", ("x",), [4], False),
        ("100 % x == 1", ("x",), [3], True),
        ("stage == 'Sharpe' and trail in ('a', 'b')", ("stage", "trail"), ["Sharpe", "b"], True),
        ("1 < x < 3", ("x",), [2], True),
        ("feasible == true", ("feasible",), [True], True),
        ("1 / x > 0", ("x",), [0], False),
        ("min(x, [y]) >= abs(-2)", ("x", "y"), [2, 3], True),
    ],
)
def test_what_holds(text: str, names: tuple[str, ...], values: list, holds: bool) -> None:
    """Names in the order of the text, each once."""
    found = parsed(text)
    assert (found.names, found.holds(values)) == (names, holds)


numbers = st.fractions(-5, 5, max_denominator=8)


@given(numbers, numbers, st.integers(0, 300))
def test_numbers_are_exact(x: Fraction, y: Fraction, percent: int) -> None:
    """As Python's fractions say."""
    found = parsed(f"x * 3 - y <= {percent}% or y % 2 == 1")
    expected = x * 3 - y <= Fraction(percent, 100) or y % 2 == 1
    assert found.holds([x, y]) == expected


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("orders > 60 and sharp > 1", 17, "'sharp' is no column", "did you mean 'sharpe'?"),
        ("1 > 2", 1, "uses no name", ""),
        ("x = 3", 3, "cannot be read", "write == for equality"),
        ("x > 1 && y > 2", 8, "cannot be read", "write and instead of &&"),
        ("stage > 3", 1, "stage is a text, not a number", ""),
        ("orders", 1, "orders is a number, not true or false", ""),
        ("trail == 5", 1, "trail is a text and 5 is a number: never equal", ""),
        ("x.real > 1", 1, "x.real is not allowed in a filter", ""),
        ("__import__('os').system('ls') == 1", 1, None, None),
        ("x > 1; DROP TABLE trials", 6, "cannot be read", None),
        ("x > (SELECT 1)", 6, "cannot be read", None),
        ("x == 'Sharpe Ratio' and Sharpe Ratio > 1", 6, None, "write [Sharpe Ratio] for the name"),
        ("x > 1\n", 1, "must be on one line", ""),
    ],
)
def test_what_is_refused(text: str, column: int, message: str | None, hint: str | None) -> None:
    """Nothing is run as Python or as SQL; the message says where and what to write instead."""
    with pytest.raises(FilterError) as caught:
        parsed(text)
    error = caught.value
    assert isinstance(error, SpaceError)
    assert message is None or error.message == message
    assert hint is None or error.hint == hint
    assert error.column == column or message is None


@given(st.text(alphabet="[]x ./*+-(),1e'\"ü\\%=<>and", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is written, there is a filter or one readable error."""
    assert read_or_refused(text)


def read_or_refused(text: str) -> bool:
    """Return whether a text has names, or an error that says where it is wrong."""
    try:
        return bool(parsed(text).names)
    except FilterError as error:
        return 1 <= error.column <= len(text) + 1 and str(error).startswith("filter ")
