"""The dates, the cash and the securities that a source sets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lean_projects import csharp, python, scanned
from leanopt_lean.checks import check

from leanopt_core.work import Scenario

SETTINGS = {
    "three numbers": (
        python("self.set_start_date(2013, 10, 7)"),
        csharp("SetStartDate(2013, 10, 07);"),
        ("start", date(2013, 10, 7), set()),
    ),
    "a date": (
        python("self.SetEndDate(datetime(2013, 10, 7))"),
        csharp("SetEndDate(new DateTime(2013, 10, 7));"),
        ("end", date(2013, 10, 7), set()),
    ),
    "a text": (
        python('self.set_end_date(datetime.strptime("2013-10-07", "%Y-%m-%d"))'),
        csharp('SetEndDate(DateTime.Parse("2013-10-07"));'),
        ("end", date(2013, 10, 7), set()),
    ),
    "constants": (
        python("self.set_start_date(YEAR + 1, 1, 1)", "YEAR = 2012"),
        csharp("SetStartDate(Year + 1, 1, 1);", fields="const int Year = 2012;"),
        ("start", date(2013, 1, 1), set()),
    ),
    "a parameter": (
        python(
            'text = self.get_parameter("from", "2013-10-07")\n'
            "self.start = datetime.fromisoformat(text)\nself.set_start_date(self.start)"
        ),
        csharp(
            "SetStartDate(_start);",
            fields='DateTime _start => DateTime.Parse(GetParameter("from", "2013-10-07"));',
        ),
        ("start", None, {"from"}),
    ),
    "half a parameter": (
        python('self.set_start_date(int(self.get_parameter("year", 2013)), 1, 1)'),
        csharp('SetStartDate(GetParameter("year", 2013), 1, 1);'),
        ("start", None, {"year"}),
    ),
    "worked out": (
        python("self.set_end_date(datetime.now() - timedelta(7))"),
        csharp("SetEndDate(DateTime.Now.AddDays(-7));"),
        ("end", None, set()),
    ),
    "cash": (
        python("self.set_cash(100 * 1000)"),
        csharp("SetCash(100*1000m);"),
        ("cash", Decimal(100000), set()),
    ),
    "cash of another currency": (
        python('self.set_account_currency("EUR", 5000)'),
        csharp('SetAccountCurrency("EUR", 5000);'),
        ("cash", Decimal(5000), set()),
    ),
    "no date at all": (
        python("self.set_start_date(2013, 13, 7)"),
        csharp("SetStartDate(2013, 13, 7);"),
        ("start", None, set()),
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_what_is_set_and_by_which_parameters(tmp_path: Path, case: str, language: int) -> None:
    """A value that is written, or the parameters that flow into it."""
    (found,) = scanned(tmp_path, SETTINGS[case][language]).settings
    assert (found.key, found.value, set(found.parameters)) == SETTINGS[case][2]


FAR_PYTHON = """\
def far(self):
    self.near()
