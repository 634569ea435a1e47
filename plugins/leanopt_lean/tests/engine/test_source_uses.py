"""What `Initialize` uses of its own dates and cash, and what is said where others are told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lean_projects import csharp, python, scanned
from leanopt_lean.checks import check

from leanopt_core.work import Scenario

WARM = ("config", "dates", "cash")
PYTHON_DAY = "    def on_data(self, data):\n        "
CSHARP_DAY = "public override void OnData(Slice data) { "

USED = {
    "history": (
        python('self.history(["SPY"], 10, Resolution.DAILY)'),
        csharp('var bars = History<TradeBar>("SPY", 10);'),
        [("start", "history", 7)],
    ),
    "its time": (
        python("first = self.time - timedelta(5)\nlast = self.utc_time.year"),
        csharp("var first = Time.AddDays(-5);\nvar last = this.UtcTime.Year;"),
        [("start", "time", 7), ("start", "utc_time.year", 8)],
    ),
    "its dates": (
        python("days = self.end_date - self.start_date"),
        csharp("var days = EndDate - StartDate;"),
        [("end", "end_date", 7), ("start", "start_date", 7)],
    ),
    "its cash": (
        python('if self.portfolio.cash > 5: pass\nself.portfolio.cash_book["USD"].amount'),
        csharp('if (Portfolio.Cash > 5) {}\nPortfolio.CashBook["USD"].Amount.ToString();'),
        [("cash", "portfolio.cash", 7), ("cash", "portfolio.cash_book", 8)],
    ),
    "history of each indicator": (
        python("self.settings.automatic_indicator_warm_up = True"),
        csharp("Settings.AutomaticIndicatorWarmUp = true;"),
        [("start", "automatic_indicator_warm_up", 7)],
    ),
    "in a method of its own": (
        python("self.warm()") + "\n    def warm(self):\n        self.history(self.spy, 9)\n",
        csharp("Warm();", fields="void Warm() { History(_spy, 9); }"),
        [("start", "history", None)],
    ),
}
UNUSED = {
    "in another method": (
        python("pass") + PYTHON_DAY + "self.history(self.spy, self.portfolio.cash)\n",
        csharp("", fields=CSHARP_DAY + "History(_spy, Portfolio.Cash + Time.Day); }"),
    ),
    "in a comment, in a text": (
        python('# self.history(self.spy, 9)\nself.debug("self.history(self.time)")'),
        csharp('// History(_spy, 9);\nDebug("History(_spy, Time)");'),
    ),
    "in a lambda": (
        python("self.schedule.on(self.days, self.hours, lambda: self.history(self.spy, 9))"),
        csharp("Schedule.On(_days, _hours, () => History(_spy, 9));"),
    ),
    "in the block of a lambda": (
        python("def later():\n    self.history(self.spy, 9)\nself.schedule.on(self.days, later)"),
        csharp("Schedule.On(_days, () => { var now = Time; History(_spy, 9); });"),
    ),
    "other names": (
        python("time(9, 30)\nstart_date = 3\nself.first = time.min\nself.portfolio.invested"),
        csharp("var time = 3;\nvar first = time + model.Time + Portfolio.Count;"),
    ),
    "a field of its own": (
        python("self.first = self.start_date", fields="start_date = 3"),
        csharp("var first = StartDate;", fields="private static readonly int StartDate = 3;"),
    ),
    "a switch that is off": (
        python("self.settings.automatic_indicator_warm_up = False"),
        csharp("Settings.AutomaticIndicatorWarmUp = false;"),
    ),
}


@pytest.mark.parametrize("case", USED)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_what_initialize_uses(tmp_path: Path, case: str, language: int) -> None:
    """By name and place, in both languages."""
    source = scanned(tmp_path, USED[case][language])
    expected = USED[case][2]
    names = [(key, name.replace("_", "")) for key, name, _ in expected]
    assert [(one.key, one.what.lower().replace("_", "")) for one in source.uses] == names
    if language == 0:
        lines = [line for _, _, line in expected if line]
        assert [one.location.line for one in source.uses][: len(lines)] == lines


@pytest.mark.parametrize("case", UNUSED)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_what_initialize_does_not_use(tmp_path: Path, case: str, language: int) -> None:
    """What runs later, is no code, or is no member of LEAN's."""
    assert scanned(tmp_path, UNUSED[case][language]).uses == ()


