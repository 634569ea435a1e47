"""Which files of LEAN's data folder the backtests of a scenario read.

Known only if the source shows everything that is read. Otherwise any file counts, for a reason.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from leanopt_core.api import PrepareContext, Scenario, ScenarioFiles
from leanopt_lean.map_files import tickers_by_name
from leanopt_lean.scenario_mapping import passed_parameters
from leanopt_lean.series import BY_DAY, MARKETS, RESOLUTIONS, Series
from leanopt_lean.source import StrategySource, Subscription

#: Folders that LEAN reads for every algorithm.
_REFERENCE: Final = ("market-hours", "symbol-properties", "alternative/interest-rate")
#: The benchmark of an algorithm that sets none, and the resolution of benchmarks.
_SPY: Final = "SPY"
_BENCHMARK: Final = "hour"
_OWN_RESOLUTION: Final = "minute"
#: Kinds of securities for which prices, map and factor files are all that LEAN reads.
_KINDS: Final = ("equity", "forex", "cfd", "crypto")
#: Those that add a currency to the account's cash.
_CURRENCIES: Final = ("forex", "crypto")
#: Quoted in the account's currency; of others LEAN reads the prices of a conversion too.
_CURRENCY: Final = "usd"
#: Files of whole series have the kind of prices in their names for some securities.
_ENDS: Final = ("", "_trade", "_quote", "_openinterest")
#: Data of a day may be stored under the next one, by the data's time zone.
_AFTER: Final = timedelta(days=2)


class UnsureError(Exception):
    """Why not all files are known."""


@define
class ShareNames:
    """The tickers and the files of shares in LEAN's data folder; reads its map files once."""

    data: Path
    _named: dict[str, Mapping[str, frozenset[str]]] = field(factory=dict, init=False)
    _mentioning: dict[str, Mapping[str, list[str]]] = field(factory=dict, init=False)

    def of(self, market: str, ticker: str) -> dict[str, frozenset[str]]:
        """Return the names of files that a ticker's shares have, each with the tickers in it."""
        if market not in self._named:
            self._read(market)
        named, mentioning = self._named[market], self._mentioning[market]
        # A file of the ticker's own name counts even if there is none yet.
        names = sorted({ticker, *mentioning.get(ticker, ())})
        return {name: named.get(name, frozenset()) for name in names}

    def _read(self, market: str) -> None:
        folder = self.data / "equity" / market / "map_files"
        named = tickers_by_name(folder)
        mentioning: dict[str, list[str]] = {}
        for name, tickers in named.items():
            for ticker in {name.lower(), *tickers}:
                mentioning.setdefault(ticker, []).append(name)
        self._named[market], self._mentioning[market] = named, mentioning


@frozen
class Prices:
    """The prices of one symbol: the series but for its resolution, and the resolutions."""

    series: Series
    resolutions: frozenset[str]


def scenario_files(
    source: StrategySource,
    scenario: Scenario,
    context: PrepareContext,
    shares: ShareNames,
    end: date | None,
) -> ScenarioFiles:
    """Return the files that backtests under a scenario read, as patterns relative to `data`.

    `context` is what the strategy was prepared for. After the day `end`, if it is known, LEAN reads
    no prices.
    """
    try:
        prices = list(_prices(source, scenario, context))
    except UnsureError as error:
        return ScenarioFiles(why=str(error))
    files = chain.from_iterable(_files(one, shares, end) for one in prices)
    return ScenarioFiles(tuple(dict.fromkeys((*_REFERENCE, *files))))


def _prices(
    source: StrategySource, scenario: Scenario, context: PrepareContext
) -> Iterator[Prices]:
    """Yield the prices that are read; raises UnsureError if they are not all known."""
    reads = source.data_reads
    if reads.doubts:
        first = reads.doubts[0]
        raise UnsureError(f"{first.location}: {first.what} may read any of them")
    for one in source.subscriptions:
        resolutions = _resolutions(source, one)
        for ticker in _tickers(source, one, scenario, context):
            yield Prices(_series(one, ticker), resolutions)
    benchmarks = reads.benchmarks if reads.own_benchmark else {*reads.benchmarks, _SPY}
    # A warm-up reads its resolution of the benchmark too.
    resolutions = frozenset(RESOLUTIONS) if reads.resolutions is None else reads.resolutions
    for ticker in sorted(benchmarks):
        yield Prices(Series(ticker, resolution=""), resolutions | {_BENCHMARK})


