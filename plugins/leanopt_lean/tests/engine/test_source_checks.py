"""What a strategy is given, checked against what its source reads."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lean_projects import csharp, python, scanned
from leanopt_lean.checks import check, check_parameters, check_scenario, fields_set
from leanopt_lean.findings import Findings
from leanopt_lean.scenario_mapping import passed, passed_parameters
from leanopt_lean.source import StrategySource

from leanopt_core.work import Scenario

FAST = 'self.get_parameter("fast", 10)\nself.get_parameter("slow")'


def test_an_unread_parameter_is_a_problem_with_the_nearest(tmp_path: Path) -> None:
    """Where it is read; those left out are a note; --allow-unread makes notes of problems."""
    source = scanned(tmp_path, python(FAST))
    found = check_parameters(source, ["fas", "slow"])
    assert found.problems == (
        (
            "parameters.fas: Trend never reads 'fas'; did you mean 'fast' (main.py:7)? "
            "(to run it anyway, use --allow-unread)"
        ),
    )
    assert found.notes == (
        "Trend reads parameters that are not given: fast (default 10, main.py:7)",
    )
    assert check_parameters(source, ["fast", "slow"]) == check_parameters(source, ["slow", "fast"])
    assert check_parameters(source, ["fast", "slow"]).notes == ()
    allowed = check_parameters(source, ["fast", "qq", "slow"], allow_unread=True)
    assert allowed.problems == ()
    assert allowed.notes == ("parameters.qq: Trend never reads 'qq'; it reads fast, slow",)


def test_names_made_at_run_time_leave_a_doubt(tmp_path: Path) -> None:
    """A note with the places instead of a problem."""
    source = scanned(tmp_path, python(f"{FAST}\nself.get_parameter(self.name)"))
    found = check_parameters(source, ["fast", "slow", "stop"])
    assert found.problems == ()
    assert found.notes[0].endswith("(unless it is a name made at run time: main.py:9)")


def test_source_that_is_not_understood_leaves_a_doubt(tmp_path: Path) -> None:
    """What stands around it is read; the location is reported."""
    source = scanned(tmp_path, csharp('GetParameter("fast", 10);\nvar x = a?[b ? c;\nSetCash(5);'))
    assert source.reads == {"fast"}
    found = check_parameters(source, ["fast", "slow"])
    assert found.problems == ()
    assert "source not understood, so reads of parameters can be missed: Trend.cs:10" in found.notes
    assert check_parameters(scanned(tmp_path / "b", csharp("")), ["slow"]).problems != ()


def test_a_mark_that_lean_does_not_set_is_explained(tmp_path: Path) -> None:
    """The user sees the mark in the source and wonders."""
    model = 'public class Model { [Parameter("depth")] public int Depth = 1; }'
    (problem,) = check_parameters(scanned(tmp_path, csharp("", model)), ["depth"]).problems
    assert problem.startswith(
        "parameters.depth: Trend never reads 'depth': LEAN does not set the [Parameter] at "
        "Trend.cs:"
    )
    assert "it is not a member of Trend" in problem


START, DAY, OTHER = "self.set_start_date", date(2013, 10, 7), date(2004, 1, 2)
HARD = python("self.set_start_date(2013, 10, 7)\nself.set_cash(5000)\nself.add_equity('SPY')")
OWN = python(
    "self.set_start_date(datetime.fromisoformat(self.get_parameter('from')))\n"
    "self.set_cash(float(self.get_parameter('money', 1)))\n"
    "self.add_equity(self.get_parameter('what'))"
)
USUAL = csharp(
    'SetStartDate(DateTime.Parse(GetParameter("startDate"))); AddEquity(GetParameter("ticker"));'
    'SetCash(GetParameter("InitialCash", 1m));'
)
WARMED = csharp('SetWarmUp(TimeSpan.FromDays(GetParameter("warmupDays", 1)));')
REACHING = {
    "equal dates": (HARD, Scenario(start=DAY)),
    "equal cash": (HARD, Scenario(cash=Decimal("5000.0"))),
    "equal symbol": (HARD, Scenario(symbol="spy")),
    "defaults": (USUAL, Scenario(symbol="IBM", start=OTHER, cash=Decimal(7))),
    "named": (
        OWN,
        Scenario(symbol="IBM", start=OTHER, pass_as={"symbol": "what", "start": "from"}),
    ),
    "warm-up by its usual name": (WARMED, Scenario(warmup=60)),
    "warm-up by another name": (
        WARMED.replace("warmupDays", "days"),
        Scenario(warmup=60, pass_as={"warmup": "days"}),
    ),
    "LEAN's own cash": (python(""), Scenario(cash=Decimal(100_000))),
    "nothing named": (HARD, Scenario()),
}


@pytest.mark.parametrize("case", REACHING)
def test_what_reaches_the_strategy_is_right(tmp_path: Path, case: str) -> None:
    """As a parameter, or since the source says the same."""
    text, scenario = REACHING[case]
    assert check(scanned(tmp_path, text), [scenario], []).problems == ()


LOST = {
    "a warm-up": (
        HARD,
        Scenario(warmup=60),
        (
            "scenario.warmup: found 60, but Trend takes no warm-up from a parameter; remove it, or "
            'write in main.py: self.set_warm_up(timedelta(self.get_parameter("warmupDays", 60)))'
        ),
    ),
    "another date": (
        HARD,
        Scenario(start=OTHER),
        (
            "scenario.start: found 2004-01-02, but main.py:7 sets 2013-10-07; expected the same in "
            "the scenario, or in the source self.set_start_date(datetime.fromisoformat("
            'self.get_parameter("startDate", "2013-10-07")))'
        ),
    ),
    "another cash": (
        HARD,
        Scenario(cash=Decimal(7)),
        (
            "scenario.cash: found 7, but main.py:8 sets 5000; expected the same in the scenario, "
            'or in the source self.set_cash(float(self.get_parameter("InitialCash", "5000")))'
        ),
    ),
    "another symbol": (
        HARD,
        Scenario(symbol="IBM"),
        (
            "scenario.symbol: found IBM, but main.py:9 sets SPY; expected the same in the "
            'scenario, or in the source self.add_equity(self.get_parameter("ticker", "SPY"))'
        ),
    ),
    "nothing sets it": (
        HARD,
        Scenario(end=DAY),
        (
            "scenario.end: found 2013-10-07, but Trend sets no end; remove it, or write "
            "in main.py: self.set_end_date(datetime.fromisoformat("
            'self.get_parameter("endDate", "2013-10-07")))'
        ),
    ),
    "nothing adds it": (
        csharp(""),
        Scenario(symbol="IBM"),
        (
            "scenario.symbol: found IBM, but Trend adds no security by its ticker; remove it, "
            'or write in Trend.cs: AddEquity(GetParameter("ticker", "IBM"))'
        ),
    ),
    "another parameter": (
        OWN,
        Scenario(start=OTHER),
        (
            "scenario.start: found 2004-01-02, but main.py:7 takes it from the parameter 'from'; "
            'expected pass_as = { start = "from" } in the scenario'
        ),
    ),
    "a wrong pass_as": (
        OWN,
        Scenario(start=OTHER, pass_as={"start": "form"}),
        (
            "scenario.pass_as.start: Trend never reads 'form'; did you mean 'from' (main.py:7)? "
            "(to run it anyway, use --allow-unread)"
        ),
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_what_is_lost_is_a_problem(tmp_path: Path, case: str) -> None:
    """It says what stands against it and what to write; a harness that can set it has none."""
    text, scenario, message = LOST[case]
    source = scanned(tmp_path, text)
    assert check(source, [scenario, scenario], []).problems == (message,)
    assert check(source, [scenario], [], ["config", "scenario", "warmup"]).problems == ()


@pytest.mark.parametrize(
    ("abilities", "fields"),
    [
        ((), ()),
        (("config", "statistics", "document"), ()),
        (("dates",), ("start", "end")),
        (("cash",), ("cash",)),
        (("config", "dates", "cash"), ("start", "end", "cash")),
        (("warmup",), ("warmup",)),
        (("scenario",), ("symbol", "start", "end", "cash")),
        (("scenario", "dates"), ("symbol", "start", "end", "cash")),
    ],
)
def test_what_harnesses_set_themselves(abilities: tuple[str, ...], fields: tuple[str, ...]) -> None:
    """Dates and cash by abilities of their own, all of a scenario by one."""
    assert fields_set(abilities) == set(fields)


@pytest.mark.parametrize(
    ("abilities", "lost"),
    [
        ([], ["symbol", "start", "end", "cash", "warmup"]),
        (["dates"], ["symbol", "cash", "warmup"]),
        (["cash"], ["symbol", "start", "end", "warmup"]),
        (["dates", "cash", "warmup"], ["symbol"]),
        (["scenario"], ["warmup"]),
        (["scenario", "warmup"], []),
    ],
)
def test_what_a_harness_sets_need_not_reach_the_source(
    tmp_path: Path, abilities: list[str], lost: list[str]
) -> None:
    """The rest must; no ability but `scenario` covers a symbol."""
    source = scanned(tmp_path, HARD)
    scenario = Scenario(symbol="IBM", start=OTHER, end=OTHER, cash=Decimal(7), warmup=60)
    found = check_scenario(source, scenario, abilities=abilities)
    assert [one.partition(":")[0] for one in found.problems] == [f"scenario.{one}" for one in lost]
    assert found == check(source, [scenario], [], abilities)


def test_what_parameters_give_already_is_not_passed(tmp_path: Path) -> None:
    """One of the two has to go."""
    source = scanned(tmp_path, USUAL)
    assert check(source, [Scenario(symbol="IBM")], ["ticker"]).problems == (
        ("scenario.symbol: found IBM, but [parameters] also gives 'ticker': remove one of the two"),
    )
    source = scanned(tmp_path / "own", OWN)
    (problem,) = check(source, [Scenario(start=OTHER)], ["from"]).problems
    assert problem.endswith("'from', which [parameters] gives: remove one of the two")


def test_a_date_that_is_worked_out_leaves_a_doubt(tmp_path: Path) -> None:
    """A note: it may differ."""
    source = scanned(tmp_path, csharp("SetEndDate(DateTime.Now);"))
    found = check(source, [Scenario(end=DAY)], [])
    assert found.problems == ()
    assert found.notes == (("scenario.end: found 2013-10-07, but Trend.cs:9 computes it: it may "
                           "differ"),)  # fmt: skip


def resolved(
    source: StrategySource, symbol: str, said: str, *given: str, **pass_as: str
) -> Findings:
    """Return what is found where a scenario says a resolution."""
    extras = {"resolution": said}
    return check(source, [Scenario(symbol=symbol, extras=extras, pass_as=pass_as)], given)


def test_a_date_under_a_condition_leaves_a_doubt(tmp_path: Path) -> None:
    """Though the source sets the scenario's date too."""
    body = "self.set_start_date(2013, 10, 7)\nif self.short:\n    self.set_start_date(2020, 1, 1)"
    found = check(scanned(tmp_path, python(body)), [Scenario(start=DAY)], [])
    assert found.problems == ()
    assert found.notes == (
        (
            "scenario.start: found 2013-10-07, but main.py:9 sets it under a condition: it may "
            "differ"
        ),
    )


