"""The data of LEAN's own repository: what it has passes, what it lacks is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from leanopt_lean.map_files import MapFiles, Span
from leanopt_lean.market_hours import read_market_hours
from leanopt_lean.prices import check_prices
from leanopt_lean.reference import check_reference
from leanopt_lean.series import Series

from tests.lean_data import REAL, needs_real

pytestmark = needs_real

OCTOBER = {"start": date(2013, 10, 7), "end": date(2013, 10, 11)}
DECADE = {"start": date(2008, 1, 1), "end": date(2017, 12, 31)}


@pytest.mark.alike(3)
@pytest.mark.parametrize(
    "series",
    [
        Series("SPY", start=date(2003, 1, 1), end=date(2007, 12, 31)),
        Series("SPY", resolution="hour", **DECADE),
        Series("SPY", resolution="minute", **OCTOBER),
        Series("AAPL", resolution="minute", start=date(2014, 6, 5), end=date(2014, 6, 9)),
        # Under GOOG until April 2014, under UW and WMI before 2009.
        Series("GOOGL", **DECADE),
        Series("WM", **{**DECADE, "start": date(1998, 1, 2)}),
        Series("EURUSD", "fxcm", "forex", **DECADE),
        Series("BTCUSD", "coinbase", "crypto", start=date(2016, 1, 1), end=date(2017, 12, 31)),
    ],
    ids=lambda series: f"{series.symbol} {series.resolution}",
)
def test_what_is_there_passes(series: Series) -> None:
    """Prices and reference data."""
    assert check_prices(REAL, [series]).problems == ()
    assert check_reference(REAL, [series]).problems == ()


@pytest.mark.parametrize(
    ("series", "path", "told"),
    [
        (Series("MSFT", **DECADE), "equity/usa/daily/msft.zip", "is missing"),
        (Series("SPX", **DECADE), "equity/usa/daily/spx.zip", "did you mean SPY?"),
        (
            Series("SPY", start=date(2019, 1, 1), end=date(2021, 12, 31)),
            "equity/usa/daily/spy.zip",
            "found 5849 days from 1998-01-02 to 2021-03-31",
        ),
        (Series("QQQ", **DECADE), "equity/usa/daily/qqqq.zip", "from 2008-01-01 to 2011-03-22"),
        (Series("IBM", resolution="minute", **OCTOBER), "equity/usa/minute/ibm", "daily, hour"),
        (
            Series("SPY", resolution="minute", start=date(2013, 10, 1), end=date(2013, 10, 11)),
            "equity/usa/minute/spy",
            "3 of 9 trading days from 2013-10-01 to 2013-10-11 (2013-10-01, 2013-10-02",
        ),
        (Series("EURUSD", "", "forex", **DECADE), "forex/oanda/daily/eurusd.zip", "are fxcm"),
        (Series("ETHUSD", "", "crypto"), "crypto/coinbase/daily/ethusd_trade.zip", "mean BTCUSD?"),
    ],
    ids=lambda value: value.symbol if isinstance(value, Series) else None,
)
def test_what_is_missing_is_named(series: Series, path: str, told: str) -> None:
    """By symbol and path, with what there is instead."""
    (found,) = check_prices(REAL, [series]).problems
    assert found.startswith(f"{series.symbol}: {REAL / path} ")
    assert told in found


def test_goog_before_2014_is_googl() -> None:
    """Its prices of 2010 are in goog.zip, but they are another share's."""
    series = Series("GOOG", start=date(2010, 1, 1), end=date(2012, 12, 31))
    (found,) = check_prices(REAL, [series]).problems
    assert "goog.csv" in found
    assert found.endswith("GOOG was the ticker of GOOGL")


@pytest.mark.parametrize(
    ("ticker", "expected"),
    [
        ("goog", [("goocv", "2014-03-27", "2014-04-02"), ("goog", "2014-04-03", "2015-01-01")]),
        ("googl", [("goog", "2004-08-19", "2014-04-02"), ("googl", "2014-04-03", "2015-01-01")]),
        # Shares that had the ticker last, not those that had it first.
        ("fb", [("fb", "2012-05-18", "2015-01-01")]),
        ("wmi", [("wmi", "2000-01-01", "2009-08-04"), ("wm", "2009-08-05", "2015-01-01")]),
    ],
)
def test_tickers_over_time(ticker: str, expected: list[tuple[str, str, str]]) -> None:
    """As LEAN reads the map files."""
    found = MapFiles(REAL / "equity" / "usa" / "map_files").find(ticker)
    assert found is not None
    assert found.spans(date(2000, 1, 1), date(2015, 1, 1)) == [
        Span(name, date.fromisoformat(first), date.fromisoformat(last))
        for name, first, last in expected
    ]


def test_days_of_trading_are_those_of_new_york() -> None:
    """252 days in 2003 to 2005, 251 in 2006 and 2007."""
    hours = read_market_hours(REAL)
    days = hours.trading_days("equity", "usa", "spy", date(2003, 1, 1), date(2007, 12, 31))
    years = [sum(day.year == year for day in days) for year in range(2003, 2008)]
    assert years == [252, 252, 252, 251, 251]


@pytest.mark.parametrize(
    "name",
    [
        "symbol-properties/symbol-properties-database.csv",
        "market-hours/market-hours-database.json",
        "alternative/interest-rate/usa/interest-rate.csv",
    ],
)
def test_reference_data_that_is_taken_away_is_named(tmp_path: Path, name: str) -> None:
    """The rest of the real data is linked, one file is not."""
    for path in REAL.rglob("*"):
        if path.is_file() and path != REAL / name:
            link = tmp_path / path.relative_to(REAL)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    (found,) = check_reference(tmp_path, [Series("SPY")]).problems
    assert found.startswith(
        f"{tmp_path / name} is missing; copy Data/{name} from LEAN's repository"
    )
