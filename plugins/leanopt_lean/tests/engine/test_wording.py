"""Requests as harnesses of all abilities are told them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from leanopt_lean.config import template
from leanopt_lean.wording import word

from leanopt_core.work import Request, Scenario

WARM = frozenset(
    {"config", "statistics", "equity", "trades", "dates", "cash", "warmup", "document"}
)
LAUNCHER = frozenset({"config"})
FOLDERS = {"results-destination-folder", "object-store-root"}
SPY = Scenario(
    "spy", "SPY", date(2004, 1, 2), date(2016, 12, 30), Decimal(100_000),
    {"resolution": "daily"}, {"start": "from"}, warmup=60,
)  # fmt: skip


def worded(abilities: frozenset[str], *outputs: str, scenario: Scenario = SPY) -> Request:
    """Return the request for a backtest in a harness with these abilities."""
    made = template("Trend", "CSharp", "{build}/Trend.dll", launcher="/Lean")
    return word(made, {"fast": "3"}, scenario, frozenset(outputs), abilities)


def told(request: Request) -> dict[str, Any]:
    """Return the request's members."""
    members: dict[str, Any] = json.loads(request.payload)
    return members


@pytest.mark.parametrize(
    ("abilities", "outputs", "folders"),
    [
        (WARM, (), False),
        (WARM, ("equity", "trades"), False),
        (WARM, ("document",), True),
        (WARM, ("document", "equity"), True),
        (WARM - {"document"}, ("document",), False),
        (LAUNCHER, (), True),
        (LAUNCHER, ("equity", "document"), True),
        (LAUNCHER | {"document"}, (), True),
        (LAUNCHER | {"scenario"}, ("trades",), True),
    ],
)
def test_folders_are_for_results_that_are_files(
    abilities: frozenset[str], outputs: tuple[str, ...], *, folders: bool
) -> None:
    """Documents where they are asked for, and all results of a harness without statistics."""
    request = worded(abilities, *outputs)
    there = FOLDERS & set(told(request)["config"])
    assert there == (FOLDERS if folders else set())
    assert request.folder == folders
    assert request.outputs == frozenset(outputs)


@pytest.mark.parametrize(
    ("abilities", "outputs"),
    [
        (WARM, ["document", "equity", "trades"]),
        (WARM - {"document"}, ["equity", "trades"]),
        (frozenset({"config", "statistics"}), None),
        (LAUNCHER | {"equity"}, None),
    ],
)
def test_outputs_are_named_where_the_harness_answers_with_them(
    abilities: frozenset[str], outputs: list[str] | None
) -> None:
    """What it does not know would be an error."""
    request = worded(abilities, "trades", "equity", "document")
    assert told(request).get("outputs") == outputs


@pytest.mark.parametrize("ability", ["dates", "cash", "warmup", "scenario"])
def test_a_harness_that_sets_a_field_is_told_the_scenario(ability: str) -> None:
    """All but its name and the names of parameters; dates as texts, cash as a number."""
    assert told(worded(LAUNCHER | {ability}))["scenario"] == {
        "symbol": "SPY",
        "start": "2004-01-02",
        "end": "2016-12-30",
        "cash": 100_000,
        "warmup": 60,
        "resolution": "daily",
    }


def test_other_harnesses_are_told_no_scenario() -> None:
    """They have its fields as parameters alone."""
    assert "scenario" not in told(worded(WARM - {"dates", "cash", "warmup"}))


def test_a_harness_of_the_base_form_is_told_a_file() -> None:
    """With the folders, the file's path and all that is filled in."""
    request = worded(frozenset({"scenario"}), "equity")
    assert told(request) == {"config_path": "{request}/config.json"}
    config = json.loads(request.files["config.json"])
    assert set(config) > FOLDERS
    assert set(request.placeholders) == {
        "{request}/config.json",
        "{build}/Trend.dll",
        "{data}",
        "{request}/results",
        "{request}/storage",
    }


def test_a_text_of_the_users_stays_what_it_is() -> None:
    """Of the texts that look like a path the first is the path."""
    made = template("Trend", "CSharp", "{build}/Trend.dll", launcher="/Lean", more={"a": "{data}"})
    request = word(made, {"b": "{data}"}, SPY, frozenset(), WARM)
    first = request.payload.index('"{data}"')
    assert request.payload[:first].endswith('"data-folder": ')
    assert told(request)["config"]["a"] == told(request)["config"]["parameters"]["b"] == "{data}"
