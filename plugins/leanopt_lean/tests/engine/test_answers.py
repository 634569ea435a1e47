"""Answers of a warm LEAN: read by the rules of its documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from lean_documents import ALL, CASES, folder, read
from leanopt_lean.document import read_answer

from leanopt_core.work import Category, Outcome
from tests.standin.answers import READ, answer_of

TRANSCRIPTS = Path(__file__).parents[4] / "harness" / "transcripts"
NONE: frozenset[str] = frozenset()
RECORDED = sorted(path.parent.name for path in CASES.glob("*/backtest.json"))


def read_of(answer: dict[str, Any], outputs: frozenset[str] = NONE) -> Outcome:
    """Return what is read of an answer for SPY."""
    return read_answer(answer, symbol="SPY", outputs=outputs)


def failure(answer: dict[str, Any]) -> tuple[Category, str]:
    """Return category and message of a backtest that failed."""
    outcome = read_of(answer, ALL)
    assert outcome.failure is not None
    assert (outcome.statistics, outcome.equity, outcome.trades) == (None, None, None)
    return outcome.failure.category, outcome.failure.message


@pytest.mark.parametrize("outputs", [NONE, frozenset({"equity"}), ALL])
@pytest.mark.parametrize("symbol", ["SPY", "MSFT", None])
@pytest.mark.parametrize("case", RECORDED)
def test_an_answer_is_read_as_the_document_that_it_stands_for(
    case: str, symbol: str | None, outputs: frozenset[str]
) -> None:
    """Statistics, curve, trades, no orders, missing prices and failures."""
    answer = answer_of(CASES / case, outputs=outputs)
    found = read_answer(answer, symbol=symbol, outputs=outputs)
    types = {name: frozenset({told}) for name, told in READ.items()}
    expected = read(folder(case), symbol, outputs)
    assert found == evolve(expected, read=frozenset(READ), read_types=types)


TOLD = {
    "lean-warm": [None, None],
    "lean-warm-no-orders": [None, Category.NO_RESULT],
    "lean-warm-errors": [Category.STRATEGY, Category.STRATEGY, None],
}


@pytest.mark.parametrize("name", TOLD)
def test_what_real_lean_answered_is_read(name: str) -> None:
    """As the golden conversations have it: results, prices that were missing, errors."""
    lines = map(json.loads, (TRANSCRIPTS / f"{name}.jsonl").read_text().splitlines())
    answers = [line["<"] for line in lines if "state" in line.get("<", {})]
    outcomes = [read_answer(one, symbol=None, outputs=ALL) for one in answers]
    assert [one.failure and one.failure.category for one in outcomes] == TOLD[name]
    for one in outcomes:
        assert one.statistics is None or one.statistics.get("Start Equity") in (None, 50_000)


def test_the_curve_of_an_answer_ends_at_the_end_equity() -> None:
    """And its trades add up to what LEAN says of them."""
    lines = map(json.loads, (TRANSCRIPTS / "lean-warm.jsonl").read_text().splitlines())
    (answer,) = [line["<"] for line in lines if "equity" in line.get("<", {})]
    outcome = read_of(answer, ALL)
    assert outcome.statistics is not None
    assert outcome.equity is not None
    assert outcome.trades is not None
    assert outcome.equity.values[-1] == pytest.approx(
        outcome.statistics.get("End Equity"), abs=0.01
    )
    profit = outcome.statistics.get("totalPerformance.tradeStatistics.totalProfitLoss")
    assert sum(trade.profit or 0 for trade in outcome.trades) == profit == -755.85


def test_the_state_decides_before_the_category() -> None:
    """A backtest that was cut short is no result of the strategy's."""
    answer = answer_of(CASES / "completed")
    answer["state"]["Status"] = "Running"
    category, message = failure({**answer, "status": "error", "category": "no result"})
    assert (category, "'Running'" in message) == (Category.ENGINE, True)
    # Whatever the status of the answer is.
    assert failure(answer) == (category, message)


