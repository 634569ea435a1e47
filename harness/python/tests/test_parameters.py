"""The parameters that a strategy reads, and which it has read."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_harness import Parameters

VALUES = st.integers() | st.floats(allow_nan=False) | st.text() | st.booleans()
GIVEN = st.dictionaries(st.text(), VALUES, min_size=1)


@given(GIVEN)
def test_they_are_a_mapping_equal_to_what_was_given(values: dict[str, Any]) -> None:
    """Lookups, length, iteration and membership are the dictionary's."""
    parameters = Parameters(values)
    assert dict(parameters) == values
    assert parameters == values
    assert list(parameters) == list(values)
    assert len(parameters) == len(values)
    assert all(name in parameters for name in values)


@given(GIVEN, st.data())
def test_exactly_the_names_asked_for_are_noted(values: dict[str, Any], data: st.DataObject) -> None:
    """By subscript, by `get`, by `in`, given or not; nothing else."""
    parameters = Parameters(values)
    looked_up = data.draw(st.sets(st.sampled_from(sorted(values))))
    got = data.draw(st.sets(st.text()))
    for name in looked_up:
        assert parameters[name] == values[name]
    for name in got:
        assert parameters.get(name, "default") == values.get(name, "default")
    asked = data.draw(st.sets(st.text()))
    for name in asked:
        assert (name in parameters) == (name in values)
    assert parameters.asked == looked_up | got | asked


@pytest.mark.parametrize(
    "read_all",
    [
        list,
        dict,
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda p: list(p.items()),
        lambda p: list(p.values()),
        lambda p: dict(**p),
        lambda p: {**p},
    ],
)
def test_taking_the_whole_reads_all(read_all: Callable[[Parameters], object]) -> None:
    """Iterating, unpacking, copying and pickling hand every name on."""
    parameters = Parameters({"fast": 5, "slow": 20})
    read_all(parameters)
    assert parameters.asked == {"fast", "slow"}


@pytest.mark.parametrize("glance", [len, repr, bool])
def test_a_glance_reads_nothing(glance: Callable[[Parameters], object]) -> None:
    """Length and representation tell a strategy nothing that it could act on."""
    parameters = Parameters({"fast": 5})
    glance(parameters)
    assert parameters.asked == frozenset()


def test_a_pickled_one_is_the_same() -> None:
    """What another process gets has the same values."""
    parameters = Parameters({"fast": 5, "exit": "close"})
    assert pickle.loads(pickle.dumps(parameters)) == parameters  # noqa: S301 - made here


@pytest.mark.parametrize(
    ("values", "name", "message"),
    [
        ({"fast": 5, "slow": 20}, "fats", 'no parameter "fats": the nearest given one is "fast"'),
        ({"Fast": 5}, "FAST", 'no parameter "FAST": the nearest given one is "Fast"'),
        ({"b": 5, "a": 20}, "period", 'no parameter "period": given are a, b'),
        ({}, "fast", 'no parameter "fast": none is given'),
    ],
)
def test_a_missing_one_names_the_nearest(values: dict[str, Any], name: str, message: str) -> None:
    """It is a KeyError with a message made for people."""
    with pytest.raises(KeyError) as caught:
        Parameters(values)[name]
    assert str(caught.value) == message


def test_they_cannot_be_written() -> None:
    """No assignment, no deletion; and the given dictionary stays its owner's."""
    values = {"fast": 5}
    parameters = Parameters(values)
    with pytest.raises(TypeError):
        parameters["fast"] = 6  # type: ignore[index]  # what it is about
    with pytest.raises(TypeError):
        del parameters["fast"]  # type: ignore[attr-defined]  # what it is about
    values["fast"] = 7
    assert parameters["fast"] == 5