def test_another_resolution_is_told(tmp_path: Path) -> None:
    """The check of the data would look for the wrong files; none given is LEAN's minute, mostly."""
    body = 'self.add_equity("SPY", Resolution.HOUR)\nself.add_equity("IBM")'
    source = scanned(tmp_path, python(body))
    assert resolved(source, "SPY", "daily").problems == (
        "scenario.resolution: found 'daily', but main.py:7 requests hour; expected the same",
    )
    found = resolved(source, "IBM", "daily")
    assert found.problems == ()
    assert found.notes == (
        (
            "scenario.resolution: found 'daily', but main.py:8 names no resolution, "
            "and LEAN's default is minute"
        ),
    )
    assert resolved(source, "spy", "Hour") == resolved(source, "IBM", "minute") == Findings()
    # Of two of one symbol it is one.
    both = scanned(tmp_path / "both", python(f'{body}\nself.add_equity("SPY", Resolution.DAILY)'))
    assert resolved(both, "SPY", "daily").problems == ()
    assert "main.py:7 requests hour" in resolved(both, "SPY", "daily").notes[0]


def test_a_resolution_that_does_not_travel_is_noted(tmp_path: Path) -> None:
    """Data is looked for by the scenario's, and the strategy runs by its parameter's default."""
    body = (
        'own = self.get_parameter("bars", "daily")\n'
        'by = Resolution.HOUR if own == "hour" else Resolution.DAILY\n'
        'self.add_equity(self.get_parameter("ticker", "SPY"), by)'
    )
    source = scanned(tmp_path, python(body))
    note = (
        "scenario.resolution: found 'hour', which only the check of the data uses: "
        "main.py:9 takes the resolution from the parameter 'bars', by default daily; "
        'pass_as = { resolution = "bars" } in the scenario passes it'
    )
    assert note in resolved(source, "SPY", "hour").notes
    assert not [one for one in resolved(source, "SPY", "daily").notes if "resolution" in one]
    assert resolved(source, "SPY", "hour", resolution="bars").problems == ()
    assert resolved(source, "SPY", "hour", "bars") == Findings()


