"""Axes: exact grids, lists and choices, and what is refused."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, AxisError, number_text, usable_in_constraints

D = Decimal

decimals = st.decimals(-1000, 1000, allow_nan=False, places=4)
steps = st.decimals("0.0001", 100, places=4)


@given(decimals, decimals, steps)
def test_a_decimal_grid_is_min_plus_steps_up_to_max(one, other, step):
    """Every value is exactly min + i*step; the last one fits, the next would not."""
    low, high = min(one, other), max(one, other)
    axis = Axis.decimals("x", low, high, step)
    assert Fraction(axis.value(0)) == Fraction(low)
    last = Fraction(axis.value(len(axis) - 1))
    assert last == Fraction(low) + (len(axis) - 1) * Fraction(step)
    assert last <= Fraction(high) < last + Fraction(step)
    for level in {0, len(axis) // 2, len(axis) - 1}:
        value = axis.value(level)
        assert isinstance(value, Decimal)
        assert Fraction(value) == Fraction(low) + level * Fraction(step)
        assert axis.level(value) == level


@given(decimals, steps, st.integers(1, 40))
def test_the_decimal_context_does_not_matter(low, step, count):
    """Precision 2 gives the values and texts that precision 28 gives."""
    high = low + step * count
    axis = Axis.decimals("x", low, high, step)
    expected = [(value, number_text(value)) for value in axis.values]
    with localcontext() as context:
        context.prec = 2
        again = Axis.decimals("x", low, high, step)
        assert again == axis
        assert [(value, number_text(value)) for value in again.values] == expected
        assert [again.level(value) for value, _ in expected] == list(range(len(expected)))


@given(st.integers(-500, 500), st.integers(0, 300), st.integers(1, 50))
def test_an_int_grid_is_a_range(low, span, step):
    """Values are Python ints, those of range."""
    axis = Axis.integers("x", low, low + span, step)
    assert list(axis.values) == list(range(low, low + span + 1, step))
    assert all(type(value) is int for value in axis.values)


def test_max_off_the_grid_is_not_reached():
    """0.1 to 0.35 by 0.1 ends at 0.3, exactly and in short texts."""
    axis = Axis.decimals("x", D("0.10"), D("0.35"), D("0.1"))
    assert [number_text(value) for value in axis.values] == ["0.1", "0.2", "0.3"]


def test_numbers_reach_from_thirty_digits_to_thirty_places():
    """Exact at both ends, together too, however the numbers are written."""
    tiny, huge = D("1E-30"), D("1E+29")
    axis = Axis.decimals("x", huge, D("1" + "0" * 28 + "1"), D("0.25"))
    assert [number_text(v) for v in axis.values[:2]] == ["1" + "0" * 29, "1" + "0" * 29 + ".25"]
    axis = Axis.decimals("x", -huge, -huge, tiny)
    assert axis.values[0] == -huge
    axis = Axis.decimals("x", tiny, D("9E-30"), D("3E-30"))
    assert [number_text(v) for v in axis.values] == [f"0.{'0' * 29}{n}" for n in (1, 4, 7)]
    axis = Axis.listed("x", [-huge, -tiny, 0, tiny, D("99999E+25")])
    assert [axis.level(value) for value in axis.values] == [0, 1, 2, 3, 4]
    assert Axis.decimals("x", 0, D("1.00000000000000000"), D("1E-0")).values[1] == 1


def test_a_huge_axis_costs_nothing():
    """10**18 values are a range, sliced and looked up without walking."""
    axis = Axis.decimals("x", 0, 10**9, D("0.000000001"))
    assert len(axis) == 10**18 + 1
    assert axis.level(D("123456789.000000001")) == 123456789000000001
    assert list(axis.values[5:7]) == [D("5E-9"), D("6E-9")]


def test_equal_grids_are_equal_however_written():
    """Trailing zeros, an unreachable max and the step of a single value do not count."""
    assert Axis.decimals("x", D("0.10"), D("0.50"), D("0.20")) == Axis.decimals(
        "x", D("0.1"), D("0.6"), D("0.2")
    )
    assert Axis.decimals("x", 1, D("1.3"), D("0.7")) == Axis.decimals("x", 1, 1, 5)
    assert hash(Axis.integers("x", 1, 1, 3)) == hash(Axis.integers("x", 1, 2, 9))


def test_lists_and_choices_keep_their_values():
    """Listed numbers are of one type; choices stay as given, in the order given."""
    assert Axis.listed("x", [1, 2, 13]).values == (1, 2, 13)
    mixed = Axis.listed("x", [1, D("1.50"), 2]).values
    assert [(type(v), number_text(v)) for v in mixed] == [
        (Decimal, "1"),
        (Decimal, "1.5"),
        (Decimal, "2"),
    ]
    axis = Axis.choices("x", ["b", "a", 3, D("0.5")])
    assert axis.values == ("b", "a", 3, D("0.5"))
    assert [axis.level(value) for value in axis.values] == [0, 1, 2, 3]
    assert Axis.choices("x", [False, True]).level(True) == 1


def test_only_choices_have_no_order():
    """Grids and lists have neighbours, choices do not."""
    assert Axis.integers("x", 1, 2).ordered
    assert Axis.decimals("x", 1, 2, 1).ordered
    assert Axis.listed("x", [1, 3]).ordered
    assert not Axis.choices("x", [1, 3]).ordered


def test_equal_numbers_have_one_level():
    """5, 5.0 and 5E0 are one value, on int and float axes."""
    ints, floats = Axis.integers("x", 1, 9, 2), Axis.decimals("x", 1, 9, 2)
    for five in (5, D("5.0"), D("5E0")):
        assert ints.level(five) == floats.level(five) == 2


@given(st.lists(decimals, min_size=1, max_size=12, unique=True), decimals)
def test_the_nearest_level_is_the_nearest(values, number):
    """Compared with the distances to all values; the lower one of two equals."""
    axis = Axis.listed("x", sorted(values))
    distances = [abs(Fraction(own) - Fraction(number)) for own in sorted(values)]
    assert axis.nearest_level(number) == distances.index(min(distances))


@pytest.mark.parametrize(
    ("axis", "value", "message"),
    [
        (
            Axis.integers("x", 5, 60),
            61,
            "61 is not among its values 5, 6, 7, ... 60 (nearest: 60)",
        ),
        (
            Axis.integers("x", 0, 9, 3),
            D("4.6"),
            "4.6 is not among its values 0, 3, 6, 9 (nearest: 6)",
        ),
        (Axis.integers("x", 0, 1), True, "true is not among its values 0, 1 (expected a number)"),
        (Axis.integers("x", 0, 1), "1", "'1' is not among its values 0, 1 (expected a number)"),
        (
            Axis.integers("x", 0, 1),
            0.5,
            "the value must be a number, a text, true or false, found float 0.5",
        ),
        (Axis.integers("x", 0, 1), D("NaN"), "the value is not a finite number"),
        (
            Axis.choices("x", ["close", "trail"]),
            "trial",
            "'trial' is not among its values 'close', 'trail' (did you mean 'trail'?)",
        ),
        (
            Axis.choices("x", [0, 1]),
            False,
            "false is not among its values 0, 1 (choose from: 0, 1)",
        ),
        (Axis.choices("x", [False]), 0, "0 is not among its values false (choose from: false)"),
    ],
)
def test_a_value_off_the_axis_is_named_with_the_nearest(axis, value, message):
    """The message says the value, the values there are and the nearest."""
    with pytest.raises(AxisError) as caught:
        axis.level(value)
    assert str(caught.value) == f"parameter 'x': {message}"


@pytest.mark.parametrize("level", [-1, 5])
def test_a_level_outside_is_refused(level):
    """Python's negative indices do not reach the end of an axis."""
    with pytest.raises(AxisError, match="has levels 0 to 4, found level"):
        Axis.integers("x", 1, 5).value(level)