def near(self):
    self.set_start_date(2020, 1, 1)"""
FAR_CSHARP = "void Far() { Near(); } void Near() => SetStartDate(2020, 1, 1);"
AGAIN_PYTHON = "    def reset(self):\n        if self.short:\n            self.initialize()\n"
AGAIN_CSHARP = "void Reset() { if (Short) { Initialize(); } }"
CONDITIONS = {
    "live": (
        python("if self.live_mode:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode) { SetStartDate(2020, 1, 1); }"),
        [],
    ),
    "not live": (
        python("if not self.live_mode:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (!LiveMode) SetStartDate(2020, 1, 1);"),
        [date(2020, 1, 1)],
    ),
    "else": (
        python("if self.live_mode:\n    pass\nelse:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (this.LiveMode) { } else { SetStartDate(2020, 1, 1); }"),
        [date(2020, 1, 1)],
    ),
    "live by another name": (
        python("live = self.live_mode\nif live:\n    self.set_start_date(2020, 1, 1)"),
        csharp("var live = LiveMode; if (live) { SetStartDate(2020, 1, 1); }"),
        [],
    ),
    "live by a member that is no more set": (
        python(
            "self.real = not self.live_mode\nif self.real:\n    self.set_start_date(2020, 1, 1)"
        ),
        csharp("_real = !LiveMode; if (_real) { SetStartDate(2020, 1, 1); }"),
        [date(2020, 1, 1)],
    ),
    "a name that is no word of LEAN's": (
        python("short = False\nif short:\n    self.set_start_date(2020, 1, 1)"),
        csharp("var shorted = false; if (shorted) { SetStartDate(2020, 1, 1); }"),
        [None],
    ),
    "live is true": (
        python("if self.live_mode is True:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode is true) { SetStartDate(2020, 1, 1); }"),
        [],
    ),
    "live is false": (
        python("if self.live_mode == False:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode == false) { SetStartDate(2020, 1, 1); }"),
        [date(2020, 1, 1)],
    ),
    "live is not true": (
        python("if self.live_mode is not True:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode != true) { SetStartDate(2020, 1, 1); }"),
        [date(2020, 1, 1)],
    ),
    "live in an expression": (
        python("self.set_start_date(2020, 1, 1) if self.live_mode else self.set_cash(1)"),
        csharp("var x = LiveMode ? SetStartDate(2020, 1, 1) : SetCash(1);"),
        [Decimal(1)],
    ),
    "live and more": (
        python("self.live_mode and self.set_start_date(2020, 1, 1)"),
        csharp("var x = LiveMode && SetStartDate(2020, 1, 1);"),
        [],
    ),
    "a date that live trading chooses": (
        python("self.set_start_date(2021 if self.live_mode else 2020, 1, 1)"),
        csharp("SetStartDate(LiveMode ? 2021 : 2020, 1, 1);"),
        [date(2020, 1, 1)],
    ),
    "something else in an expression": (
        python("self.set_start_date(2020, 1, 1) if self.short else None"),
        csharp("var x = Short ? SetStartDate(2020, 1, 1) : null;"),
        [None],
    ),
    "something else and": (
        python("self.short and self.set_start_date(2020, 1, 1)"),
        csharp("var x = Short && SetStartDate(2020, 1, 1);"),
        [None],
    ),
    "later": (
        python("self.schedule.on(a, b, lambda: self.set_start_date(2020, 1, 1))"),
        csharp("Schedule.On(a, b, () => { SetStartDate(2020, 1, 1); });"),
        [None],
    ),
    "behind a return in backtests": (
        python("if not self.live_mode:\n    return\nself.set_start_date(2020, 1, 1)"),
        csharp("if (!LiveMode) { return; } SetStartDate(2020, 1, 1);"),
        [],
    ),
    "behind a return under another condition": (
        python("if self.short:\n    return\nself.set_start_date(2020, 1, 1)"),
        csharp("if (Short) return; SetStartDate(2020, 1, 1);"),
        [None],
    ),
    "behind an else that returns": (
        python("if self.live_mode:\n    pass\nelse:\n    return\nself.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode) { } else { return; } SetStartDate(2020, 1, 1);"),
        [],
    ),
    "behind one of several that returns": (
        python(
            "if self.short:\n    pass\nelif not self.live_mode:\n    return\n"
            "self.set_start_date(2020, 1, 1)"
        ),
        csharp("if (Short) { } else if (!LiveMode) { return; } SetStartDate(2020, 1, 1);"),
        [date(2020, 1, 1)],
    ),
    "any other": (
        python("if self.short:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (Short) { SetStartDate(2020, 1, 1); }"),
        [None],
    ),
    "live or another": (
        python("if self.live_mode or self.short:\n    self.set_start_date(2020, 1, 1)"),
        csharp("if (LiveMode || Short) { SetStartDate(2020, 1, 1); }"),
        [None],
    ),
    "in a method for live": (
        python("if self.live_mode:\n    self.far()", fields=FAR_PYTHON),
        csharp("if (LiveMode) { Far(); }", fields=FAR_CSHARP),
        [],
    ),
    "in a method for something else": (
        python("if self.short:\n    self.far()", fields=FAR_PYTHON),
        csharp("if (Short) { Far(); }", fields=FAR_CSHARP),
        [None],
    ),
    "in a method for both": (
        python("if self.live_mode:\n    self.far()\nself.far()", fields=FAR_PYTHON),
        csharp("if (LiveMode) { Far(); } Far();", fields=FAR_CSHARP),
        [date(2020, 1, 1)],
    ),
    "in what LEAN calls": (
        python("self.set_start_date(2020, 1, 1)") + AGAIN_PYTHON,
        csharp("SetStartDate(2020, 1, 1);", fields=AGAIN_CSHARP),
        [date(2020, 1, 1)],
    ),
    "one of several": (
        python("match self.kind:\n    case 1:\n        self.set_start_date(2020, 1, 1)"),
        csharp("switch (Kind) { case 1: SetStartDate(2020, 1, 1); break; }"),
        [None],
    ),
    "after a fault": (
        python("try:\n    pass\nexcept ValueError:\n    self.set_start_date(2020, 1, 1)"),
        csharp("try { } catch { SetStartDate(2020, 1, 1); }"),
        [None],
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_a_date_under_a_condition(tmp_path: Path, case: str, language: int) -> None:
    """What only live trading sets does not count; what may be set is not known."""
    found = scanned(tmp_path, CONDITIONS[case][language]).settings
    assert [one.value for one in found] == CONDITIONS[case][2]


def test_a_marked_member_is_a_parameter(tmp_path: Path) -> None:
    """What its field begins with is its default only."""
    fields = '[Parameter("year")] private int _year = 2013; [Parameter("t")] public string T = "A";'
    source = scanned(tmp_path, csharp("SetStartDate(_year, 1, 1); AddEquity(T);", fields=fields))
    assert source.settings[0].parameters == {"year"}
    assert source.subscriptions[0].parameters == {"t"}


def test_another_currency_beside_is_no_cash(tmp_path: Path) -> None:
    """Two arguments name a currency; cash that a harness sets would leave none of it."""
    source = scanned(tmp_path, csharp('SetCash(5);\nSetCash("BTC", 3);'))
    assert [(one.key, one.value) for one in source.settings] == [("cash", 5), ("currency", None)]
    (told,) = check(source, [Scenario(cash=Decimal(5))], (), {"cash"}).notes
    assert (
        "scenario.cash: LEAN takes it as all the cash, so the cash of another currency that "
        "Trend.cs:10 sets" in told
    )
    assert not check(source, [Scenario(start=date(2020, 1, 1))], (), {"scenario"}).notes


ADDED = {
    "plain": (
        python('self.add_equity("SPY", Resolution.DAILY)'),
        csharp('AddEquity("SPY", Resolution.Daily);'),
        [("equity", "SPY", "daily", "")],
    ),
    "named": (
        python('self.add_crypto(ticker="BTCUSD", market=Market.BINANCE)'),
        csharp('AddCrypto(ticker: "BTCUSD", market: Market.Binance);'),
        [("crypto", "BTCUSD", "", "binance")],
    ),
    "in order": (
        python('self.add_forex("EURUSD", Resolution.HOUR, "fxcm")'),
        csharp('AddForex("EURUSD", Resolution.Hour, Market.FXCM);'),
        [("forex", "EURUSD", "hour", "fxcm")],
    ),
    "of any type": (
        python('self.add_security(SecurityType.EQUITY, "SPY", Resolution.MINUTE)'),
        csharp('AddSecurity(SecurityType.Equity, "SPY", Resolution.Minute);'),
        [("equity", "SPY", "minute", "")],
    ),
    "several": (
        python('r = Resolution.DAILY\nfor t in ["SPY", "IBM"]:\n    self.add_equity(t, r)'),
        csharp(
            "var r = Resolution.Daily;"
            'foreach (var t in new List<string> { "SPY", "IBM" }) { AddEquity(t, r); }'
        ),
        [("equity", "IBM", "daily", ""), ("equity", "SPY", "daily", "")],
    ),
    "worked out": (
        python("self.add_equity(self.pick(), self.resolution())"),
        csharp("AddEquity(Pick(), Resolution());"),
        [("equity", None, None, "")],
    ),
}


@pytest.mark.parametrize("case", ADDED)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_securities(tmp_path: Path, case: str, language: int) -> None:
    """Their type, ticker, resolution and market."""
    found = scanned(tmp_path, ADDED[case][language]).subscriptions
    assert [(o.kind, o.ticker, o.resolution, o.market) for o in found] == ADDED[case][2]