def test_as_which_parameters_a_scenario_travels(tmp_path: Path) -> None:
    """Defaults only where they are read; dates as yyyy-MM-dd, numbers with all their digits."""
    source = scanned(tmp_path, USUAL)
    scenario = Scenario(
        symbol="IBM",
        start=OTHER,
        end=DAY,
        cash=Decimal("100000.50"),
        extras={"fee": Decimal("0.10"), "short": True},
        pass_as={"fee": "fee", "short": "short"},
    )
    assert passed_parameters(source, scenario) == {
        "ticker": "IBM",
        "startDate": "2004-01-02",
        "InitialCash": "100000.50",
        "fee": "0.10",
        "short": "true",
    }
    assert passed(source, Scenario(symbol="IBM"), ["ticker"]) == {}


def test_windows_of_a_scenario_are_told_once(tmp_path: Path) -> None:
    """Of those that differ by days only, the first that cannot reach the strategy, by key."""
    dates = "self.set_start_date(2003, 1, 1)\nself.set_end_date(2004, 12, 31)"
    source = scanned(tmp_path, python(dates))
    windows = [
        Scenario(str(year), start=date(year, 1, 1), end=date(year, 12, 31), cash=cash)
        for cash in (None, Decimal(5))
        for year in range(2003, 2007)
    ]
    said = check(source, windows, []).problems
    assert [one.partition(", but")[0] for one in said] == [
        *("scenario.end: found 2003-12-31", "scenario.start: found 2004-01-01"),
        *("scenario.cash: found 5",),
    ]
