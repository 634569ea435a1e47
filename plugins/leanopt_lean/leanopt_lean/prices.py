"""Checks that LEAN's data has the prices a backtest requests: LEAN does not report missing ones.

Shares' prices are stored under the ticker of the time, as map files say: those of GOOGL until
2014-04-02 in goog.zip. Days on which the market is closed do not count as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from attrs import define, field

from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.map_files import OPEN_END, MapFile, MapFiles, Span
from leanopt_lean.market_hours import MarketHours, read_market_hours
from leanopt_lean.price_files import days_in, days_named, hint, resolutions
from leanopt_lean.series import TICK_TYPES, WHOLE, Series
from leanopt_lean.shares import unread

# A few days without prices are normal: special closures, or days without a trade.
_GAPS = 0.05
_SHOWN = 3
_MONTH = timedelta(31)
_SAY = 'set it in the scenario, as resolution = "daily"'
_GET = "; get prices with `lean data download`, or samples from Data/ of LEAN's repository"


def check_prices(data: Path, wanted: Iterable[Series]) -> Findings:
    """Report which prices in `wanted` are missing in LEAN's data folder `data`.

    Each problem names the symbol, the path, and what there is instead. Options and futures are not
    checked; a note says so. If a market's hours are unknown (`check_reference` reports it), no day
    counts as missing: the market may have been closed.
    """
    try:
        hours = read_market_hours(data)
    except (OSError, ValueError):
        hours = MarketHours({})
    look = _Look(data, hours)
    return Findings.of(look.at(series) for series in dict.fromkeys(wanted))


@define
class _Look:
    """A check of one data folder; keeps what symbols share."""

    data: Path
    hours: MarketHours
    maps: dict[str, MapFiles] = field(factory=dict)

    def at(self, series: Series) -> Findings:
        """Return what is wrong with the prices of one symbol."""
        if mistakes := series.mistakes() or self._closed(series):
            return Findings(problems=tuple(mistakes))
        if series.security_type not in TICK_TYPES:
            return note(f"{series.symbol}: prices of {series.security_type}s are not checked")
        try:
            mapped = self._map(series)
        except (OSError, ValueError) as error:
            return unread(error)
        if mapped is None:
            return self._span(series, Span(series.ticker, *_dates(series)))
        spans = mapped.spans(*_dates(series))
        if not series.dated:
            return self._span(series, spans[-1])
        outside = _outside(series, mapped, self.maps[series.market], spans)
        return Findings.of((outside, *(self._span(series, span) for span in spans)))

    def _closed(self, series: Series) -> list[str]:
        """Return a message if the market is known to be closed on all days of a series."""
        of = series.security_type, series.market, series.ticker
        if not series.dated or not self.hours.has(*of):
            return []
        start, end = _dates(series)
        # A month has a trading day: longer series need no look at each day.
        if self.hours.trading_days(*of, start, min(end, start + _MONTH)):
            return []
        return [f"{series.symbol}: the market is closed on all days{_range(start, end)}"]

    def _map(self, series: Series) -> MapFile | None:
        if series.security_type != "equity":
            return None
        folder = self.data / "equity" / series.market / "map_files"
        return self.maps.setdefault(series.market, MapFiles(folder)).find(series.ticker)

    def _span(self, series: Series, span: Span) -> Findings:
        """Return what is wrong with the prices under one ticker."""
        if not series.resolution:
            return self._anywhere(series, span)
        try:
            path, there = _days(series, self.data, span.ticker)
        except (OSError, ValueError) as error:
            return problem(f"{series.symbol}: {error}")
        if not there:
            what = "holds no prices" if path.is_dir() else "is missing"
            days = f", required{_range(span.first, span.last)}" if series.dated else ""
            instead = hint(series, self.data, span.ticker)
            return problem(f"{series.symbol}: {path} {what}{days} ({instead}){_GET}")
        if not series.dated:
            return Findings()
        expected = self.hours.trading_days(
            series.security_type, series.market, series.ticker, span.first, span.last
        )
        return _missing(series, span, path, expected, there)

    def _anywhere(self, series: Series, span: Span) -> Findings:
        """Check for prices in any resolution, if the resolution is unknown."""
        if there := resolutions(series, self.data, span.ticker):
            return note(
                f"{series.symbol}: found prices in {', '.join(there)}, but which one "
                f"the strategy requests is unknown, so their days are not checked; {_SAY}"
            )
        folder, instead = series.market_folder(self.data), hint(series, self.data, span.ticker)
        return problem(
            f"{series.symbol}: {folder} has no prices for {span.ticker} in any resolution "
            f"({instead}){_GET}"
        )


def _days(series: Series, data: Path, ticker: str) -> tuple[Path, frozenset[date]]:
    """Return the path of a ticker's prices, and their days."""
    if series.resolution not in WHOLE:
        folder = series.folder(data) / ticker
        return folder, days_named(folder, TICK_TYPES[series.security_type])
    paths = series.files(data, ticker)
    path = next((one for one in paths if one.is_file()), paths[0])
    if not path.is_file():
        return path, frozenset()
    try:
        return path, days_in(path)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _missing(
    series: Series, span: Span, path: Path, expected: list[date], there: frozenset[date]
) -> Findings:
    """Report missing days: a problem if they are many, or at an end of the scenario."""
    missing = [day for day in expected if day not in there]
    if not missing:
        return Findings()
    what = (
        f"{series.symbol}: {path} has no prices for {len(missing)} of {len(expected)} trading days"
        f"{_range(expected[0], expected[-1])} ({', '.join(_some(missing))}); "
        f"found {len(there)} day{'s' * (len(there) > 1)}{_range(min(there), max(there))}"
    )
    begins = span.first == series.start and missing[0] == expected[0]
    ends = span.last == series.end and missing[-1] == expected[-1]
    if begins or ends or len(missing) > _GAPS * len(expected):
        return problem(f"{what}{_GET}")
    return note(what)


def _outside(series: Series, mapped: MapFile, maps: MapFiles, spans: list[Span]) -> Findings:
    """Report shares that were traded in part of the scenario only, or never in it."""
    start, end = _dates(series)
    traded = f"{series.symbol} (map file {mapped.name}.csv) was traded"
    if spans and start >= mapped.first and end <= mapped.last:
        return Findings()
    traded += f" from {mapped.first}" + (f" to {mapped.last}" if mapped.last < OPEN_END else " on")
    if spans:
        return note(f"{traded}: no prices in the rest of the scenario{_range(start, end)}")
    then = maps.holder(series.ticker, start)
    was = f"; at that time {series.symbol} was the ticker of {then.name.upper()}" if then else ""
    return problem(f"{traded}, never in the scenario{_range(start, end)}{was}")


def _dates(series: Series) -> tuple[date, date]:
    return series.start or date.min, series.end or date.max


def _range(first: date, last: date) -> str:
    return f" from {first} to {last}"


def _some(days: list[date]) -> Iterator[str]:
    yield from (day.isoformat() for day in days[:_SHOWN])
    if len(days) > _SHOWN:
        yield f"... {days[-1].isoformat()}"
