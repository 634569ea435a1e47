"""Which prices a strategy will ask for under a scenario, as far as can be known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from leanopt_core.engines.lean.series import Series
from leanopt_core.engines.lean.source import Source, Subscription
from leanopt_core.work import Scenario

# What LEAN takes where a strategy names none.
_OWN_RESOLUTION = "minute"


def wanted(source: Source, scenario: Scenario) -> list[Series]:
    """Return the prices of the scenario's symbol, else of those that the source names.

    What `resolution`, `market` and `security_type` the scenario says counts, then what the source
    does. Where neither tells the resolution, nothing is known of that symbol.
    """
    found = _of_scenario(source, scenario) if scenario.symbol else _of_source(source)
    start, end = _day(source, scenario, "start"), _day(source, scenario, "end")
    series = [
        Series(
            symbol,
            _told(scenario, "market", ""),
            _told(scenario, "security_type", kind),
            resolution,
            start,
            end,
        )
        for symbol, kind, own in found
        if (resolution := _told(scenario, "resolution", own))
    ]
    return list(dict.fromkeys(series))


def _of_scenario(source: Source, scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    symbol = scenario.symbol or ""
    meant = [one for one in source.subscriptions if one.ticker is None or _same(one, symbol)]
    if not meant:
        yield symbol, "equity", ""
    for one in meant:
        yield symbol, one.kind, _resolution(one)


def _of_source(source: Source) -> Iterator[tuple[str, str, str]]:
    for one in source.subscriptions:
        if one.ticker is not None:
            yield one.ticker, one.kind, _resolution(one)


def _same(subscription: Subscription, symbol: str) -> bool:
    return (subscription.ticker or "").casefold() == symbol.casefold()


def _resolution(subscription: Subscription) -> str:
    """Return the resolution, empty where it is not known."""
    if subscription.resolution is None:
        return ""
    return subscription.resolution or _OWN_RESOLUTION


def _told(scenario: Scenario, key: str, otherwise: str) -> str:
    told = scenario.extras.get(key)
    return told if isinstance(told, str) else otherwise


def _day(source: Source, scenario: Scenario, key: str) -> date | None:
    """Return the first or last day: the scenario's, else the one that the source sets."""
    told: date | None = getattr(scenario, key)
    if told is not None:
        return told
    days = [one.value for one in source.settings if one.key == key]
    return next((day for day in reversed(days) if isinstance(day, date)), None)
