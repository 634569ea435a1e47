"""Axes on a logarithmic scale, against exact powers of fractions."""

from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.space import Axis, AxisError, Space

D = Decimal

decimals = st.decimals("0.0001", 5000, allow_nan=False, places=4)
ints = st.integers(1, 10**6)


def half(value):
    """Return half a unit of the last of four significant digits of a number, or of 1 for an int."""
    digits = D(value).adjusted() - 3
    return Fraction(10) ** (max(0, digits) if type(value) is int else digits) / 2


def stands_for(value, exact):
    """Return whether a value is as near to the exact one as rounding makes it."""
    half_unit = half(value) * (1 + Fraction(1, 10**9))
    return exact(Fraction(value) - half_unit) and not exact(Fraction(value) + half_unit)


def parts(low, high, levels):
    """Return, for each level between the ends, whether a number is at most the exact one.

    At level i the scale is low**(n - i) * high**i to the power of 1/n, where n = levels - 1.
    """
    last = levels - 1
    powers = [Fraction(low) ** (last - i) * Fraction(high) ** i for i in range(1, last)]
    return [lambda number, power=power: Fraction(number) ** last <= power for power in powers]


@given(decimals, decimals, st.integers(2, 12))
def test_values_are_the_nearest_numbers_of_four_digits(one, other, levels):
    """Each is within half a unit of its last digit of an exact one; the ends are as given."""
    low, high = min(one, other), max(one, other)
    axis = Axis.logarithmic("x", low, high, levels)
    values = list(axis.values)
    assert (values[0], values[-1]) == (low, high)
    assert all(a < b for a, b in pairwise(values))
    assert all(isinstance(value, Decimal) for value in values)
    scale = parts(low, high, levels) if low < high else []
    assert all(any(stands_for(value, exact) for value in values) for exact in scale)
    assert all(any(stands_for(value, exact) for exact in scale) for value in values[1:-1])


@given(ints, ints, st.integers(2, 12))
def test_whole_ends_give_whole_numbers(one, other, levels):
    """Of four significant digits from 10,000 on."""
    low, high = min(one, other), max(one, other)
    values = list(Axis.logarithmic("x", low, high, levels).values)
    assert (values[0], values[-1]) == (low, high)
    assert all(type(value) is int for value in values)
    assert all(a < b for a, b in pairwise(values))
    assert all(value % 10 ** max(0, len(str(value)) - 4) == 0 for value in values[1:-1])
    scale = parts(low, high, levels) if low < high else []
    assert all(any(stands_for(value, exact) for value in values) for exact in scale)
    assert all(any(stands_for(value, exact) for exact in scale) for value in values[1:-1])


@pytest.mark.parametrize(
    ("low", "high", "levels", "values"),
    [
        (1, 1000, 4, [1, 10, 100, 1000]),
        (5, 500, 5, [5, 16, 50, 158, 500]),
        (1, 4, 20, [1, 2, 3, 4]),
        (7, 7, 3, [7]),
        (D("0.001"), 1, 4, [D("0.001"), D("0.01"), D("0.1"), D(1)]),
        (1, D(2), 3, [D(1), D("1.414"), D(2)]),
        (D("1.000"), D("1.0002"), 9, [D(1), D("1.0002")]),
        (D("0.123456"), D("0.123457"), 5, [D("0.123456"), D("0.123457")]),
    ],
)
def test_some_scales(low, high, levels, values):
    """Values that round alike, or to an end, come once."""
    axis = Axis.logarithmic("x", low, high, levels)
    assert [repr(value) for value in axis.values] == [repr(value) for value in values]
    assert (axis.kind, axis.ordered) == ("log", True)


def test_a_scale_of_many_levels() -> None:
    """All 20 of three powers of ten, each once, about a third apart."""
    values = Axis.logarithmic("x", D("0.001"), 1, 20).values
    assert len(values) == 20
    assert [str(value) for value in values[1:4]] == ["0.001438", "0.002069", "0.002976"]
    assert all(1.436 < b / a < 1.441 for a, b in pairwise(values))


def test_the_decimal_context_does_not_matter():
    """Neither precision nor rounding of the caller."""
    expected = list(Axis.logarithmic("x", D("0.003"), D("7.7"), 50).values)
    with localcontext() as context:
        context.prec, context.rounding = 2, ROUND_UP
        assert list(Axis.logarithmic("x", D("0.003"), D("7.7"), 50).values) == expected


@pytest.mark.parametrize(
    ("low", "high", "levels", "problem"),
    [
        (0, 1, 5, "min of a log scale must be above 0, found 0"),
        (D("-0.5"), 1, 5, "min of a log scale must be above 0, found -0.5"),
        (2, 1, 5, "min 2 is above max 1"),
        (1, 2, 1, "levels must be a whole number from 2 to 10,000, found 1"),
        (1, 2, 10_001, "levels must be a whole number from 2 to 10,000, found 10001"),
        (1, 2, True, "levels must be a whole number from 2 to 10,000, found true"),
        (1, 0.5, 5, "max must be an exact number, found float 0.5"),
        (D("inf"), 1, 5, "min is not a finite number"),
    ],
)
def test_what_is_no_scale_is_refused(low, high, levels, problem):
    """With what was expected."""
    with pytest.raises(AxisError) as caught:
        Axis.logarithmic("x", low, high, levels)
    assert caught.value.problem == problem


@given(decimals, decimals, st.integers(2, 30))
def test_a_log_scale_survives_its_record(one, other, levels):
    """The record has the values themselves: no other version can compute others."""
    space = Space((Axis.logarithmic("x", min(one, other), max(one, other), levels),))
    again = Space.from_dict(space.to_dict())
    assert again == space
    assert again.axes[0].kind == "log"


def test_the_limits_of_numbers_are_those_of_a_scale():
    """From the smallest to the largest number."""
    axis = Axis.logarithmic("x", D("1e-30"), D("9e29"), 10_000)
    assert (axis.value(0), axis.value(len(axis) - 1)) == (D("1e-30"), D("9e29"))
    assert len(axis) > 9_000
