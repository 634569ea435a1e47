"""Which prices a strategy will ask for under a scenario, as far as can be known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from leanopt_core.engines.lean.series import Series
from leanopt_core.engines.lean.source import Source, Subscription
from leanopt_core.work import Scenario

T = TypeVar("T")

# Symbol, security type, market (None: not known), resolution (empty: not known).
_Found = tuple[str, str, str | None, str]

# What LEAN takes where a strategy names none.
_OWN_RESOLUTION = "minute"


def wanted(source: Source, scenario: Scenario) -> list[Series]:
    """Return the prices of the scenario's symbol, else of those that the source names.

    What `resolution`, `market` and `security_type` the scenario says counts, then what the source
    does. Where neither tells the resolution or the market, nothing is known of that symbol.
    """
    found = _of_scenario(source, scenario) if scenario.symbol else _of_source(source)
    start, end = _day(source, scenario, "start"), _day(source, scenario, "end")
    series = [
        Series(
            symbol,
            market,
            _told(scenario, "security_type", kind),
            resolution,
            start,
            end,
        )
        for symbol, kind, own_market, own in found
        if (resolution := _told(scenario, "resolution", own))
        and (market := _told(scenario, "market", own_market)) is not None
    ]
    return list(dict.fromkeys(series))


def _of_scenario(source: Source, scenario: Scenario) -> Iterator[_Found]:
    symbol = scenario.symbol or ""
    meant = [one for one in source.subscriptions if one.ticker is None or _same(one, symbol)]
    if not meant:
        yield symbol, "equity", "", ""
    for one in meant:
        yield symbol, one.kind, one.market, _resolution(one)


def _of_source(source: Source) -> Iterator[_Found]:
    for one in source.subscriptions:
        if one.ticker is not None:
            yield one.ticker, one.kind, one.market, _resolution(one)


def _same(subscription: Subscription, symbol: str) -> bool:
    return (subscription.ticker or "").casefold() == symbol.casefold()


def _resolution(subscription: Subscription) -> str:
    """Return the resolution, empty where it is not known."""
    if subscription.resolution is None:
        return ""
    return subscription.resolution or _OWN_RESOLUTION


def _told(scenario: Scenario, key: str, otherwise: T) -> str | T:
    told = scenario.extras.get(key)
    return told if isinstance(told, str) else otherwise


def _day(source: Source, scenario: Scenario, key: str) -> date | None:
    """Return the first or last day: the scenario's, else the one that the source sets."""
    told: date | None = getattr(scenario, key)
    if told is not None:
        return told
    days = [one.value for one in source.settings if one.key == key]
    return next((day for day in reversed(days) if isinstance(day, date)), None)
