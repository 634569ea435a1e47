"""Statistics: what texts mean, what a document yields, how names are looked up."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.statistics import Statistics, parse_number

DOCUMENT = {
    "statistics": {
        "Total Orders": "11",
        "Compounding Annual Return": "-2.964%",
        "Drawdown": "7.000%",
        "Net Profit": "-2.937%",
        "Sharpe Ratio": "-1.039",
        "Win Rate": "20%",
        "Profit-Loss Ratio": "0.92",
        "Total Fees": "$57.87",
        "Estimated Strategy Capacity": "$290000000.00",
        "Lowest Capacity Asset": "SPY R735QTJ8XC9X",
        "Final Fast EMA": "92.58540593916198295528263637",
    },
    "runtimeStatistics": {"Net Profit": "$-5,006.45", "Return": "-2.94 %", "Fees": "-$57.87"},
    "totalPerformance": {
        "tradeStatistics": {
            "totalNumberOfTrades": 5,
            "averageTradeDuration": "38.04:48:00",
            "winRate": "0.2",
            "profitFactor": "0.2289",
            "sharpeRatio": "-0.5823",
        },
        "portfolioStatistics": {"winRate": "0.2", "sharpeRatio": "-1.0387"},
        "closedTrades": [{"profitLoss": 1}],
    },
    "state": {"Status": "Completed", "StartTime": "2026-11-24T17:36:57Z"},
    "serverStatistics": {"CPU Usage": "60.8%"},
    "charts": {"Equity": {"values": [[1, 2]]}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25%", 0.25),
        ("-2.964%", -0.02964),
        ("25.3%", 0.253),
        ("0.96 %", 0.0096),
        (" 12 ", 12.0),
        ("$1,234.50", 1234.5),
        ("$-5,006.45", -5006.45),
        ("-$57.87", -57.87),
        ("€1234.50", 1234.5),
        ("₤3", 3.0),
        ("¥290000000", 290000000.0),
        ("Fr12.00", 12.0),
        ("Kč12.50", 12.5),
        ("R$5.00", 5.0),
        ("NT$1,000,000.00", 1000000.0),
        ("USDC12.00", 12.0),
        ("₿0.5", 0.5),
        ("Ξ2.00", 2.0),
        ("1E-05", 1e-05),
        ("+3", 3.0),
        (".5", 0.5),
    ],
)
def test_texts_that_are_numbers(text: str, value: float) -> None:
    """Per cents, money in any currency LEAN knows, and plain numbers become plain numbers."""
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%",
        "$",
        "SPY R735QTJ8XC9X",
        "38.04:48:00",
        "2005-01-04",
        "1,23",
        "1,2345",
        "0,250",
        "-0,039%",
        "1_000",
        "--5",
        "-$-5",
        "(5)",
        "v2.5",
        "EMA20",
        "R2D2",
        "−5",  # noqa: RUF001 - a minus sign that is no hyphen
        "٣",
        "19c9da6d733a7064ec1f93a9f88e7516",
    ],
)
def test_texts_that_are_not(text: str) -> None:
    """What is no number stays a text: never half a number, never a wrong sign."""
    assert parse_number(text) is None
    assert Statistics.read({"Note": text}).values == {"Note": text}


@pytest.mark.parametrize("text", ["NaN", "nan", "Infinity", "-Infinity", "inf", "∞", "-∞", "1e999"])
def test_texts_without_a_usable_number(text: str) -> None:
    """NaN and infinity are unknown, and the reason shows what was there."""
    statistics = Statistics.read({"Sharpe Ratio": text, "Drawdown": "7%"})
    assert parse_number(text) is None
    assert statistics.get("Sharpe Ratio") is None
    assert statistics.missing("Sharpe Ratio") == (
        f"statistic 'Sharpe Ratio' is the text '{text}', not a number"
    )
    assert statistics.drawdown == 0.07


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (10**400, "1.00000e+400"),
        (Decimal("sNaN"), "sNaN"),
    ],
)
def test_unusable_numbers(value: object, shown: str) -> None:
    """So are they as numbers, and numbers too large for a float; stored and read again, too."""
    once = Statistics.read({"a": {"b": value}})
    assert once.get("a.b") is None
    assert once.missing("a.b") == f"statistic 'a.b' is the text '{shown}', not a number"
    assert Statistics.read(json.loads(json.dumps(dict(once.values), allow_nan=False))) == once


def test_no_unusable_number_by_construction() -> None:
    """A Statistics value never holds NaN, however it was made."""
    with pytest.raises(ValueError, match="statistic 'x': nan"):
        Statistics({"x": math.nan})
    with pytest.raises(ValueError, match="statistic 'x': 1000"):
        Statistics({"x": 10**400})


@pytest.mark.parametrize("value", [object(), [1.0], Decimal(1), {"y": 1.0}])
def test_a_value_is_a_number_a_text_or_nothing(value: Any) -> None:
    """The store can keep nothing else."""
    expected = f"statistic 'x' is {type(value).__name__}, expected a number, a text or None"
    with pytest.raises(TypeError, match=re.escape(expected)):
        Statistics({"x": value})


def test_a_name_is_a_text() -> None:
    """As in JSON, so that the store gives it back."""
    name: Any = 1
    with pytest.raises(TypeError, match="the name 1 of a statistic is not a text"):
        Statistics({name: 1.0})


@given(st.decimals(-(10**12), 10**12, places=4), st.sampled_from(["", "$", "€", "zł"]))
def test_money_as_lean_writes_it(amount: Decimal, sign: str) -> None:
    """A sign before or after the currency's, with or without thousands: the same number."""
    plain = f"{abs(amount):.4f}"
    grouped = f"{abs(amount):,.4f}"
    minus = "-" if amount < 0 else ""
    for digits in (plain, grouped):
        assert parse_number(f"{minus}{sign}{digits}") == float(amount)
        assert parse_number(f"{sign}{minus}{digits}") == float(amount)