def test_choices_have_no_nearest_level():
    """No distance is made up between choices."""
    with pytest.raises(AxisError, match="choices have no nearest value"):
        Axis.choices("x", [1, 2]).nearest_level(1)


TOO_LONG = "has more than 30 digits before or after the decimal point"

REFUSED = {
    "min 60 is above max 5": lambda: Axis.integers("x", 60, 5),
    "min 0.2 is above max 0.1": lambda: Axis.decimals("x", D("0.2"), D("0.1"), 1),
    "step must be above 0, found 0": lambda: Axis.integers("x", 1, 5, 0),
    "step must be above 0, found -0.5": lambda: Axis.decimals("x", 1, 5, D("-0.5")),
    "max of an int parameter must be whole, found 5.5": lambda: Axis.integers("x", 1, D("5.5")),
    "step must be an exact number, found float 0.1": lambda: Axis.decimals("x", 1, 5, 0.1),
    "min must be an exact number, found 'a'": lambda: Axis.integers("x", "a", 5),
    "min must be an exact number, found true": lambda: Axis.integers("x", True, 5),
    "max must be an exact number, found NoneType None": lambda: Axis.integers("x", 1, None),
    "max is not a finite number": lambda: Axis.decimals("x", 1, D("inf"), 1),
    "min is not a finite number": lambda: Axis.decimals("x", D("sNaN"), 1, 1),
    f"step {TOO_LONG}": lambda: Axis.decimals("x", 1, 2, D("1E-31")),
    f"max {TOO_LONG}": lambda: Axis.decimals("x", 1, D("1E+999999"), 1),
    f"min {TOO_LONG}": lambda: Axis.integers("x", -(10**30), 1),
    "has more than 2**63 - 1 values; use a larger step": lambda: Axis.integers("x", 0, 10**19),
    "values is empty; for a fixed parameter write the plain value": lambda: Axis.listed("x", []),
    "values must be a list, found 'abc'": lambda: Axis.listed("x", "abc"),
    "choices must be a list, found 5": lambda: Axis.choices("x", 5),
    "values[1] repeats values[0]: both are '1'": lambda: Axis.listed("x", [1, D("1.0")]),
    "choices[2] repeats choices[0]: both are '1'": lambda: Axis.choices("x", ["1", "a", 1]),
    "values[1] must be an exact number, found 'a'": lambda: Axis.listed("x", [1, "a"]),
    "values[0] must be an exact number, found false": lambda: Axis.listed("x", [False]),
    "values must increase, but values[2] is 1.5 after 2; for unordered values use choices": (
        lambda: Axis.listed("x", [1, 2, D("1.5")])
    ),
    "choices cannot mix true or false with numbers": lambda: Axis.choices("x", [True, 0]),
    "choices[0] must be a number, a text, true or false, found list [1]": (
        lambda: Axis.choices("x", [[1]])
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_an_axis_that_makes_no_sense_is_refused(message):
    """Each mistake has its own message, the parameter's name apart from it."""
    with pytest.raises(SpaceError) as caught:
        REFUSED[message]()
    assert str(caught.value) == f"parameter 'x': {message}"
    assert isinstance(caught.value, AxisError)
    assert (caught.value.name, caught.value.problem) == ("x", message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "parameter '': a name cannot be empty"),
        ("  ", "parameter '  ': a name cannot be empty"),
        ("a\nb", "parameter 'a\\nb': a name cannot have control characters or line breaks"),
        ("a\x00", "parameter 'a\\x00': a name cannot have control characters or line breaks"),
        (5, "parameter '5': a name must be text, found 5"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused(name, message):
    """Blank names, control characters and other types."""
    for make in (lambda: Axis.integers(name, 1, 2), lambda: Axis.choices(name, ["a"])):
        with pytest.raises(AxisError) as caught:
            make()
        assert str(caught.value) == message


def test_hostile_input_does_not_fill_the_screen():
    """A name and a number of a megabyte are refused in one line."""
    with pytest.raises(AxisError) as caught:
        Axis.choices("x" * 10**6 + "\n", ["a"])
    assert len(str(caught.value)) < 250
    with pytest.raises(AxisError) as caught:
        Axis.decimals("x", D("1" * 10**6), 1, 1)
    assert str(caught.value) == f"parameter 'x': min {TOO_LONG}"


def test_only_plain_words_can_stand_in_constraints():
    """Any printable name names a parameter; constraints take identifiers that Unicode keeps."""
    assert all(map(usable_in_constraints, ("fast", "_x1", "größe")))
    for name in ("stop-loss", "a b", "1st", "lambda", "true", "ﬁ"):
        assert Axis.integers(name, 1, 2).name == name
        assert not usable_in_constraints(name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (D("0.10"), "0.1"),
        (D("1E-7"), "0.0000001"),
        (D("1E+3"), "1000"),
        (D("-0.0"), "0"),
        (D("123456789012345678901234567890.5"), "123456789012345678901234567890.5"),
        (True, "true"),
        ("1.0", "1.0"),
    ],
)
def test_numbers_have_one_text(value, text):
    """No exponents, no trailing zeros, no negative zero."""
    assert number_text(value) == text


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12
    )
)
def test_the_text_of_a_number_is_the_number(value):
    """Reading the text gives the same number, whatever the context."""
    with localcontext() as context:
        context.prec = 3
        assert D(number_text(value)) == value


@pytest.mark.parametrize("value", [D("NaN"), D("inf"), D("1E+40"), 10**30])
def test_no_text_for_what_is_no_exact_number(value):
    """NaN and infinity never travel."""
    with pytest.raises(ValueError, match=r"finite|digits"):
        number_text(value)
