"""Missing prices are told before LEAN goes on without them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from leanopt_lean.findings import Findings
from leanopt_lean.prices import check_prices
from leanopt_lean.series import Series

from tests.lean_data import Folder, every_day, weekdays

JANUARY = {"start": date(2020, 1, 1), "end": date(2020, 1, 31)}
CLOSED = {date(2020, 1, 1), date(2020, 1, 20)}
#: As the tiny folder's market hours have it: SPY's own holiday is one more.
TRADED = [day for day in weekdays("2020-01-01", "2020-01-31") if day not in CLOSED]
DAILY = "equity/usa/daily"


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    """A data folder with reference data only."""
    return Folder(tmp_path).reference()


def problem(data: Folder, series: Series) -> str:
    """Return the one problem with a series, which names the symbol first."""
    (found,) = check_prices(data.path, [series]).problems
    assert found.startswith(f"{series.symbol}: ")
    return found


def test_week_ends_and_holidays_are_not_missed(data: Folder) -> None:
    """Neither the market's, nor the symbol's own, nor what comes before the market opens."""
    data.days(f"{DAILY}/ibm.zip", TRADED)
    data.days(f"{DAILY}/spy.zip", [day for day in TRADED if day != date(2020, 1, 8)])
    wanted = [Series("IBM", **JANUARY), Series("SPY", **JANUARY)]
    assert check_prices(data.path, wanted) == Findings()


def test_a_missing_symbol_is_told_by_its_path_and_the_nearest(data: Folder) -> None:
    """The path is the one that LEAN asks for."""
    data.days(f"{DAILY}/msft.zip", TRADED)
    found = problem(data, Series("MSTF", **JANUARY))
    assert f"{data.path / DAILY}/mstf.zip is missing, required from 2020-01-01 to" in found
    assert "did you mean MSFT?" in found


def test_upper_case_is_told(data: Folder) -> None:
    """LEAN's file names are in lower case."""
    data.days(f"{DAILY}/SPY.zip", TRADED)
    assert "found SPY, but LEAN reads lower-case names only" in problem(data, Series("SPY"))


def test_another_resolution_is_told(data: Folder) -> None:
    """A strategy may be meant for that one."""
    data.days("equity/usa/hour/ibm.zip", TRADED)
    data.days(f"{DAILY}/ibm.zip", TRADED)
    found = problem(data, Series("IBM", resolution="minute", **JANUARY))
    assert "found its prices in other resolutions: daily, hour" in found
    assert "/equity/usa/minute/ibm is missing" in found


def test_another_market_is_told(data: Folder) -> None:
    """A market has a folder."""
    data.days("forex/fxcm/daily/eurusd.zip", TRADED)
    found = problem(data, Series("EURUSD", security_type="forex"))
    assert f"the markets of {data.path / 'forex'} are fxcm" in found


@pytest.mark.parametrize(
    ("days", "severe"),
    [
        (TRADED[:10], True),
        (TRADED[10:], True),
        (TRADED[1:], True),
        (TRADED[:-1], True),
        (TRADED[:5] + TRADED[6:], False),
        (TRADED[:5] + TRADED[7:], True),
    ],
    ids=["the end", "the beginning", "the first day", "the last day", "a day", "two of 21"],
)
def test_missing_days_are_told_with_the_range_that_is_there(
    data: Folder, days: list[date], severe: bool
) -> None:
    """At an end, or one in twenty and more, they are a problem; a gap is a note."""
    data.days(f"{DAILY}/ibm.zip", days)
    found = check_prices(data.path, [Series("IBM", **JANUARY)])
    (told,) = found.problems if severe else found.notes
    missing = [day for day in TRADED if day not in days]
    assert f"no prices for {len(missing)} of 21 trading days from 2020-01-02 to 2020-01-31" in told
    assert f"({missing[0]}" in told
    assert f"found {len(days)} days from {days[0]} to {days[-1]}" in told
    assert (found.notes if severe else found.problems) == ()


@pytest.mark.parametrize("resolution", ["minute", "second", "tick"])
def test_prices_by_day_are_told_by_file_names(data: Folder, resolution: str) -> None:
    """Quotes alone are no trades."""
    folder = f"equity/usa/{resolution}/ibm"
    data.by_day(folder, TRADED[:-1])
    data.by_day(folder, TRADED, "quote")
    found = problem(data, Series("IBM", resolution=resolution, **JANUARY))
    assert f"{data.path / folder} has no prices for 1 of 21 trading days" in found
    data.by_day(folder, TRADED[-1:])
    assert check_prices(data.path, [Series("IBM", resolution=resolution, **JANUARY)]) == Findings()