@pytest.mark.parametrize("case", ["runtime-error", "initialize-error"])
def test_trouble_of_the_machine_is_no_error_of_the_strategy(case: str) -> None:
    """As in a document."""
    answer = answer_of(CASES / case)
    answer["state"]["RuntimeError"] = "Exception of type 'System.OutOfMemoryException' was thrown."
    assert failure(answer)[0] is Category.ENGINE


@pytest.mark.parametrize("category", [Category.STRATEGY, Category.NO_RESULT, Category.ENGINE])
def test_without_a_state_category_and_message_decide(category: Category) -> None:
    """LEAN did not get so far."""
    answer = {"status": "error", "category": str(category), "message": "no more bars"}
    assert failure(answer) == (category, "no more bars")


def test_an_error_beside_the_state_of_a_good_end() -> None:
    """The category decides where LEAN's state finds nothing wrong."""
    answer = {**answer_of(CASES / "completed"), "status": "error", "message": "no memory"}
    assert failure({**answer, "category": "engine error"}) == (Category.ENGINE, "no memory")


def test_another_harness_may_say_any_statistics() -> None:
    """Without LEAN's state; sections of the document may be among them."""
    performance = {"tradeStatistics": {"averageTradeDuration": "1.00:00:00"}}
    statistics = {"Profit": "12.5%", "totalPerformance": performance, "runtimeStatistics": {"a": 1}}
    outcome = read_of({"status": "ok", "statistics": statistics})
    assert outcome.statistics is not None
    assert outcome.statistics.values == {
        "Profit": 0.125,
        "runtimeStatistics.a": 1,
        "totalPerformance.tradeStatistics.averageTradeDuration": 86_400,
    }
    assert outcome.read is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statistics": None}, "it has no statistics"),
        ({"equity": {"times": "", "values": "AAAAAAAAAAA="}}, "0 times and 1 values"),
        ({"equity": {"times": "?", "values": ""}}, ""),
        ({"equity": [1]}, "equity is list"),
        ({"trades": {}}, "trades are not a list of lists"),
        ({"trades": [1]}, "trades are not a list of lists"),
    ],
)
def test_an_answer_that_does_not_fit_the_protocol_has_no_result(
    change: dict[str, Any], message: str
) -> None:
    """It says what does not fit."""
    answer = {**answer_of(CASES / "completed", outputs=ALL), **change}
    category, told = failure(answer)
    assert category is Category.NO_RESULT
    assert told.startswith("the answer does not fit the protocol: ")
    assert message in told


@pytest.mark.parametrize("status", ["complete", "error"])
def test_types_are_a_text_or_a_list_and_what_is_unknown_is_none(status: str) -> None:
    """A newer harness may tell types that this leanopt does not know."""
    told = {"a": "int", "b": ["text", "double"], "c": ["int", "date", 7], "d": "date", "e": None}
    answer = {**answer_of(CASES / "completed"), "status": status, "read_types": told}
    assert read_of(answer).read_types == {
        "a": frozenset({"int"}),
        "b": frozenset({"text", "double"}),
        "c": frozenset({"int"}),
    }
    assert read_of({**answer, "read_types": ["a"]}).read_types == {}
    del answer["read_types"]
    assert read_of(answer).read_types == {}


@pytest.mark.parametrize("missing", [[], None, "equity/usa/daily/spy.zip", [7]])
def test_no_list_of_missing_data_is_none(missing: object) -> None:
    """A backtest without orders is complete then."""
    outcome = read_of({**answer_of(CASES / "zero-orders"), "missing": missing})
    assert outcome.failure is None
    assert outcome.statistics is not None
    assert outcome.statistics.total_orders == 0


def test_a_parameter_that_lean_could_not_set_is_the_strategys_error() -> None:
    """LEAN only logs it, and continues with what is set by then: the result is another trial's."""
    answer = answer_of(CASES / "completed")
    answer["errors"] = [
        "2003-01-01 00:00:00 Error applying parameter values: 'Nope' was not found."
    ]
    category, message = failure(answer)
    assert category is Category.STRATEGY
    assert message == "LEAN could not set a parameter, nor those after it: 'Nope' was not found."
    answer["errors"] = ["2003-01-01 00:00:00 another matter"]
    assert read_of(answer, ALL).failure is None
