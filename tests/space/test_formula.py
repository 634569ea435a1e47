"""Formulas over statistics: the grammar of constraints, a number as the outcome."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Formula, FormulaError

HINT = "write statistics in square brackets, as [Sharpe Ratio]"
SHARPE = {"Sharpe Ratio": 1.5, "Total Orders": 40.0}
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[Sharpe Ratio] * min(1, [Total Orders] / 100)", 0.6),
        ("[Sharpe Ratio]", 1.5),
        (" [ Sharpe Ratio ] + [Sharpe Ratio]", 3.0),
        ("-[Sharpe Ratio]", -1.5),
        ("abs(0.5 - [Sharpe Ratio])", 1.0),
        ("max([Sharpe Ratio], [Total Orders], 7)", 40.0),
        ("[Total Orders] // 7 + [Total Orders] % 7", 10.0),
        ("1 / [Total Orders]", 0.025),
        ("([Sharpe Ratio] - 0.5) * 1_000", 1000.0),
        ("-7 // [Sharpe Ratio]", -5.0),
    ],
)
def test_value(text: str, value: float) -> None:
    """Names in brackets are statistics; the rest is arithmetic as in constraints."""
    assert Formula.parse(text).value(SHARPE) == value


def test_names() -> None:
    """Each once, in the order of the text, as written; any characters but brackets."""
    formula = Formula.parse("[b.c] - [Ünïcode %] + [ b.c ]  * [a && b] + 1")
    assert formula.statistics == ("b.c", "Ünïcode %", "a && b")
    assert formula.text == "[b.c] - [Ünïcode %] + [ b.c ] * [a && b] + 1"
    assert formula.value({"b.c": 2.0, "Ünïcode %": 3.0, "a && b": 4.0, "more": 9.0}) == 8.0


@given(finite, finite, finite)
def test_rounded_once(x: float, y: float, z: float) -> None:
    """The value is the exact one, rounded to a float."""
    formula = Formula.parse("[x] * [y] - min([x], [z] * 0.1)")
    a, b, c = map(Fraction, (x, y, z))
    exact = a * b - min(a, c / 10)
    try:
        expected = float(exact)
    except OverflowError:
        with pytest.raises(OverflowError):
            formula.value({"x": x, "y": y, "z": z})
    else:
        assert formula.value({"x": x, "y": y, "z": z}) == expected


@pytest.mark.parametrize("text", ["1 / [x]", "1 // [x]", "1 % [x]", "[x] / ([x] - [x])"])
def test_division_by_zero(text: str) -> None:
    """It has no value."""
    with pytest.raises(ZeroDivisionError):
        Formula.parse(text).value({"x": 0.0})


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("", 1, "is empty", ""),
        ("1 + 2", 1, "uses no statistic", HINT),
        ("[] + 1", 1, "names no statistic", HINT),
        ("1 + [ ]", 5, "names no statistic", HINT),
        ("Sharpe Ratio * 2", 8, "cannot be read", HINT),
        ("[Sharpe Ratio * 2", 1, "cannot be read", HINT),
        ("[x] + sharpe", 7, "sharpe is not a statistic", HINT),
        ("[Ünï] + y", 9, "y is not a statistic", HINT),
        ("[Ünï] + [y", 9, "cannot be read", HINT),
        ("[x][y]", 1, "[x][y] is not a statistic", HINT),
        ("abs[x]", 1, "abs[x] is not a statistic", HINT),
        ("2[x]", 2, "cannot be read", HINT),
        ("[x] * 25%", 10, "cannot be read", "write 0.25 for 25%"),
        ("[x] ** 2", 1, "[x] ** 2 is not allowed in a formula", "write x * x"),
        ("[x].real", 1, "[x].real is not allowed in a formula", ""),
        ("sqrt([x])", 1, "sqrt is not a function here", "use abs, min or max"),
        ("__import__('os')", 1, "uses no statistic", HINT),
        ("[x] < 1", 1, "[x] < 1 is true or false, not a number", ""),
        ("[x] * true", 7, "true is true or false, not a number", ""),
        ("[x] + 'a'", 7, "'a' is a text, not a number", ""),
        ("[x] / 0", 1, "[x] / 0 divides by zero", ""),
        ("[x]\n+ 1", 1, "must be on one line", ""),
        ("-" * 100 + "[x]", 61, "is nested deeper than 60 levels", ""),
        ("[x]" + " " * 2000, 1, "is longer than 2000 characters", ""),
    ],
)
def test_what_is_refused(text: str, column: int, message: str, hint: str) -> None:
    """With the column in the text as written, and what to write instead where that is known."""
    with pytest.raises(FormulaError) as caught:
        Formula.parse(text)
    error = caught.value
    cut = error.message if len(error.message) < 80 else error.message[-31:]
    assert (error.column, cut, error.hint) == (column, message, hint)
    assert isinstance(error, SpaceError)


@given(st.text(alphabet="[]x ./*+-(),1e'\"ü\\%=<", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is written, there is a formula or one readable error."""
    assert read_or_refused(text)


def read_or_refused(text: str) -> bool:
    """Return whether a text has statistics, or an error that says where it is wrong."""
    try:
        return bool(Formula.parse(text).statistics)
    except FormulaError as error:
        placed = 1 <= error.column <= len(text) + 1
        return placed and "\n" not in error.message and str(error).startswith("formula ")