def _resolutions(source: StrategySource, one: Subscription) -> frozenset[str]:
    named = source.data_reads.resolutions
    # For the first rate of a currency, LEAN reads the last known price, at any resolution.
    if named is None or one.resolution is None or one.kind in _CURRENCIES:
        return frozenset(RESOLUTIONS)
    return named | {one.resolution or _OWN_RESOLUTION}


def _series(one: Subscription, ticker: str) -> Series:
    if one.kind not in _KINDS:
        raise UnsureError(f"{one.location}: LEAN reads more than prices of a security of its kind")
    # The market of a CFD follows from the brokerage.
    if one.market is None or (one.kind == "cfd" and not one.market):
        raise UnsureError(f"{one.location}: its market is known only at run time")
    series = Series(ticker, one.market, one.kind, "")
    if mistakes := series.mistakes():
        raise UnsureError(mistakes[0])
    usa = series.market == MARKETS["equity"]
    if not (usa if one.kind == "equity" else series.ticker.endswith(_CURRENCY)):
        raise UnsureError(f"{one.location}: LEAN converts currencies for {ticker}")
    return series


def _tickers(
    source: StrategySource,
    one: Subscription,
    scenario: Scenario,
    context: PrepareContext,
) -> list[str]:
    """Return the tickers that a security can have under a scenario."""
    if one.ticker is not None and not one.parameters:
        return [one.ticker]
    name = one.given_by
    if name is None:
        raise UnsureError(f"{one.location}: its symbol is known only at run time")
    passed = passed_parameters(source, scenario, context.parameters)
    if name in passed:
        return [passed[name]]
    if name in context.parameters:
        texts = [value for value in context.values.get(name, (None,)) if isinstance(value, str)]
        if len(texts) == len(context.values.get(name, (None,))):
            return texts
        raise UnsureError(f"{one.location}: its symbol is the parameter '{name}'")
    read = next(each for each in source.parameters if each.name == name)
    if isinstance(read.default, str) and len(read.locations) == 1:
        return [read.default]
    raise UnsureError(f"{one.location}: neither the scenario nor [parameters] gives '{name}'")


def _files(one: Prices, shares: ShareNames, end: date | None) -> Iterator[str]:
    """Yield patterns of the files of one symbol, also under its other tickers."""
    series, tickers = one.series, {one.series.ticker}
    if series.security_type == "equity":
        for name, mentioned in shares.of(series.market, series.ticker).items():
            tickers |= mentioned - {""}
            # The name of a factor file is in lower case, that of a map file as it is.
            yield f"equity/{series.market}/map_files/{glob.escape(name)}.csv"
            yield f"equity/{series.market}/factor_files/{glob.escape(name.lower())}.csv"
    market = f"{series.security_type}/{series.market}"
    for ticker in map(glob.escape, sorted(tickers)):
        for resolution in sorted(one.resolutions):
            folder = f"{market}/{resolution}"
            if resolution not in BY_DAY:
                yield from (f"{folder}/{ticker}{kind}.zip" for kind in _ENDS)
            elif end is None:
                yield f"{folder}/{ticker}/*"
            else:
                yield from (f"{folder}/{ticker}/{days}*" for days in _through(end + _AFTER))


def _through(day: date) -> Iterator[str]:
    """Yield patterns that begin the names of days up to `day`, which are written as 20040131."""
    text = f"{day:%Y%m%d}"
    for at, digit in enumerate(text):
        if digit != "0":
            yield f"{text[:at]}[0-{int(digit) - 1}]"
    yield text