@given(st.decimals(-(10**6), 10**6, places=3))
def test_per_cents_are_exact(share: Decimal) -> None:
    """A per cent is the float nearest to a hundredth of it, so that bounds given alike hold."""
    assert parse_number(f"{share}%") == float(share / 100)


def test_a_document_yields_what_says_how_the_strategy_did() -> None:
    """Bare names for the statistics, dotted ones for sections; no lists, charts or state."""
    values = Statistics.read(DOCUMENT).values
    assert values["Drawdown"] == 0.07
    assert values["Lowest Capacity Asset"] == "SPY R735QTJ8XC9X"
    assert values["totalPerformance.tradeStatistics.profitFactor"] == 0.2289
    assert values["totalPerformance.tradeStatistics.averageTradeDuration"] == "38.04:48:00"
    assert values["runtimeStatistics.Net Profit"] == -5006.45
    assert not [name for name in values if name.startswith(("state", "server", "charts"))]
    assert "totalPerformance.closedTrades" not in values


def test_a_mapping_of_statistics_is_a_document_too() -> None:
    """As a harness answers: bare names and sections beside each other, numbers and nulls."""
    values = Statistics.read(
        {"Total Orders": 40, "Sharpe Ratio": None, "Good": True, "mine": {"deep": {"x": "5%"}}}
    ).values
    assert values == {"Total Orders": 40.0, "Sharpe Ratio": None, "Good": 1.0, "mine.deep.x": 0.05}


def test_reading_again_changes_nothing() -> None:
    """What was read, stored and read again is the same."""
    once = Statistics.read(DOCUMENT)
    assert Statistics.read(json.loads(json.dumps(dict(once.values)))) == once


@pytest.mark.parametrize(
    "name",
    [
        "Sharpe Ratio",
        "sharpe ratio",
        "SHARPE RATIO",
        "Statistics.Sharpe Ratio",
        "statistics.sharpe ratio",
        "['Statistics'].['Sharpe Ratio']",
        '["Statistics"].["sharpe ratio"]',
        "sharpeRatio",
    ],
)
def test_names_lead_to_the_bare_statistic(name: str) -> None:
    """LEAN's optimizer takes all of these (but the last) for the Sharpe ratio of `statistics`."""
    assert Statistics.read(DOCUMENT).get(name) == -1.039


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("totalPerformance.tradeStatistics.sharpeRatio", -0.5823),
        ("TotalPerformance.PortfolioStatistics.SharpeRatio", -1.0387),
        ("['totalPerformance'].['tradeStatistics'].['winRate']", 0.2),
        ("runtimeStatistics.Return", -0.0294),
        ("Profit Factor", 0.2289),
        ("profit-loss ratio", 0.92),
        ("tradeStatistics.profitFactor", 0.2289),
    ],
)
def test_paths_lead_to_sections(name: str, value: float) -> None:
    """Paths from the document's root, and the ends of paths that only one statistic has."""
    assert Statistics.read(DOCUMENT).get(name) == value


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Shrape Ratio", "no statistic 'Shrape Ratio': did you mean 'Sharpe Ratio'?"),
        ("Return", "no statistic 'Return': choose from: Compounding Annual Return, Drawdown, "),
        ("Lowest Capacity Asset", "is the text 'SPY R735QTJ8XC9X', not a number"),
        ("Statistics", "no statistic 'Statistics'"),
        ("", "no statistic ''"),
    ],
)
def test_missing_names_say_so(name: str, said: str) -> None:
    """A name without a number gives None, and a message with the name tried and the nearest."""
    statistics = Statistics.read(DOCUMENT)
    assert statistics.get(name) is None
    assert said in statistics.missing(name)


def test_an_ambiguous_end_is_not_guessed() -> None:
    """Where two sections have a statistic of that name, the message names both."""
    statistics = Statistics({"a.winRate": 0.2, "b.winRate": 0.3})
    assert statistics.get("win rate") is None
    assert statistics.missing("win rate") == (
        "statistic 'win rate' could be any of: a.winRate, b.winRate"
    )


def test_unknown_and_none_reported() -> None:
    """A null statistic is unknown; a backtest without statistics says that."""
    assert Statistics({"Alpha": None}).missing("alpha") == ("statistic 'alpha' is unknown")
    assert Statistics().missing("Alpha") == "no statistic 'Alpha': the backtest reported none"


def test_typed_fields() -> None:
    """The core statistics have typed fields, None where they are missing."""
    statistics = Statistics.read(DOCUMENT)
    assert statistics.total_orders == 11
    assert statistics.closed_trades == 5
    assert statistics.net_profit == -0.02937
    assert statistics.compounding_annual_return == -0.02964
    assert statistics.drawdown == 0.07
    assert statistics.sharpe_ratio == -1.039
    assert statistics.win_rate == 0.2
    assert statistics.profit_factor == 0.2289
    assert statistics.total_fees == 57.87
    assert statistics.sortino_ratio is None
    assert statistics.annual_standard_deviation is None


def test_older_names() -> None:
    """Older LEAN called orders trades; sections stand in for missing bare statistics."""
    assert Statistics.read({"Total Trades": "7"}).total_orders == 7
    section = {"totalPerformance": {"portfolioStatistics": {"totalNetProfit": "0.5"}}}
    assert Statistics.read(section).net_profit == 0.5