def test_currencies_are_not_missed_on_sundays(data: Folder) -> None:
    """Their market opens on Sunday evening; whether there is a bar depends on the time zone."""
    days = weekdays("2020-01-01", "2020-01-31")
    data.days("forex/oanda/daily/eurusd.zip", days)
    data.by_day("forex/oanda/minute/eurusd", days, "quote")
    wanted = [
        Series("EURUSD", security_type="forex", resolution=one, **JANUARY)
        for one in ("daily", "minute")
    ]
    assert check_prices(data.path, wanted) == Findings()


@pytest.mark.parametrize("kind", ["trade", "quote"])
def test_coins_trade_every_day_and_have_trades_or_quotes(data: Folder, kind: str) -> None:
    """One of the two kinds of files will do."""
    days = every_day("2020-01-01", "2020-01-31")
    series = Series("BTCUSD", security_type="Crypto", **JANUARY)
    path = data.days(f"crypto/coinbase/daily/btcusd_{kind}.zip", days)
    assert check_prices(data.path, [series]) == Findings()
    data.days(str(path), days[:-1])
    assert f"{path} has no prices for 1 of 31" in problem(data, series)
    other = Series("BTCUSDT", security_type="cryptofuture", **JANUARY)
    assert "cryptofuture/binance/daily/btcusdt_trade.zip is missing" in problem(data, other)


def test_prices_lie_under_the_ticker_of_the_day(data: Folder) -> None:
    """As GOOGL's, which were GOOG's once."""
    data.write("equity/usa/map_files/new.csv", "20200102,old\n20200110,old\n20501231,new\n")
    data.days(f"{DAILY}/new.zip", TRADED)
    series = Series("NEW", **JANUARY)
    found = problem(data, series)
    assert f"{DAILY}/old.zip is missing, required from 2020-01-02 to 2020-01-10" in found
    data.days(f"{DAILY}/old.zip", [day for day in TRADED if day <= date(2020, 1, 10)])
    told = check_prices(data.path, [series])
    assert told.problems == ()
    assert told.notes == (
        (
            "NEW (map file new.csv) was traded from 2020-01-02 on: no prices in the rest of the "
            "scenario from 2020-01-01 to 2020-01-31"
        ),
    )


def test_a_day_missing_where_the_ticker_changes_is_a_gap(data: Folder) -> None:
    """An end is one of the scenario's."""
    data.write("equity/usa/map_files/new.csv", "20180102,old\n20190628,old\n20501231,new\n")
    data.days(f"{DAILY}/old.zip", weekdays("2019-01-01", "2019-06-27"))
    data.days(f"{DAILY}/new.zip", weekdays("2019-07-02", "2019-12-31"))
    series = Series("NEW", start=date(2019, 1, 1), end=date(2019, 12, 31))
    found = check_prices(data.path, [series])
    assert found.problems == ()
    assert ["(2019-06-28)" in found.notes[0], "(2019-07-01)" in found.notes[1]] == [True, True]


def test_a_ticker_of_others_before_is_told(data: Folder) -> None:
    """GOOG before April 2014 is what is now GOOGL."""
    data.write("equity/usa/map_files/goog.csv", "20140327,goocv\n20140402,goocv\n20501231,goog\n")
    data.write("equity/usa/map_files/googl.csv", "20040819,goog\n20140402,goog\n20501231,googl\n")
    data.days(f"{DAILY}/goog.zip", TRADED)
    series = Series("GOOG", start=date(2010, 1, 1), end=date(2012, 12, 31))
    (found,) = check_prices(data.path, [series]).problems
    assert "was traded from 2014-03-27 on, never in the scenario from 2010-01-01" in found
    assert found.endswith("at that time GOOG was the ticker of GOOGL")


