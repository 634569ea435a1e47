"""What constraints mean: what Python's own expressions mean over exact fractions."""

from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.space import Axis, ParameterConstraint, Space

D = Decimal

AXES = (
    Axis.integers("i", -1, 2),
    Axis.decimals("d", D("-0.5"), D("0.5"), D("0.5")),
    Axis.listed("v", [1, D("2.5")]),
    Axis.choices("t", ["a", "b"]),
    Axis.choices("m", ["a", 1, D("0.5")]),
    Axis.choices("flag", [True, False]),
)
FIXED = {"k": D("0.3"), "word": "a"}

# Expressions come in pairs: as a constraint has them, and as Python has them over fractions.


def _same(text):
    return (text, text)


def _of(pattern, *parts, python=None):
    def join(pairs):
        ours, theirs = zip(*pairs, strict=True)
        return pattern.format(*ours), (python or pattern).format(*theirs)

    return st.tuples(*parts).map(join)


literals = st.sampled_from(["1", "2", "3", "7", "0.1", "0.25", "1e1", "12.50"]).map(
    lambda text: (text, f"Fraction('{text}')")
)
operators = st.sampled_from(["+", "-", "*", "/", "//", "%"]).map(_same)
orders = st.sampled_from(["<", "<=", ">", ">=", "==", "!="]).map(_same)
numbers = st.recursive(
    st.sampled_from(["i", "d", "v", "k"]).map(_same) | literals,
    lambda inner: (
        _of("{} {} {}", inner, operators, inner)
        | _of("({} {} {})", inner, operators, inner)
        | _of("-{}", inner)
        | _of("+{}", inner)
        | _of("abs({})", inner)
        | _of("min({}, {})", inner, inner)
        | _of("max({}, {}, {})", inner, inner, inner)
    ),
    max_leaves=6,
)
comparisons = (
    _of("{} {} {}", numbers, orders, numbers)
    | _of("{} {} {} {} {}", numbers, orders, numbers, orders, numbers)
    | _of("{0} in ({1}, {2})", numbers, numbers, numbers, python="({0} == {1} or {0} == {2})")
    | _of("{0} not in [{1}]", numbers, numbers, python="{0} != {1}")
    | _of("m == {}", numbers)
    | _of("m in ('a', {})", numbers, python="(m == 'a' or m == {})")
    | st.sampled_from(["flag", "t == 'a'", "t != word", "'b' == t", "m == t", "m != 'a'"]).map(
        _same
    )
)
truths = st.recursive(
    comparisons,
    lambda inner: (
        _of("{} and {}", inner, inner)
        | _of("{} or {} or {}", inner, inner, inner)
        | _of("not {}", inner)
        | _of("({})", inner)
        | _of("flag == ({})", inner)
    ),
    max_leaves=5,
)


