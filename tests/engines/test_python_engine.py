"""The Python engine: how it words requests and what it makes of answers, right or wrong."""

from __future__ import annotations

import base64
import json
from array import array
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.engines.base import PrepareContext
from leanopt_core.engines.python import PythonEngine, create
from leanopt_core.errors import StrategyError
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.harness.events import Hello
from leanopt_core.options import ProcessOptions, PythonStrategy
from leanopt_core.outputs import ClosedTrade
from leanopt_core.work import Answer, Backtest, Category, Outcome, Scenario

STRATEGY = """
from helper import FACTOR
from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    return Result({"Net Profit": FACTOR * parameters["x"]})
"""


@pytest.fixture
def engine(tmp_path: Path) -> PythonEngine:
    """An engine for a strategy with a helper module and a data folder."""
    (tmp_path / "strategy.py").write_text(STRATEGY)
    (tmp_path / "helper.py").write_text("FACTOR = 2\n")
    (tmp_path / "data").mkdir()
    return create(PythonStrategy(entry="strategy.py:run", data="data"), tmp_path)


@pytest.fixture
def executor(tmp_path: Path) -> ProcessExecutor:
    """A process executor."""
    return ProcessExecutor(ProcessOptions(), tmp_path)


def read(engine: PythonEngine, payload: dict[str, Any]) -> Outcome:
    """Return what the engine makes of an answer."""
    backtest = Backtest("key", {}, Scenario())
    return engine.read(Answer(payload), backtest, frozenset())


def packed(code: str, values: list[float]) -> str:
    """Return numbers as the protocol sends them."""
    return base64.b64encode(array(code, values).tobytes()).decode()


COMPLETE: dict[str, Any] = {"status": "complete", "statistics": {"Net Profit": 0.5}}


def test_a_request_has_exact_numbers_and_the_scenario(engine: PythonEngine) -> None:
    """Grid values are printed as they are stored; dates are ISO; data is a placeholder, first."""
    scenario = Scenario(
        "one",
        "SPY",
        date(2004, 1, 2),
        date(2005, 1, 2),
        Decimal("100000.10"),
        {"fee": 0.5, "limits": [9007199254740993, {"deep": Decimal("0.12345678901234567890")}]},
        warmup=60,
    )
    parameters = {"x": 10**20, "y": Decimal("0.10"), "z": "trail", "on": True}
    asked = frozenset({"equity", "document"})  # of the latter the harness knows nothing
    request = engine.request(Backtest("key", parameters, scenario), asked, Hello())
    assert request.placeholders == ("{data}",)
    assert request.payload.index('"{data}"') < request.payload.index("parameters")
    sent = json.loads(request.payload, parse_float=Decimal)
    assert sent["outputs"] == ["equity"]
    assert sent["backtest"]["scenario"] == {
        "data": "{data}", "symbol": "SPY", "start": "2004-01-02",
        "end": "2005-01-02", "cash": Decimal("100000.10"), "warmup": 60, "fee": Decimal("0.5"),
        "limits": [9007199254740993, {"deep": Decimal("0.12345678901234567890")}],
    }  # fmt: skip
    assert sent["backtest"]["parameters"] == {**parameters, "y": Decimal("0.1")}
    assert '"y":0.1' in request.payload


numbers = st.integers(-(10**29), 10**29) | st.decimals(-(10**9), 10**9, places=8)


@given(st.text(), st.text(), st.booleans() | numbers)
def test_any_names_and_texts_survive(name: str, text: str, value: Any) -> None:
    """Whatever stands in a name or a value, the request is JSON that says it again."""
    engine = PythonEngine(PythonStrategy(entry="s.py:run"), Path())
    parameters = {name: text, f"{name}2": value}
    request = engine.request(Backtest("key", parameters, Scenario()), frozenset(), Hello())
    assert request.placeholders == ()
    sent = json.loads(request.payload, parse_float=Decimal)["backtest"]["parameters"]
    assert sent == parameters


def test_a_complete_answer_is_read(engine: PythonEngine) -> None:
    """Statistics, curve, trades and the names that were read."""
    outcome = read(
        engine,
        {
            **COMPLETE,
            "read": ["x"],
            "equity": {"times": packed("q", [86400, 172800]), "values": packed("d", [1.0, 2.5])},
            "trades": [[1, 2, None], [3.0, 2.5, 10.0, -1, 4, 2.0, 5, 1.0, None, 0.5, "stop", 9]],
        },
    )
    assert outcome.statistics is not None
    assert outcome.statistics.net_profit == 0.5
    assert outcome.equity is not None
    assert (list(outcome.equity.times), list(outcome.equity.values)) == (
        [86400, 172800],
        [1.0, 2.5],
    )
    assert outcome.trades == [
        ClosedTrade(1, 2.0),
        ClosedTrade(3, 2.5, 10.0, -1, 4, 2.0, 5.0, 1.0, None, 0.5, "stop"),
    ]
    assert (outcome.read, outcome.failure) == (frozenset({"x"}), None)


