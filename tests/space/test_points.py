"""Points, values and ranks lead to one another; what is none is named."""

import pickle
from decimal import Decimal
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, AxisError, ConstraintError, ParameterConstraint, Space

D = Decimal

SPACE = Space(
    (
        Axis.integers("fast", 5, 60, 5),
        Axis.decimals("stop", D("0.01"), D("0.1"), D("0.005")),
        Axis.listed("hold", [1, 2, 3, 5, 8]),
        Axis.choices("exit", ["close", "trail"]),
    ),
    {"size": 1000, "live": False},
)

sizes = st.lists(st.integers(1, 10**6), max_size=6)


def grid(lengths):
    """Return a space of int axes of these lengths."""
    return Space(Axis.integers(f"x{i}", 1, length) for i, length in enumerate(lengths))


@given(sizes, st.data())
def test_ranks_and_points_lead_to_one_another(lengths, data):
    """Any rank gives a point on the grid whose rank it is, as mixed-radix digits."""
    space = grid(lengths)
    rank = data.draw(st.integers(0, space.grid_size - 1))
    point = space.point_at(rank)
    assert space.contains(point)
    assert space.grid_index(point) == rank
    back = 0
    for level, length in zip(point, lengths, strict=True):
        back = back * length + level
    assert back == rank


@given(st.lists(st.integers(1, 4), max_size=4))
def test_ranks_number_the_grid_in_order(lengths):
    """All points of the grid, each once, the last axis running fastest."""
    space = grid(lengths)
    expected = list(product(*(range(length) for length in lengths)))
    assert [space.point_at(rank) for rank in range(space.grid_size)] == expected
    assert [space.grid_index(point) for point in expected] == list(range(len(expected)))


@given(st.integers(0, SPACE.grid_size - 1))
def test_points_and_values_lead_to_one_another(rank):
    """With the fixed ones or without, in any order, and however numbers are written."""
    point = SPACE.point_at(rank)
    values = SPACE.values(point)
    assert list(values) == ["fast", "stop", "hold", "exit", "size", "live"]
    assert values["size"] == 1000
    assert values["live"] is False
    assert SPACE.point(values) == point
    searched = {name: values[name] for name in reversed(SPACE.names)}
    assert SPACE.point(searched) == point
    assert SPACE.point(searched | {"fast": D(f"{values['fast']}.0"), "size": D(1000)}) == point


@pytest.mark.parametrize("digits", [12, 30, 300])
def test_a_huge_space_opens_at_once(digits):
    """10**300 points: opened, ranked, sampled and measured without walking."""
    space = Space(Axis.integers(f"x{i}", 0, 9) for i in range(digits))
    assert space.grid_size == 10**digits
    assert (space.count().value, space.count().how) == (10**digits, "exact")
    last = space.point_at(10**digits - 1)
    assert last == (9,) * digits
    assert space.grid_index(last) == 10**digits - 1
    assert len(set(islice(space.sample(1), 100))) == 100


def test_a_space_may_have_nothing_to_search():
    """Fixed parameters only: one point, and it is the empty one."""
    space = Space((), {"size": 5})
    assert (space.grid_size, space.count().value) == (1, 1)
    assert space.point_at(0) == ()
    assert space.values(()) == {"size": 5}
    assert list(space.sample(3)) == [()]
    assert list(space.neighbours((), 2, "chebyshev")) == []


NOT_POINTS = [
    ([0, 0, 0, 0], "a point must be a tuple of levels, found list [0, 0, 0, 0]"),
    (None, "a point must be a tuple of levels, found NoneType None"),
    ((0, 0, 0), "a point must have 4 levels, found 3"),
    ((0,) * 5, "a point must have 4 levels, found 5"),
    ((0, 0, 0, 2), "'exit' has levels 0 to 1, found 2"),
    ((-1, 0, 0, 0), "'fast' has levels 0 to 11, found -1"),
    ((10**5000, 0, 0, 0), "'fast' has levels 0 to 11, found int"),
    ((1.0, 0, 0, 0), "the level of 'fast' must be an int, found float 1.0"),
    ((True, 0, 0, 0), "the level of 'fast' must be an int, found true"),
    ((0, 0, 0, "trail"), "the level of 'exit' must be an int, found 'trail'"),
]


@pytest.mark.parametrize(("point", "message"), NOT_POINTS)
def test_what_is_no_point_is_named(point, message):
    """By every method that needs a point of the grid."""
    assert not SPACE.contains(point)
    needy = (SPACE.validate, SPACE.values, SPACE.grid_index, SPACE.violated, SPACE.neighbours)
    for method in needy:
        with pytest.raises(SpaceError) as caught:
            method(point)
        assert str(caught.value) == message