def test_delisted_shares_are_not_missed_afterwards(data: Folder) -> None:
    """Until then they are."""
    data.write("equity/usa/map_files/gone.csv", "19980102,gone\n20200115,gone\n")
    # The market opens on the 15th too.
    data.days(f"{DAILY}/gone.zip", [day for day in TRADED if day < date(2020, 1, 14)])
    series = Series("GONE", start=date(2020, 1, 2), end=date(2020, 2, 1))
    assert "no prices for 2 of 10 trading days" in problem(data, series)
    data.days(f"{DAILY}/gone.zip", [day for day in TRADED if day <= date(2020, 1, 15)])
    assert check_prices(data.path, [series]) == Findings(
        notes=(
            (
                "GONE (map file gone.csv) was traded from 1998-01-02 to 2020-01-15: no prices in "
                "the rest of the scenario from 2020-01-02 to 2020-02-01"
            ),
        )
    )


def test_map_files_may_be_in_an_archive(data: Folder) -> None:
    """As those are that LEAN CLI downloads; the newest counts."""
    folder = data.path / "equity" / "usa" / "map_files"
    (folder / "spy.csv").unlink()
    for day, ticker in (("20200101", "older"), ("20200201", "old")):
        with ZipFile(folder / f"map_files_{day}.zip", "w") as archive:
            archive.writestr("new.csv", f"20200102,{ticker}\n20200110,{ticker}\n20501231,new\n")
    data.days(f"{DAILY}/new.zip", TRADED)
    assert f"{DAILY}/old.zip is missing" in problem(data, Series("NEW", **JANUARY))


def test_without_dates_prices_must_only_be_there(data: Folder) -> None:
    """Under the ticker of today."""
    data.write("equity/usa/map_files/new.csv", "20200102,old\n20200110,old\n20501231,new\n")
    data.days(f"{DAILY}/new.zip", TRADED[:1])
    assert check_prices(data.path, [Series("NEW")]) == Findings()


@pytest.mark.parametrize("text", ["no archive", ""])
def test_a_file_that_is_no_archive_is_told(data: Folder, text: str) -> None:
    """With its path."""
    path = data.write(f"{DAILY}/ibm.zip", text)
    assert f"{path} cannot be read" in problem(data, Series("IBM", **JANUARY))


def test_an_archive_of_something_else_is_told(data: Folder) -> None:
    """Its lines begin with no day."""
    path = data.days(f"{DAILY}/ibm.zip", [])
    assert f"{path} cannot be read: no line begins" in problem(data, Series("IBM", **JANUARY))


@pytest.mark.parametrize("kind", ["option", "future", "indexoption", "futureoption", "base"])
def test_what_is_not_checked_says_so(data: Folder, kind: str) -> None:
    """A note, not silence."""
    found = check_prices(data.path, [Series("ES", security_type=kind, **JANUARY)])
    assert found == Findings(notes=(f"ES: prices of {kind}s are not checked",))


def test_all_mistakes_in_a_scenario_are_told_at_once(data: Folder) -> None:
    """With the nearest right names; no path leaves the folder."""
    series = Series("../../secret", "..", "equities", "dayly", date(2020, 1, 31), date(2020, 1, 1))
    assert [one.split(":")[0] for one in check_prices(data.path, [series]).problems] == [
        "scenario.security_type",
        "scenario.resolution",
        "scenario.symbol",
        "scenario.market",
        "scenario.end",
    ]


@pytest.mark.parametrize("broken", ["missing", "of another market"])
def test_without_market_hours_no_day_is_missed(data: Folder, broken: str) -> None:
    """It is the hours that are told, not every Sunday; prices must be there all the same."""
    hours = data.path / "market-hours" / "market-hours-database.json"
    if broken == "missing":
        hours.unlink()
    else:
        hours.write_text('{"entries": {"Equity-lse-[*]": {}}}')
    data.days(f"{DAILY}/ibm.zip", TRADED[:1])
    assert check_prices(data.path, [Series("IBM", **JANUARY)]) == Findings()
    assert "msft.zip is missing" in problem(data, Series("MSFT", **JANUARY))


@pytest.mark.parametrize("days", [(1, 1), (4, 5), (18, 20)], ids=["holiday", "weekend", "three"])
def test_days_on_which_the_market_is_closed_are_told(data: Folder, days: tuple[int, int]) -> None:
    """A window of walk-forward may have no others: a backtest there has no data."""
    data.days(f"{DAILY}/ibm.zip", TRADED)
    start, end = (date(2020, 1, day) for day in days)
    said = problem(data, Series("IBM", start=start, end=end))
    assert said == f"IBM: the market is closed on all days from {start} to {end}"