@pytest.mark.parametrize(
    ("payload", "category", "message"),
    [
        ({"status": "error", "message": "boom"}, Category.STRATEGY, "boom"),
        ({"status": "error"}, Category.STRATEGY, "the harness gave no message"),
        ({"status": "error", "category": "no result", "message": "m"}, Category.NO_RESULT, "m"),
        ({"status": "error", "category": "engine error", "message": "m"}, Category.ENGINE, "m"),
        # What only the pool can know is not for a harness to say.
        ({"status": "error", "category": "timeout", "message": "m"}, Category.STRATEGY, "m"),
        ({"status": "error", "category": ["x"], "message": 3}, Category.STRATEGY, "3"),
        ({}, Category.STRATEGY, "the harness gave no message"),
    ],
)
def test_a_failure_keeps_its_category_and_message(
    engine: PythonEngine, payload: dict[str, Any], category: Category, message: str
) -> None:
    """Only categories that a harness may name count."""
    failure = read(engine, payload).failure
    assert failure is not None
    assert (failure.category, failure.message) == (category, message)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"statistics": None}, "it has no statistics"),
        ({"statistics": [1]}, "it has no statistics"),
        ({"equity": [1, 2]}, "equity is list, expected times and values"),
        ({"equity": {"times": ""}}, "equity lacks times or values"),
        ({"equity": {"times": "!!", "values": ""}}, "base64"),
        ({"equity": {"times": "AAAA", "values": ""}}, "bytes length not a multiple of item size"),
        (
            {"equity": {"times": packed("q", [1, 2]), "values": packed("d", [1.0])}},
            "equity has 2 times and 1 values",
        ),
        ({"trades": "many"}, "trades are not a list of lists"),
        ({"trades": [1]}, "trades are not a list of lists"),
    ],
)
def test_an_answer_outside_the_protocol_is_no_result(
    engine: PythonEngine, wrong: dict[str, Any], message: str
) -> None:
    """It never counts, and says what is wrong with it."""
    outcome = read(engine, {**COMPLETE, **wrong})
    assert outcome.statistics is None
    assert outcome.failure is not None
    assert outcome.failure.category is Category.NO_RESULT
    assert outcome.failure.message.startswith("the answer breaks the protocol: ")
    assert message.lower() in outcome.failure.message.lower()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    ["status", "statistics", "equity", "trades", "read", "category", "message", "times"]
)


@given(st.dictionaries(members, json_values | st.sampled_from(["complete", "ok"])))
def test_any_answer_is_an_outcome(payload: dict[str, Any]) -> None:
    """Statistics or a failure, never both, never an exception."""
    outcome = read(PythonEngine(PythonStrategy(entry="s.py:run"), Path()), payload)
    assert (outcome.statistics is None) != (outcome.failure is None)


def test_the_identity_follows_every_file_that_the_strategy_imports(
    engine: PythonEngine, executor: ProcessExecutor, tmp_path: Path
) -> None:
    """A change in a helper is another build; one in a file that nobody imports is not."""

    def identities() -> tuple[str, str]:
        build = engine.prepare(executor.run_command, executor.runtime(), PrepareContext())
        return build.source, build.identity

    first = identities()
    (tmp_path / "notes.py").write_text("A = 1\n")
    assert identities() == first
    (tmp_path / "helper.py").write_text("FACTOR = 3\n")
    second = identities()
    assert second[0] != first[0]
    assert second[1] != first[1]


def test_the_place_is_in_the_identity_and_not_in_the_source(
    engine: PythonEngine, executor: ProcessExecutor
) -> None:
    """Another image or interpreter is another content key, and the same search plan."""
    here = engine.prepare(executor.run_command, {"image": "a"}, PrepareContext())
    there = engine.prepare(executor.run_command, {"image": "b"}, PrepareContext())
    assert here.source == there.source
    assert here.identity != there.identity


def test_missing_data_is_said(tmp_path: Path, executor: ProcessExecutor) -> None:
    """The path is named before anything runs."""
    (tmp_path / "strategy.py").write_text(STRATEGY)
    engine = create(PythonStrategy(entry="strategy.py:run", data="dta"), tmp_path)
    with pytest.raises(StrategyError, match=f"strategy.data: there is no data {tmp_path / 'dta'}"):
        engine.prepare(executor.run_command, executor.runtime(), PrepareContext())
