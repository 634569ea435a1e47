"""Documents in the forms that other versions of LEAN write, and whatever else may be in them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from attrs import astuple
from hypothesis import given
from hypothesis import strategies as st
from lean_documents import ALL, Left, document, folder, read, read_document

from leanopt_core.work import Outcome

CASES = ("completed", "minute", "zero-orders", "missing-data", "runtime-error", "initialize-error")
#: Members whose own members are names of somebody's choice, which no version of LEAN changes.
KEPT = frozenset({"statistics", "runtimeStatistics", "state", "parameters", "series", "charts"})
#: A short curve is enough for what is read many times.
SMALL = document("completed")
for part in ("rollingWindow", "orders", "analysis"):
    del SMALL[part]
SMALL["charts"] = {"Strategy Equity": SMALL["charts"]["Strategy Equity"]}
del SMALL["charts"]["Strategy Equity"]["series"]["Equity"]["values"][9:]


def pascal(value: Any, *, rename: bool = True) -> Any:
    """Return a document as LEAN wrote it before May 2024."""
    if isinstance(value, list):
        return [pascal(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        _pascal(key) if rename else key: pascal(one, rename=key not in KEPT)
        for key, one in value.items()
    }


def _pascal(key: str) -> str:
    if key in ("x", "y"):
        return key
    return key.upper() if key in ("mae", "mfe") else f"{key[:1].upper()}{key[1:]}"


def points(told: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its curve as LEAN wrote it before August 2023."""
    series = told["charts"]["Strategy Equity"]["series"]["Equity"]
    series["values"] = [{"x": point[0], "y": point[-1]} for point in series["values"]]
    return told


def pairs(told: dict[str, Any]) -> dict[str, Any]:
    """Return a document whose curve has no candles."""
    series = told["charts"]["Strategy Equity"]["series"]["Equity"]
    series["values"] = [[point[0], point[-1]] for point in series["values"]]
    return told


@pytest.mark.parametrize("form", [pascal, points, pairs, lambda told: pascal(points(told))])
@pytest.mark.parametrize("case", CASES)
def test_older_forms_are_read_alike(case: str, form: Callable[[Any], Any]) -> None:
    """Statistics, curve, trades and failures are those of today's form."""
    files = folder(case)
    before = read(files, symbol="MSFT", outputs=ALL)
    files["results/backtest.json"] = json.dumps(form(document(case))).encode()
    assert read(files, symbol="MSFT", outputs=ALL) == before


def test_older_forms_are_others() -> None:
    """Or the test above could not fail."""
    old = pascal(points(deepcopy(SMALL)))
    curve = old["Charts"]["Strategy Equity"]["Series"]["Equity"]["Values"]
    assert curve[0] == {"x": 1104728400, "y": 100000.0}
    assert old["TotalPerformance"]["PortfolioStatistics"]["SharpeRatio"] == "-1.0387"
    assert old["TotalPerformance"]["ClosedTrades"][0]["MAE"] == -3188.11
    assert old["Statistics"] == SMALL["statistics"]
    assert pairs(deepcopy(SMALL))["charts"] != SMALL["charts"]


def test_orders_were_called_trades() -> None:
    """The older name stays, and the newer one is there too; none of them is 0."""
    for case, orders in (("completed", 11), ("zero-orders", 0)):
        told = document(case)
        told["statistics"]["Total Trades"] = told["statistics"].pop("Total Orders")
        found = read_document(told).statistics
        assert found is not None
        assert found.get("Total Orders") == orders
        assert found.total_orders == orders
        assert found.get("Total Trades") == (orders or None)


def curve(values: list[Any]) -> Outcome:
    """Return what is read of a curve."""
    told = {**SMALL, "charts": {"Strategy Equity": {"series": {"Equity": {"values": values}}}}}
    return read_document(told, frozenset({"equity"}))


def test_points_without_a_value_are_left_out() -> None:
    """Times increase whatever the order; of two values at one time the later counts."""
    equity = curve(
        [
            [300, 1.0, 1.0, 1.0, 3.0],
            [100, 1.0, 1.0, 1.0, 1.0],
            [200, None, None, None, None],
            [250, 2.5],
            [300, 1.0, 1.0, 1.0, 3.5],
            {"x": 400, "y": None},
            {"x": 400, "y": 4},
            [500, "NaN"],
            [None, 5.0],
            [10**15, 5.0],
            [],
            7,
        ]
    ).equity
    assert equity is not None
    assert list(equity.times) == [100, 250, 300, 400]
    assert list(equity.values) == [1.0, 2.5, 3.5, 4.0]


@pytest.mark.parametrize("values", [[], [[100, None]], None, "none", 7])
def test_no_curve(values: Any) -> None:
    """Is none, and the backtest counts."""
    assert curve(values).equity is None
    assert curve(values).failure is None