DAY, OTHER = date(2013, 10, 7), date(2004, 1, 2)
EARLY = python("self.set_start_date(2013, 10, 7)\nself.history(self.spy, 9)\nself.time")
SET = """\
self.set_start_date(datetime.fromisoformat(self.get_parameter("startDate", "2013-10-07")))
self.history(self.spy, 9)"""


def test_a_date_that_is_told_too_late_is_noted(tmp_path: Path) -> None:
    """With the places and a remedy, once for all scenarios."""
    found = check(scanned(tmp_path, EARLY), [Scenario(start=OTHER)] * 2, [], WARM)
    assert found.problems == ()
    (noted,) = found.notes
    assert noted == (
        "scenario.start: LEAN sets it after Initialize, which uses another start before (history "
        "at main.py:8, time at main.py:9): results can differ; to set it earlier, write in "
        "main.py: "
        "self.set_start_date(datetime.fromisoformat("
        'self.get_parameter("startDate", "2013-10-07")))'
    )


def test_cash_that_is_told_too_late_is_noted(tmp_path: Path) -> None:
    """LEAN's own cash is no other."""
    source = scanned(tmp_path, csharp("var half = Portfolio.Cash / 2;"))
    (noted,) = check(source, [Scenario(cash=Decimal(5000))], [], WARM).notes
    assert noted.startswith("scenario.cash: LEAN sets it after Initialize, which uses another cash")
    assert noted.endswith('write in Trend.cs: SetCash(GetParameter("InitialCash", 5000m))')
    assert check(source, [Scenario(cash=Decimal(100_000))], [], WARM).notes == ()


def test_another_parameter_can_be_named(tmp_path: Path) -> None:
    """Or must be left out of those that are given."""
    source = scanned(tmp_path, python(SET.replace("startDate", "from")))
    (noted,) = check(source, [Scenario(start=OTHER)], ["from"], WARM).notes
    assert noted.endswith("results can differ; remove 'from' from [parameters]")
    noted, *_ = check(source, [Scenario(start=OTHER)], [], WARM).notes[1:]
    assert noted.endswith('; pass_as = { start = "from" } in the scenario sets it earlier')
    named = Scenario(start=OTHER, pass_as={"start": "from"})
    assert check(source, [named], [], WARM).notes == ()


SILENT = {
    "the same date": (EARLY, Scenario(start=DAY), WARM),
    "a parameter": (python(SET), Scenario(start=OTHER), WARM),
    "no date": (EARLY, Scenario(end=DAY), WARM),
    "nothing used": (
        python("self.set_start_date(2013, 10, 7)\nself.set_cash(5)"),
        Scenario(start=OTHER, end=DAY, cash=Decimal(7)),
        WARM,
    ),
    "a harness of the user's": (EARLY, Scenario(start=OTHER), ("scenario",)),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_else_is_said(tmp_path: Path, case: str) -> None:
    """Other dates than the source's are neither a problem nor a note by themselves."""
    text, scenario, abilities = SILENT[case]
    found = check(scanned(tmp_path, text), [scenario], [], abilities)
    assert [found.problems, [one for one in found.notes if "scenario" in one]] == [(), []]


def test_a_symbol_is_never_told(tmp_path: Path) -> None:
    """It stays a problem."""
    source = scanned(tmp_path, python('self.add_equity("SPY")'))
    (problem,) = check(source, [Scenario(symbol="IBM")], [], WARM).problems
    assert problem.startswith("scenario.symbol: found IBM, but main.py:7 sets SPY")


def test_the_launcher_is_told_no_dates(tmp_path: Path) -> None:
    """Another date than the source's stays a problem, and is no note."""
    found = check(scanned(tmp_path, EARLY), [Scenario(start=OTHER)], [], ["config"])
    assert "main.py:7 sets 2013-10-07" in found.problems[0]
    assert found.notes == ()
