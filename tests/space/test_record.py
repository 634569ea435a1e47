"""A space as JSON and back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, ParameterConstraint, Space, number_text

D = Decimal


def test_the_record_says_everything():
    """Grids by their ends, decimals apart from ints, constraints as they were written."""
    known = {
        "fast": Axis.integers("fast", 5, 62, 5),
        "stop": Axis.decimals("stop", D("0.010"), 1, D("0.3")),
        "hold": Axis.listed("hold", [1, 2, 5]),
        "exit": Axis.choices("exit", ["close", 1, D("0.50")]),
        "one": Axis.integers("one", 3, 3),
    }
    constraint = ParameterConstraint.parse("fast  > hold", known)
    space = Space(known.values(), {"size": D("1.50"), "live": True}, (constraint,))
    assert space.to_dict() == {
        "axes": [
            {"name": "fast", "kind": "int", "min": 5, "max": 60, "step": 5},
            {
                "name": "stop",
                "kind": "float",
                "min": {"decimal": "0.01"},
                "max": {"decimal": "0.91"},
                "step": {"decimal": "0.3"},
            },
            {"name": "hold", "kind": "values", "values": [1, 2, 5]},
            {"name": "exit", "kind": "choices", "values": ["close", 1, {"decimal": "0.5"}]},
            {"name": "one", "kind": "int", "min": 3, "max": 3},
        ],
        "fixed": {"live": True, "size": {"decimal": "1.5"}},
        "constraints": ["fast  > hold"],
    }


numbers = st.decimals(-100, 100, places=3)
axes = st.one_of(
    st.builds(
        lambda low, span, step: Axis.integers("x", low, low + span, step),
        *(st.integers(-99, 99), st.integers(0, 50), st.integers(1, 9)),
    ),
    st.builds(
        lambda low, span, step: Axis.decimals("x", low, low + span, step),
        *(numbers, st.integers(0, 20), st.decimals("0.025", 9, places=3)),
    ),
    st.lists(numbers | st.integers(-99, 99), min_size=1, max_size=5).map(
        lambda found: Axis.listed("x", sorted(set(found)))
    ),
    st.lists(numbers | st.text(max_size=3), min_size=1, max_size=5, unique_by=number_text).map(
        lambda found: Axis.choices("x", found)
    ),
    st.just(Axis.choices("x", [True, False])),
)


@pytest.mark.long
@given(axes, st.dictionaries(st.sampled_from("abc"), numbers | st.booleans() | st.text(max_size=3)))
def test_a_space_survives_json(axis, fixed):
    """Written as JSON and read again, it is equal, types and all, and gives the same record."""
    constraints = [ParameterConstraint.parse("x == x", ["x"])]
    space = Space((axis,), fixed, constraints)
    again = Space.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again == space
    assert [repr(own) for own in again.axes[0].values] == [repr(own) for own in axis.values]
    assert again.to_dict() == space.to_dict()


def test_equal_grids_give_equal_records():
    """However their numbers and the order of the fixed ones are written."""
    one = Space((Axis.decimals("x", D("0.10"), D("0.50"), D("0.2")),), {"a": 1, "b": D("2.0")})
    two = Space((Axis.decimals("x", D("0.1"), D("0.6"), D("0.20")),), {"b": D("2"), "a": 1})
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"axes": 5, "fixed": {}, "constraints": []},
        {"axes": [{"name": "x"}], "fixed": {}, "constraints": []},
        {"axes": [{"name": "x", "kind": "cubes", "values": []}], "fixed": {}, "constraints": []},
        {"axes": [{"name": "x", "kind": "int", "min": "a"}], "fixed": {}, "constraints": []},
        {
            "axes": [{"name": "x", "kind": "int", "min": 2, "max": 1}],
            "fixed": {},
            "constraints": [],
        },
        {"axes": [], "fixed": [], "constraints": []},
        {"axes": [], "fixed": {"a": {"decimal": "x"}}, "constraints": []},
        {"axes": [], "fixed": {"a": {"decimal": "NaN"}}, "constraints": []},
        {"axes": [], "fixed": {"a": {"number": "1"}}, "constraints": []},
        {"axes": [], "fixed": {"a": 0.5}, "constraints": []},
        {"axes": [], "fixed": {"a": 1}, "constraints": [5]},
        {"axes": [], "fixed": {"a": 1}, "constraints": ["b > 1"]},
    ],
)
def test_what_is_no_record_is_refused(record):
    """A damaged or foreign record is an error of the space, never a traceback."""
    with pytest.raises(SpaceError):
        Space.from_dict(record)
