"""Are the prices there that a backtest asks for? LEAN goes on without, as if nothing had happened.

Prices of shares lie under the ticker that they had at the time, as the map files tell: those of
GOOGL until 2014-04-02 in goog.zip. Days on which the market is closed are not missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from attrs import define, field

from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.map_files import OPEN_END, MapFile, MapFiles, Span
from leanopt_lean.market_hours import MarketHours, read_market_hours
from leanopt_lean.price_files import days_in, days_named, hint, resolutions
from leanopt_lean.series import TICK_TYPES, WHOLE, Series
from leanopt_lean.shares import unread

# A few days without prices are an exchange's day of mourning, or a share that nobody traded.
_GAPS = 0.05
_SHOWN = 3
_SAY = '[scenario] resolution = "daily" would say it'
_GET = "; `lean data download` gets prices, LEAN's repository has samples in Data/"


def check_prices(data: Path, wanted: Iterable[Series]) -> Findings:
    """Say which of the prices wanted are missing in LEAN's data folder `data`.

    Each problem names the symbol, the path, and what there is instead. Options and futures are not
    checked, which a note says. Where hours are not known, which `check_reference` says, no day is
    missed: the market may have been closed.
    """
    try:
        hours = read_market_hours(data)
    except (OSError, ValueError):
        hours = MarketHours({})
    look = _Look(data, hours)
    return Findings.of(look.at(series) for series in dict.fromkeys(wanted))


@define
class _Look:
    """One look at a data folder, with what many symbols share."""

    data: Path
    hours: MarketHours
    maps: dict[str, MapFiles] = field(factory=dict)

    def at(self, series: Series) -> Findings:
        """Return what is wrong with the prices of one symbol."""
        if mistakes := series.mistakes():
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
            what = "has no prices in it" if path.is_dir() else "is missing"
            days = f", wanted{_range(span.first, span.last)}" if series.dated else ""
            instead = hint(series, self.data, span.ticker)
            return problem(f"{series.symbol}: {path} {what}{days} ({instead}){_GET}")
        if not series.dated:
            return Findings()
        expected = self.hours.trading_days(
            series.security_type, series.market, series.ticker, span.first, span.last
        )
        return _missed(series, span, path, expected, there)

    def _anywhere(self, series: Series, span: Span) -> Findings:
        """Look whether there are any prices under a ticker where no resolution is known."""
        if there := resolutions(series, self.data, span.ticker):
            return note(
                f"{series.symbol}: prices are there by {', '.join(there)}, and their days are not "
                f"looked at: which the strategy asks for is not known; {_SAY}"
            )
        folder, instead = series.market_folder(self.data), hint(series, self.data, span.ticker)
        return problem(
            f"{series.symbol}: {folder} has no prices of {span.ticker} in any resolution "
            f"({instead}){_GET}"
        )


def _days(series: Series, data: Path, ticker: str) -> tuple[Path, frozenset[date]]:
    """Return where the prices of a ticker lie, and the days that they have."""
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


def _missed(
    series: Series, span: Span, path: Path, expected: list[date], there: frozenset[date]
) -> Findings:
    """Return the days that are missed: a problem where many, or at an end of the scenario."""
    missing = [day for day in expected if day not in there]
    if not missing:
        return Findings()
    what = (
        f"{series.symbol}: {path} has no prices for {len(missing)} of {len(expected)} trading days"
        f"{_range(expected[0], expected[-1])} ({', '.join(_some(missing))}); "
        f"there are {len(there)} days{_range(min(there), max(there))}"
    )
    begins = span.first == series.start and missing[0] == expected[0]
    ends = span.last == series.end and missing[-1] == expected[-1]
    if begins or ends or len(missing) > _GAPS * len(expected):
        return problem(f"{what}{_GET}")
    return note(what)


def _outside(series: Series, mapped: MapFile, maps: MapFiles, spans: list[Span]) -> Findings:
    """Tell where the shares were traded in a part of the scenario only, or in none of it."""
    start, end = _dates(series)
    traded = f"{series.symbol} (map file {mapped.name}.csv) was traded"
    if spans and start >= mapped.first and end <= mapped.last:
        return Findings()
    traded += f" from {mapped.first}" + (f" to {mapped.last}" if mapped.last < OPEN_END else " on")
    if spans:
        return note(f"{traded}: no prices in the rest of the scenario{_range(start, end)}")
    then = maps.holder(series.ticker, start)
    was = f"; then {series.symbol} was what is now {then.name.upper()}" if then else ""
    return problem(f"{traded}, never in the scenario{_range(start, end)}{was}")


def _dates(series: Series) -> tuple[date, date]:
    return series.start or date.min, series.end or date.max


def _range(first: date, last: date) -> str:
    return f" from {first} to {last}"


def _some(days: list[date]) -> Iterator[str]:
    yield from (day.isoformat() for day in days[:_SHOWN])
    if len(days) > _SHOWN:
        yield f"... {days[-1].isoformat()}"