def truth_at(code, values):
    """Return what Python makes of the expression, a division by zero being no truth."""
    exact = {
        name: Fraction(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
    try:
        return eval(code, {"Fraction": Fraction}, exact)  # noqa: S307  # this file's own text
    except ZeroDivisionError:
        return False


@given(truths)
def test_a_constraint_means_what_python_means_over_fractions(pair):
    """At every point of a space with all kinds of axes; and so do count, sample and holds."""
    text, python = (f"i < 99 and ({side})" for side in pair)
    code = compile(python, "expected", "eval")
    constraint = ParameterConstraint.parse(text, {a.name: a for a in AXES} | FIXED)
    space = Space(AXES, FIXED, (constraint,))
    points = list(product(*(range(len(axis)) for axis in AXES)))
    expected = {point: truth_at(code, space.values(point)) for point in points}
    assert {point: space.feasible(point) for point in points} == expected
    assert space.count().value == sum(expected.values())
    for point in points[::97]:
        assert constraint.holds(space.values(point)) is expected[point]
        assert space.violated(point) == (() if expected[point] else (constraint,))


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("0.1 + 0.2 == x", True),  # not so in binary floating point
        ("x * 10 == 3", True),
        ("x / 3 == 0.1", True),
        ("1 / 3 * 3 == 1 and x > 0", True),
        ("x // 0.1 == 3", True),
        ("-x // 0.2 == -2", True),
        ("-x % 0.2 == 0.1", True),
        ("x % 0.1 == 0", True),
        ("-x * -x == x * x", True),
        ("2 - 1 - x < 1 <= 2 - (1 - x)", True),
        ("1 < 2 > x != 1", True),
        ("1 < x < 1 / 0.0001", False),
        ("not x < 0 and not x > 1", True),
        ("not (x < 0 or x > 1)", True),
        ("x > 1 or x < 1 and x == 5", False),
        ("true and x < 1", True),
        ("False or x > 1", False),
        ("x < 0x10 and x < 1_000", True),
        ("x in {1, 0.3}", True),
        ("x not in (1, 0.30)", False),
        ("x < 1  # at most", True),
    ],
)
def test_arithmetic_is_exact_and_binds_as_in_python(text, truth):
    """Worked examples: decimals, rounding down, precedence, chains, literals."""
    known = {"x": D("0.3")}
    assert ParameterConstraint.parse(text, known).holds(known) is truth


@pytest.mark.parametrize(
    ("text", "at_zero"),
    [
        ("a / b > 2", False),
        ("not a / b > 2", False),
        ("a // b > 2 or true", False),
        ("a % b == 0", False),
        ("b == 0 or a / b > 2", True),
        ("b != 0 and a / b > 2", False),
        ("b < 0 < a / b", False),
        ("b in (0, a / b)", True),
        ("b in (1, a / b)", False),
        ("min(a, 1 / b) < 9", False),
        ("1 / (b - b) != 5", False),
        ("a / -b != 5", False),
    ],
)
def test_a_division_by_zero_that_is_reached_never_holds(text, at_zero):
    """Whatever stands around it; and, or, in and chains stop early."""
    constraint = ParameterConstraint.parse(text, ["a", "b"])
    assert constraint.holds({"a": 6, "b": 0}) is at_zero


def test_true_is_not_one():
    """Kinds that only a space of mixed values brings together are never equal."""
    constraint = ParameterConstraint.parse("p == q", ["p", "q"])
    for p, q in (("1", "1"), (1, D("1.0")), (True, True)):
        assert constraint.holds({"p": p, "q": q})
    mixed = Axis.choices("p", ["a", True])
    space = Space((mixed, Axis.choices("q", ["a", 1])), {}, (constraint,))
    assert [p for p in product((0, 1), (0, 1)) if space.feasible(p)] == [(0, 0)]


def test_values_of_any_kind_can_be_given():
    """One value's kind says nothing about its axis: unequal, not wrong."""
    constraint = ParameterConstraint.parse("p == 3 or p == 'b'", ["p"])
    assert [constraint.holds({"p": p}) for p in (3, 4, "b", "c", True)] == [
        *(True, False, True, False, False)
    ]


def test_numbers_far_apart_are_compared_exactly():
    """Thirty digits on each side of the point, beyond what floats or a context could hold."""
    low, high = D("1E-30"), 10**30 - 1
    space = Space((Axis.listed("x", [low, 1, high]),), {"tiny": low})
    holds = ParameterConstraint.parse("x * x - tiny > x * (x - tiny)", ["x", "tiny"]).holds
    for value in space.axes[0].values:
        truth = -Fraction(low) > -Fraction(value) * Fraction(low)
        assert holds({"x": value, "tiny": low}) is truth


def test_power_by_multiplying_stays_cheap():
    """The longest product that fits in a constraint: 60 factors of 30 digits each."""
    text = " * ".join(["x"] * 58) + " > 0"
    space = Space((Axis.listed("x", [10**30 - 1]),))
    constraint = ParameterConstraint.parse(text, {"x": space.axes[0]})
    assert Space(space.axes, {}, (constraint,)).feasible((0,))
