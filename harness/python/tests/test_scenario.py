"""The scenario that a strategy sees."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from leanopt_harness import Scenario

GIVEN = {
    "symbol": "SPY",
    "start": "2004-01-02",
    "end": "2016-12-30",
    "cash": 5000,
    "data": "/data/lean",
    "warmup": 60,
    "market": "usa",
    "pairs": ["A", ["B", 1]],
}


def test_its_fields_have_their_types() -> None:
    """Dates, money and a path, not texts."""
    scenario = Scenario.of(GIVEN)
    assert scenario.symbol == "SPY"
    assert (scenario.start, scenario.end) == (date(2004, 1, 2), date(2016, 12, 30))
    assert scenario.cash == 5000.0
    assert isinstance(scenario.cash, float)
    assert scenario.data == Path("/data/lean")
    assert scenario.warmup == 60


def test_what_is_not_given_is_none_or_the_default() -> None:
    """A missing key and a null are the same."""
    nothing = Scenario.of(dict.fromkeys(("symbol", "start", "end", "cash", "data", "warmup")))
    assert nothing == Scenario.of({}) == Scenario()
    assert (nothing.start, nothing.end, nothing.data) == (None, None, None)
    assert (nothing.cash, nothing.warmup) == (100_000.0, 0)


def test_extras_are_reached_by_attribute_and_as_in_a_mapping() -> None:
    """And so are the fields, as in a mapping."""
    scenario = Scenario.of(GIVEN)
    assert scenario.market == scenario["market"] == scenario.get("market") == "usa"
    assert scenario.pairs == ("A", ("B", 1))
    assert scenario["symbol"] == scenario.get("symbol") == "SPY"
    assert scenario.get("tick", 0.01) == 0.01
    assert "market" in scenario
    assert "symbol" in scenario
    assert "tick" not in scenario


@pytest.mark.parametrize("error", [AttributeError, KeyError])
def test_a_missing_name_names_the_nearest(error: type[Exception]) -> None:
    """By attribute and by subscript."""
    scenario = Scenario.of(GIVEN)
    with pytest.raises(error, match='the scenario has no "markt": the nearest is "market"'):
        scenario.markt if error is AttributeError else scenario["markt"]


def test_it_is_a_value() -> None:
    """Frozen, equal by content, hashable, and the same after a journey."""
    scenario = Scenario.of(GIVEN)
    with pytest.raises(FrozenInstanceError):
        scenario.symbol = "QQQ"  # type: ignore[misc]  # what it is about
    for other in (
        Scenario.of(GIVEN),
        copy.deepcopy(scenario),
        pickle.loads(pickle.dumps(scenario)),  # noqa: S301 - made here
    ):
        assert other == scenario
        assert hash(other) == hash(scenario)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": "2004-13-01"}, "scenario.start is '2004-13-01': expected a date, YYYY-MM-DD"),
        ({"end": 20041301}, "scenario.end is 20041301: expected a date, YYYY-MM-DD"),
        ({"cash": "much"}, "scenario.cash is 'much': expected a finite number"),
        ({"cash": True}, "scenario.cash is True: expected a finite number"),
        ({"cash": float("inf")}, "scenario.cash is inf: expected a finite number"),
        ({"warmup": -1}, "scenario.warmup is -1: expected a whole number of days"),
        ({"warmup": "60d"}, "scenario.warmup is '60d': expected a whole number of days"),
        ({"warmup": True}, "scenario.warmup is True: expected a whole number of days"),
        ({"symbol": 7}, "scenario.symbol is 7: expected a string"),
        ({"data": []}, "scenario.data is []: expected a string"),
        (
            {"x": [{"a": 1}]},
            "scenario.x is {'a': 1}: expected a string, a finite number, true, false, null or a",
        ),
    ],
)
def test_a_wrong_value_is_named(given: dict[str, Any], message: str) -> None:
    """Key, value, and what was expected."""
    with pytest.raises(ValueError, match="scenario") as caught:
        Scenario.of(given)
    assert message in str(caught.value)
