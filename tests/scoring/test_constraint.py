"""Constraints on results: how they are read, when they hold, by how much they are violated."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.scoring import Operator, ResultConstraint, ResultConstraintError
from leanopt_core.scoring.constraint import LARGEST, SMALLEST
from leanopt_core.statistics import Statistics

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "statistic", "operator", "bound"),
    [
        ("Drawdown <= 25%", "Drawdown", Operator.LESS_OR_EQUAL, 0.25),
        ("Drawdown<=25%", "Drawdown", Operator.LESS_OR_EQUAL, 0.25),
        ("Total Orders >= 30", "Total Orders", Operator.GREATER_OR_EQUAL, 30),
        ("Sharpe Ratio > -0.5", "Sharpe Ratio", Operator.GREATER, -0.5),
        ("  Net Profit   <  $1,000.50 ", "Net Profit", Operator.LESS, 1000.5),
        ("'Profit-Loss Ratio' != 1", "Profit-Loss Ratio", Operator.NOT_EQUAL, 1),
        ('"a < b" == 0', "a < b", Operator.EQUALS, 0),
        ("Drawdown lessOrEqual 0.25", "Drawdown", Operator.LESS_OR_EQUAL, 0.25),
        ("Profit GREATER 100", "Profit", Operator.GREATER, 100),
        ("Less Fees Paid notEqual 3", "Less Fees Paid", Operator.NOT_EQUAL, 3),
        ("a.b.profitFactor equals 1e-3", "a.b.profitFactor", Operator.EQUALS, 0.001),
        (
            "['Statistics'].['Sharpe Ratio'] >= 1",
            "['Statistics'].['Sharpe Ratio']",
            Operator.GREATER_OR_EQUAL,
            1,
        ),
    ],
)
def test_reads(text: str, statistic: str, operator: Operator, bound: float) -> None:
    """Symbols and LEAN's names, quotes and paths, numbers, per cents and money."""
    constraint = ResultConstraint.parse(text)
    assert (constraint.statistic, constraint.operator, constraint.bound) == (
        statistic,
        operator,
        bound,
    )
    assert constraint.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Drawdown = 25%",
            "'Drawdown = 25%', column 10: '=' is not an operator (did you mean '=='?)",
        ),
        (
            "Drawdown =< 1",
            "'Drawdown =< 1', column 10: '=<' is not an operator (did you mean '<='?)",
        ),
        ("Drawdown ≤ 1", "'Drawdown ≤ 1', column 10: '≤' is not an operator (did you mean '<='?)"),
        (
            "Drawdown <> 1",
            "'Drawdown <> 1', column 10: '<>' is not an operator (did you mean '!='?)",
        ),
        (
            "Drawdown === 1",
            "'Drawdown === 1', column 10: '===' is not an operator (choose from: < <= > >= == !=)",
        ),
        (
            "Drawdown lesOrEqual 1",
            (
                "'Drawdown lesOrEqual 1', column 10: 'lesOrEqual' is not an operator "
                "(did you mean 'lessOrEqual'?)"
            ),
        ),
        ("Drawdown", "'Drawdown', column 9: no operator (choose from: < <= > >= == !=)"),
        ("", "'', column 1: no operator (choose from: < <= > >= == !=)"),
        ("<= 25%", "'<= 25%', column 1: no statistic before the operator"),
        ("'' <= 25%", "''' <= 25%', column 4: no statistic before the operator"),
        ("Drawdown <=", "'Drawdown <=', column 12: no bound after the operator"),
        (
            "Drawdown <= a quarter",
            "'Drawdown <= a quarter', column 13: 'a quarter' is neither a number nor a percentage",
        ),
        (
            "Drawdown <= nan",
            "'Drawdown <= nan', column 13: 'nan' is neither a number nor a percentage",
        ),
        (
            "25% >= Drawdown",
            (
                "'25% >= Drawdown', column 8: 'Drawdown' is neither a number nor a percentage "
                "(write the statistic first)"
            ),
        ),
        (
            "0 < Sharpe Ratio < 2",
            (
                "'0 < Sharpe Ratio < 2', column 18: more than one comparison "
                "(write one constraint for each)"
            ),
        ),
    ],
)
def test_says_what_cannot_be_read(text: str, message: str) -> None:
    """Each mistake has its text, its column, and what was meant."""
    with pytest.raises(ResultConstraintError) as raised:
        ResultConstraint.parse(text)
    assert str(raised.value) == message
    assert raised.value.exit_code == 3


def test_lean_names() -> None:
    """The names are those of LEAN's configuration."""
    assert [operator.lean for operator in Operator] == [
        "less",
        "lessOrEqual",
        "greater",
        "greaterOrEqual",
        "equals",
        "notEqual",
    ]


@pytest.mark.parametrize(
    ("text", "value", "size"),
    [
        ("Drawdown <= 25%", 0.25, 0.0),
        ("Drawdown <= 25%", 0.30, 0.2),
        ("Drawdown < 25%", 0.25, SMALLEST),
        ("Total Orders >= 30", 30, 0.0),
        ("Total Orders >= 30", 12, 0.6),
        ("Net Profit > 0", -0.5, 0.5),
        ("Net Profit > 0", 0.0, SMALLEST),
        ("Sharpe Ratio >= -2", -3, 0.5),
        ("Total Orders == 10", 15, 0.5),
        ("Total Orders != 10", 10, SMALLEST),
        ("Total Orders != 10", 11, 0.0),
        ("x >= 1e-300", -1e300, LARGEST),
    ],
)
def test_sizes(text: str, value: float, size: float) -> None:
    """The size is the distance to the bound as a share of the bound, never 0 where violated."""
    name = ResultConstraint.parse(text).statistic
    violation = ResultConstraint.parse(text).violation(Statistics({name: value}))
    assert violation == pytest.approx(size, rel=1e-12, abs=0)


def test_a_missing_statistic_has_no_size() -> None:
    """Unknown is None, not a violation."""
    constraint = ResultConstraint.parse("Drawdown <= 25%")
    assert constraint.violation(Statistics()) is None
    assert constraint.violation(Statistics({"Drawdown": "much"})) is None


@given(finite, finite, st.sampled_from(list(Operator)))
def test_violated_exactly_where_the_comparison_fails(
    value: float, bound: float, operator: Operator
) -> None:
    """The size is 0 where Python's own comparison holds, else positive and finite."""
    holds = {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
        "==": value == bound,
        "!=": value != bound,
    }[operator.value]
    size = ResultConstraint("x", operator, bound, "x").size(value)
    assert (size == 0) == holds
    assert 0 <= size <= LARGEST
    assert math.isfinite(size)


@given(finite, finite, finite)
def test_farther_is_never_smaller(bound: float, one: float, other: float) -> None:
    """Of two values above an upper bound the higher one has no smaller violation."""
    constraint = ResultConstraint("x", Operator.LESS_OR_EQUAL, bound, "x")
    low, high = sorted((one, other))
    assert constraint.size(low) <= constraint.size(high)
