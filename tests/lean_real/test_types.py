"""As which types a strategy reads its parameters, and what fits them: what LEAN really does."""

from __future__ import annotations

from typing import Any

import pytest

from leanopt_core.engines.inline import read_types
from leanopt_core.errors import StrategyError
from leanopt_core.search.read_types import TypeCheck
from leanopt_core.space import Space
from leanopt_core.work import Outcome
from tests.lean_real.conftest import Strategy

pytestmark = pytest.mark.slow

TYPES = {
    "bare": "text",
    "decimal": "decimal",
    "double": "double",
    "int": "int",
    "member-bool": "text",
    "member-decimal": "decimal",
    "member-double": "double",
    "member-int": "int",
    "Property": "text",
    "several": "text",
    "text": "text",
}
NUMBERS = ("int", "decimal", "double", "member-int", "member-decimal", "member-double")


def said(csharp: Strategy, **parameters: str) -> dict[str, str]:
    """Return what the strategy got, by the way that it was read."""
    told = csharp.run(name="Types", **parameters)["runtimeStatistics"]
    return {
        name.removeprefix("Read "): text for name, text in told.items() if name.startswith("Read ")
    }


def fits(answer: dict[str, Any], name: str, text: str) -> bool:
    """Say whether leanopt lets a value pass that the strategy reads so."""
    types = {name: read_types(answer)[name]}
    try:
        TypeCheck(Space((), {name: text})).saw([Outcome(read_types=types)])
    except StrategyError:
        return False
    return True


def test_overloads_and_members_are_told(csharp: Strategy) -> None:
    """Given or not, time after time; a member of 64 bits is none of the protocol's types."""
    for parameters in ({}, {"int": 5, "several": 3}, {"member-int": 5}):
        answer = csharp.run(name="Types", **parameters)
        # The number is asked for only where there is a text.
        several = ["int", "text"] if "several" in parameters else "text"
        assert answer["read_types"] == {**TYPES, "several": several}
        assert {*answer["read"]} - {*TYPES} <= {"member-long", "all"}


def test_types_are_told_however_often_code_has_run(bands: Strategy) -> None:
    """Code is optimized meanwhile, and calls become other ones."""
    first = bands.run()["read_types"]
    assert first["fast"] == first["slow"] == "int"
    for _ in range(100):
        assert bands.run()["read_types"] == first


def test_python_is_told_by_the_overload_that_it_reaches(python: Strategy) -> None:
    """The default decides."""
    assert python.run(fast=5)["read_types"] == {
        **dict.fromkeys(("fault", "from", "ticker", "until", "warm"), "text"),
        **dict.fromkeys(("fast", "slow"), "int"),
        "money": "double",
    }


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "3.5",
        "3.0",
        "-12",
        "+3",
        " 3",
        "2147483647",
        "2147483648",
        "1e3",
        ".5",
        "5.",
        "x",
        "true",
    ],
)
def test_what_fits_is_what_lean_reads(csharp: Strategy, text: str) -> None:
    """Else it takes the default, and says nothing."""
    answer = csharp.run(name="Types")
    for name in NUMBERS:
        if (name, text) == ("member-decimal", "1e3"):
            continue  # the overload takes it: nobody writes numbers so
        told = said(csharp, **{name: text})
        assert fits(answer, name, text) == (told[name] != "-7"), name
    assert said(csharp, text=text)["text"] == text
