"""The warm harness for LEAN with a strategy in Python, held to the Launcher and to its C# twin."""

from __future__ import annotations

from pathlib import Path

import pytest
from leanopt_lean.failures import failure_of
from leanopt_lean.trades import read_trades
from regression.results import differences, from_answer, from_document

from leanopt_core.engines.inline import read_trades as read_sent_trades
from tests.lean_real.comparing import lasting, state
from tests.lean_real.conftest import LIMIT, PYTHON, STRATEGIES, Real, Strategy

pytestmark = pytest.mark.slow


def test_answer_is_the_launchers(python: Strategy) -> None:
    """Statistics, order hash, equity and trades are those of a fresh process."""
    launched = python.launched(fast=5)
    expected = from_document(launched.document, launched.order_hash)
    answer = python.run("equity", "trades", fast=5)
    assert not list(differences(from_answer(answer), expected))
    assert state(answer) == state(launched.document)
    assert read_sent_trades(answer["trades"]) == read_trades(launched.document)
    assert answer["read"] == ["fast", "fault", "from", "money", "slow", "ticker", "until", "warm"]


def test_orders_are_the_twins(python: Strategy, bands: Strategy) -> None:
    """The strategy in Python makes the orders of the one in C#, time after time."""
    for fast in (5, 20, 5, 12):
        answer, twin = python.run(fast=fast), bands.run(fast=fast)
        assert answer["status"] == "complete"
        assert answer["order_hash"] == twin["order_hash"]
        assert answer["orders"] == twin["orders"] > 4


@pytest.mark.parametrize("fault", ["initialize", "runtime"])
def test_failure_is_the_launchers(python: Strategy, fault: str) -> None:
    """State, message and stack are those in the Launcher's document; the next backtest is well."""
    answer, document = python.run(fault=fault), python.launched(fault=fault).document
    assert answer["status"] == "error"
    assert state(answer) == state(document)
    assert failure_of(answer) == failure_of(document) is not None
    assert python.run()["status"] == "complete"


def test_dates_and_cash_from_outside(python: Strategy) -> None:
    """They are what the strategy would have set itself."""
    scenario = {"start": "2003-03-03", "end": "2004-02-27", "cash": 250_000}
    own = {"from": "2003-03-03", "until": "2004-02-27", "money": 250_000}
    outside, inside = python.run("equity", scenario=scenario), python.run("equity", **own)
    assert inside["statistics"]["Start Equity"] == "250000"
    assert from_answer(outside) == from_answer(inside)


@pytest.mark.parametrize(("own", "warm"), [("none", "90"), ("30", "90"), ("120", "120")])
def test_warm_up_from_outside(python: Strategy, own: str, warm: str) -> None:
    """It is as if the strategy had set it; one of its own that is longer stays."""
    outside = python.run("equity", scenario={"start": "2004-01-02", "warmup": 90}, warm=own)
    inside = python.run("equity", scenario={"start": "2004-01-02"}, warm=warm)
    assert outside["status"] == "complete"
    assert from_answer(outside) == from_answer(inside)


def test_fifty_answers_are_the_same(python: Strategy) -> None:
    """Nothing but the time that it took changes."""
    first = lasting(python.run("equity", "trades"))
    for _ in range(49):
        assert lasting(python.run("equity", "trades")) == first


def test_without_its_library_python_cannot_start(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness names the variable that says where the library is."""
    monkeypatch.delenv(PYTHON, raising=False)
    file = tmp_path / "bands.py"
    file.write_bytes((STRATEGIES / "bands.py").read_bytes())
    process = real.serve(file, tmp_path)
    answer = process.ask({"config": real.config(file, "Bands")}, LIMIT)
    process.end()
    assert answer["status"] == "error"
    assert answer["category"] == "engine error"
    assert f"{PYTHON} is not set; set it to the path of libpython" in answer["message"]