def told_as(text: str) -> float | None:
    """Return the number that a statistic of this text is read as."""
    told = {**SMALL, "statistics": {**SMALL["statistics"], "Custom": text}}
    found = read_document(told, frozenset()).statistics
    assert found is not None
    assert all(not isinstance(one, float) or math.isfinite(one) for one in found.values.values())
    return found.get("Custom")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5%", 0.125),
        ("-2.964 %", -0.02964),
        ("$1,234.50", 1234.5),
        ("-$1,234.50", -1234.5),
        ("$-1,234.50", -1234.5),
        ("€1,234,567.89", 1234567.89),
        ("1.2E-05", 1.2e-05),
        ("0", 0.0),
        ("-", None),
        ("", None),
        ("∞", None),
        ("-∞", None),
        ("NaN", None),
        ("Infinity", None),
        ("1E+999", None),
        ("1.234,50", None),
        ("1 234.50", None),
        ("SPY R735QTJ8XC9X", None),
    ],
)
def test_texts_of_statistics(text: str, value: float | None) -> None:
    """One number whatever the locale, or none: never half of one."""
    assert told_as(text) == value


@given(
    st.decimals(-(10**15), 10**15, places=4),
    st.sampled_from(["", ","]),
    st.sampled_from(["", "$", "€", "₹"]),
    st.sampled_from(["", "%", " %"]),
)
def test_numbers_as_lean_formats_them(
    amount: Decimal, group: str, currency: str, unit: str
) -> None:
    """Signs, thousands separators, currencies and per cents, against decimal arithmetic."""
    sign = "-" if amount < 0 else ""
    exact = amount / 100 if unit else amount
    assert told_as(f"{sign}{currency}{abs(amount):{group}.4f}{unit}") == float(exact)


@given(st.integers(0, 10**7), st.integers(0, 86_399), st.integers(0, 9_999_999), st.booleans())
def test_spans_as_dotnet_formats_them(days: int, second: int, ticks: int, below: bool) -> None:
    """Days and the fraction of a second are there only where they are not 0."""
    hours, minutes, seconds = second // 3600, second // 60 % 60, second % 60
    text = f"{hours:02}:{minutes:02}:{seconds:02}"
    text = f"{'-' if below else ''}{f'{days}.' if days else ''}{text}"
    text += f".{ticks:07}" if ticks else ""
    told = deepcopy(SMALL)
    told["totalPerformance"]["tradeStatistics"]["averageTradeDuration"] = text
    found = read_document(told, frozenset()).statistics
    assert found is not None
    span = days * 86_400 + second + ticks / 10**7
    assert found.get("tradeStatistics.averageTradeDuration") == pytest.approx(
        -span if below else span, rel=1e-12
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PATHS = (
    ("state",),
    ("state", "Status"),
    ("state", "RuntimeError"),
    ("state", "StackTrace"),
    ("statistics",),
    ("statistics", "Total Orders"),
    ("runtimeStatistics",),
    ("charts",),
    ("charts", "Strategy Equity"),
    ("charts", "Strategy Equity", "series", "Equity"),
    ("charts", "Strategy Equity", "series", "Equity", "values"),
    ("charts", "Strategy Equity", "series", "Equity", "values", 3),
    ("totalPerformance",),
    ("totalPerformance", "tradeStatistics"),
    ("totalPerformance", "tradeStatistics", "averageTradeDuration"),
    ("totalPerformance", "closedTrades"),
    ("totalPerformance", "closedTrades", 1),
    ("totalPerformance", "closedTrades", 1, "direction"),
    ("totalPerformance", "closedTrades", 1, "exitTime"),
    ("totalPerformance", "closedTrades", 1, "quantity"),
)


@given(st.sampled_from(PATHS), JSON)
def test_whatever_stands_there(path: tuple[Any, ...], value: Any) -> None:
    """Statistics or a reason, never both or neither; nothing that is no number travels."""
    told = deepcopy(SMALL)
    location = told
    for step in path[:-1]:
        location = location[step]
    location[path[-1]] = value
    outcome = read_document(told)
    assert (outcome.statistics is None) == (outcome.failure is not None)
    if outcome.failure is not None:
        assert outcome.failure.message
        return
    members = [one for trade in outcome.trades or () for one in astuple(trade)]
    figures = [one for one in members if one is not None and not isinstance(one, str)]
    curve = list(outcome.equity.values) if outcome.equity else []
    assert all(map(math.isfinite, (*figures, *curve)))


def test_what_is_not_utf8_in_a_list_of_requests() -> None:
    """Costs nothing but that path."""
    files = Left(folder("zero-orders"))
    files["results/failed-data-requests-2.txt"] = b"\xff\xfe\nequity/usa/daily/spy.zip\n"
    outcome = read(files)
    assert outcome.failure is not None
    assert outcome.failure.message.endswith("prices of SPY: equity/usa/daily/spy.zip")
