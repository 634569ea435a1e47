"""Documents whose figures cannot be relied on are refused, and so are such answers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lean_documents import CASES, document, read_document
from leanopt_lean.document import read_answer

from leanopt_core.statistics import Statistics
from leanopt_core.work import Category, Outcome
from tests.standin.answers import answer_of

SMALL = document("completed")
for part in ("rollingWindow", "orders", "analysis", "charts"):
    del SMALL[part]
ANSWER = answer_of(CASES / "completed")

#: How .NET writes numbers: the signs of thousands and of decimals.
GERMAN, FRENCH, SWISS = (".", ","), ("\u202f", ","), ("\u2019", ",")


def read_with(statistics: Mapping[str, Any], section: str = "statistics") -> Outcome:
    """Return what is read of a document with these figures; a warm answer must be read alike."""
    told, answer = deepcopy(SMALL), deepcopy(ANSWER)
    for whole in (told, answer):
        whole[section].update(statistics)
    outcome = read_document(told, frozenset())
    warm = read_answer(answer, symbol="SPY", outputs=frozenset())
    assert (warm.statistics, warm.failure) == (outcome.statistics, outcome.failure)
    return outcome


def refused(statistics: Mapping[str, Any], section: str = "statistics") -> str:
    """Return why such a document is refused."""
    failure = read_with(statistics, section).failure
    assert failure is not None
    # Another place, or another harness, may write it right: no later run relies on it.
    assert failure.category is Category.ENGINE
    told, _, why = failure.message.partition("is unreliable: ")
    assert told == "LEAN's result document "
    return why


def found(statistics: Mapping[str, Any]) -> Statistics:
    """Return the statistics of such a document."""
    read = read_with(statistics).statistics
    assert read is not None
    return read


def written(units: int, places: int, culture: tuple[str, str]) -> str:
    """Return units / 10**places as .NET's `N` writes it in a culture."""
    thousands, decimals = culture
    text = f"{abs(units) / 10**places:,.{places}f}"
    sign = "-" if units < 0 else ""
    return sign + text.translate(str.maketrans({",": thousands, ".": decimals}))


def test_a_comma_before_three_digits_is_one_of_thousands() -> None:
    """As LEAN writes it, where nothing speaks against it."""
    assert found({"Custom": "-1,039"}).get("Custom") == -1039
    assert found({"Custom": "$1,039", "Other": "$1,234.50"}).get("Custom") == 1039


@pytest.mark.parametrize(
    "other",
    ["0,25", "0,250", "-12,5%", "12,5 %", "1.039,25", "1\u202f039,25", "7,25 \u20ac", "\u20ac3,5"],
)
def test_another_number_can_show_that_it_is_none(other: str) -> None:
    """Then nobody knows which number is meant: both are named."""
    assert refused({"Custom": "-1,039", "Other": other}) == (
        f"'statistics.Custom' is '-1,039' beside 'statistics.Other' with '{other}': "
        "the comma may be a decimal one; expected decimal points, as .NET writes them with "
        "LC_ALL=C.UTF-8"
    )


@pytest.mark.parametrize("other", ["SPY, QQQ", "3,", ",5", "a 3,5", "EMA 3,5", "1,2,3", "x=0,25"])
def test_texts_show_nothing(other: str) -> None:
    """A strategy may say what it likes."""
    statistics = found({"Custom": "-1,039", "Other": other})
    assert statistics.get("Custom") == -1039
    assert statistics.values["Other"] == other


def test_without_an_ambiguous_number_decimal_commas_are_texts() -> None:
    """They are no numbers, and a fitness function says so."""
    statistics = found({"Custom": "0,250"})
    assert statistics.get("Custom") is None
    assert "the text '0,250', not a number" in statistics.missing("Custom")


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=5),
    st.integers(1, 4),
    st.sampled_from([GERMAN, FRENCH, SWISS]),
)
def test_numbers_of_another_culture_are_never_others(
    units: list[int], places: int, culture: tuple[str, str]
) -> None:
    """Each is read as no number, or the document is refused, where one of them gives it away."""
    told = {f"Own {at}": written(one, places, culture) for at, one in enumerate(units)}
    told["Telling"] = written(25, 2, culture)
    outcome = read_with(told)
    if outcome.statistics is not None:
        assert [outcome.statistics.get(name) for name in told] == [None] * len(told)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5), st.integers(0, 4))
def test_numbers_of_leans_own_culture_are_these_numbers(units: list[int], places: int) -> None:
    """Whatever they are, beside LEAN's own."""
    told = {f"Own {at}": written(one, places, (",", ".")) for at, one in enumerate(units)}
    statistics = found(told)
    values = [statistics.get(name) for name in told]
    assert values == [pytest.approx(one / 10**places) for one in units]


@pytest.mark.parametrize("orders", [-5, "-5", 1.5, "1.5", "-1,039"])
@pytest.mark.parametrize("name", ["Total Orders", "Total Trades"])
def test_a_number_of_orders_is_a_count(name: str, orders: Any) -> None:
    """Else the key is named, with what was found."""
    told = deepcopy(SMALL)
    del told["statistics"]["Total Orders"]
    told["statistics"][name] = orders
    failure = read_document(told, frozenset()).failure
    assert failure is not None
    assert failure.category is Category.ENGINE
    shown = f"{float(str(orders).replace(',', '')):g}"
    assert f"'Total Orders' is {shown}: expected a whole number, 0 or more" in failure.message


@pytest.mark.parametrize("orders", [5, "5", 5.0, "1,039"])
def test_whole_numbers_of_orders_pass(orders: Any) -> None:
    """However they are written."""
    assert found({"Total Orders": orders}).total_orders == float(str(orders).replace(",", ""))


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("section", ["statistics", "runtimeStatistics"])
def test_a_truth_value_is_no_number(section: str, *, value: bool) -> None:
    """Nor a text."""
    told = str(value).lower()
    assert refused({"Sharpe Ratio": value}, section) == (
        f"'{section}.Sharpe Ratio' is {told}: expected a number or a string"
    )


def test_truth_values_in_sections_are_found() -> None:
    """By their path."""
    told = deepcopy(SMALL)
    told["totalPerformance"]["tradeStatistics"]["profitFactor"] = True
    failure = read_document(told, frozenset()).failure
    assert failure is not None
    path = "totalPerformance.tradeStatistics.profitFactor"
    assert f"'{path}' is true: expected a number or a string" in failure.message
