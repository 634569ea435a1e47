"""Values that the strategy cannot read as what they are stop the run once a harness tells."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import StrategyError
from leanopt_core.search.read_types import TypeCheck
from leanopt_core.space import Axis, Space
from leanopt_core.work import Category, Failure, Outcome

HALVES = Axis.decimals("fast", Decimal(3), Decimal(12), Decimal("0.5"))


def told(**types: str) -> Outcome:
    """Return what a backtest gives that read parameters as these types."""
    return Outcome(read_types={name: frozenset(one.split()) for name, one in types.items()})


def message(space: Space, *outcomes: Outcome) -> str:
    """Return the message of the error that these outcomes raise, empty where none is."""
    check = TypeCheck(space)
    try:
        check.saw(outcomes)
    except StrategyError as error:
        return str(error)
    return ""


def test_fractions_of_an_int_stop_the_run() -> None:
    """With the parameter, the value, the type, and what to write instead."""
    assert message(Space((HALVES,)), told(fast="int")) == (
        "parameters.fast: found 3.5, but the strategy reads it as int: expected whole numbers; "
        "write whole numbers (step = 1), or read it as a decimal number in the strategy "
        "(a default of 10.0, not 10)"
    )


def test_every_mismatch_is_named() -> None:
    """Of fixed parameters too; in the order of their names."""
    space = Space(
        (HALVES, Axis.choices("mode", ["a", "b"])), {"size": Decimal("1.5"), "flag": True}
    )
    lines = message(space, told(fast="int", mode="double", size="int", flag="decimal")).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "parameters.fast",
        "parameters.flag",
        "parameters.mode",
        "parameters.size",
    ]
    assert lines[1].startswith(
        "parameters.flag: found true, but the strategy reads it as decimal: expected a number; "
    )
    assert lines[2].startswith("parameters.mode: found a, but the strategy reads it as double: ")


@pytest.mark.parametrize("types", ["decimal", "double", "text", "decimal double text"])
def test_fractions_fit_other_types(types: str) -> None:
    """And texts fit everything."""
    assert message(Space((HALVES,)), told(fast=types)) == ""


@pytest.mark.parametrize("types", ["int text", "int double"])
def test_one_of_several_types_that_does_not_fit_is_enough(types: str) -> None:
    """LEAN takes the default there, whatever else the strategy asks for."""
    assert "reads it as int" in message(Space((HALVES,)), told(fast=types))


@pytest.mark.parametrize("value", ["auto", True, False])
def test_who_reads_the_text_too_can_tell_what_is_no_number(value: str | bool) -> None:
    """It reads a number only where there is one."""
    space = Space((), {"fast": value})
    assert message(space, told(fast="int text")) == message(space, told(fast="double text")) == ""
    assert message(space, told(fast="int"))
    assert message(space, told(fast="double"))


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31), 0, "12", "-12", " +3 "])
def test_whole_numbers_of_32_bits_fit_an_int(value: int | str) -> None:
    """Up to the last; as texts too."""
    assert message(Space((), {"fast": value}), told(fast="int")) == ""


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, "12.0", "1e3", "1 2", ""])
def test_others_do_not(value: int | str) -> None:
    """LEAN reads none of them."""
    assert "expected whole numbers of 32 bits" in message(
        Space((), {"fast": value}), told(fast="int")
    )


@given(st.decimals(-50, 50, places=2), st.decimals("0.01", 5, places=2), st.integers(0, 40))
def test_a_grid_is_judged_as_all_its_values_are(low: Decimal, step: Decimal, more: int) -> None:
    """By those that are looked at."""
    axis = Axis.decimals("fast", low, low + step * more, step)
    fractions = any(value != int(value) for value in axis.values)
    assert bool(message(Space((axis,)), told(fast="int"))) == fractions


def test_what_comes_late_is_judged_too() -> None:
    """A strategy may read a parameter under a condition; one that fails has read all the same."""
    check = TypeCheck(Space((HALVES,)))
    for _ in range(100):
        check.saw([Outcome(), told(slow="int")])
    failed = Outcome(
        failure=Failure(Category.STRATEGY, "no"), read_types={"fast": frozenset({"int"})}
    )
    with pytest.raises(StrategyError):
        check.saw([failed])


def test_what_is_not_given_is_the_strategys_own() -> None:
    """Whatever it is read as."""
    assert message(Space((HALVES,)), told(slow="int", fast="double")) == ""