@pytest.mark.parametrize("rank", [-1, SPACE.grid_size, pytest.param(10**5000, id="huge")])
def test_a_rank_outside_is_refused(rank):
    """Nothing wraps around."""
    with pytest.raises(SpaceError, match="points are numbered 0 to 2279, found"):
        SPACE.point_at(rank)


VALUES = SPACE.values((0, 0, 0, 0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (VALUES | {"fats": 1}, "no parameter 'fats'; did you mean 'fast'?"),
        ({"fast": 5}, "parameter 'stop': has no value"),
        (VALUES | {"size": 5}, "parameter 'size': is fixed at 1000, found 5"),
        (VALUES | {"live": 0}, "parameter 'live': is fixed at false, found 0"),
        (
            VALUES | {"fast": 7},
            "parameter 'fast': 7 is not among its values 5, 10, 15, ... 60 (nearest: 5)",
        ),
        (
            VALUES | {"stop": 0.01},
            "parameter 'stop': the value must be a number, a text, true or false, found float 0.01",
        ),
    ],
)
def test_values_of_no_point_are_named(values, message):
    """Unknown, missing, unlike a fixed value, or off the grid, with the nearest right one."""
    with pytest.raises(SpaceError) as caught:
        SPACE.point(values)
    assert str(caught.value) == message


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.data())
def test_the_nearest_point_is_the_nearest(lengths, data):
    """No grid point is nearer on any axis, inside the grid and outside."""
    space = grid(lengths)
    real = [
        data.draw(st.floats(-100, 100) | st.sampled_from([float("inf"), -1e300])) for _ in lengths
    ]
    for level, wanted, length in zip(space.nearest(real), real, lengths, strict=True):
        clipped = min(max(wanted, 0), length - 1)
        assert abs(level - clipped) == min(abs(own - clipped) for own in range(length))


def test_nearest_takes_one_number_for_each_axis():
    """NaN has no nearest level; halves go to the even one; 2**53 is no border."""
    for levels in ([0.0], [0.0, float("nan"), 0, 0]):
        with pytest.raises(SpaceError, match="expected 4 levels, each a number"):
            SPACE.nearest(levels)
    assert SPACE.nearest([0.5, 1.5, 2.5, 9]) == (0, 2, 2, 1)
    assert Space((Axis.integers("x", 1, 2**63 - 1),)).nearest([1e19]) == (2**63 - 2,)


def test_axes_are_found_by_name():
    """A wrong name is answered with the nearest."""
    assert SPACE.axis("hold") is SPACE.axes[2]
    with pytest.raises(SpaceError, match="no searched parameter 'holt'; did you mean 'hold'"):
        SPACE.axis("holt")


def test_a_name_stands_for_one_parameter():
    """Searched twice, or searched and fixed."""
    x = Axis.integers("x", 1, 2)
    for axes, fixed in (((x, x), {}), ((x,), {"x": 1})):
        with pytest.raises(AxisError, match="parameter 'x': is defined twice"):
            Space(axes, fixed)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"a": 0.5}, "parameter 'a': the value must be a number, a text, true or false"),
        ({"a": D("nan")}, "parameter 'a': the value is not a finite number"),
        ({"": 1}, "parameter '': a name cannot be empty"),
    ],
)
def test_fixed_values_are_exact(fixed, message):
    """As those of axes are."""
    with pytest.raises(AxisError, match=message):
        Space((), fixed)


def test_a_constraint_must_fit_the_space():
    """Parsed for one space, it names what another one has not."""
    constraint = ParameterConstraint.parse("fast < 30", SPACE.names)
    assert Space(SPACE.axes, {}, (constraint,)).count().value == 5 * 19 * 5 * 2
    with pytest.raises(ConstraintError, match="fast is not a parameter"):
        Space((), {"first": 1}, (constraint,))


def test_a_space_cannot_be_changed():
    """Nor can its fixed parameters, by whoever is given it."""
    with pytest.raises(AttributeError):
        SPACE.axes = ()
    with pytest.raises(TypeError):
        SPACE.fixed["size"] = 5


def test_a_space_travels_to_other_processes():
    """A pickled space is equal and works."""
    constraint = ParameterConstraint.parse("fast < hold * 10", SPACE.names)
    space = Space(SPACE.axes, SPACE.fixed, (constraint,))
    again = pickle.loads(pickle.dumps(space))  # noqa: S301  # made one line above
    assert again == space
    assert hash(again) == hash(space)
    assert list(islice(again.sample(5), 50)) == list(islice(space.sample(5), 50))
