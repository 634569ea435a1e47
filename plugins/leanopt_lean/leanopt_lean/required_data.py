"""Which prices a strategy will ask for under a scenario, as far as can be known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from leanopt_core.work import Scenario
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.scenario_mapping import worded
from leanopt_lean.series import Series
from leanopt_lean.source import Source, Subscription

T = TypeVar("T")

# Symbol, security type, market (None: not known), resolution (empty: not known).
_Found = tuple[str, str, str | None, str]

# What LEAN takes where a strategy names none.
_OWN_RESOLUTION = "minute"
_NOT = "prices are not looked for"
# What a scenario may say of its prices, with an example.
_SAID = {"resolution": "daily", "market": "usa", "security_type": "equity"}


def wanted(source: Source | None, scenario: Scenario) -> list[Series]:
    """Return the prices of the scenario's symbol, else of those that the source names.

    What `resolution`, `market` and `security_type` the scenario says counts, then what the source
    does, where there is one. Where neither tells the resolution, it is empty; without a market
    nothing is known of that symbol, which `check_demand` says.
    """
    found = _found(source, scenario)
    start, end = _day(source, scenario, "start"), _day(source, scenario, "end")
    series = [
        Series(
            symbol,
            market,
            _told(scenario, "security_type", kind),
            _told(scenario, "resolution", own),
            start,
            end,
        )
        for symbol, kind, own_market, own in found
        if (market := _told(scenario, "market", own_market)) is not None
    ]
    return list(dict.fromkeys(series))


def check_required_data(source: Source | None, scenario: Scenario) -> Findings:
    """Tell what prices cannot be looked for, and why; a problem is what the scenario says wrong."""
    wrong = (
        problem(f"scenario.{key}: found {_shown(value)}, expected a text as '{example}'")
        for key, example in _SAID.items()
        if (value := scenario.extras.get(key)) is not None
        and not (isinstance(value, str) and value.strip())
    )
    return Findings.of((*wrong, *(_unknown(source, scenario) if source else ())))


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else worded(value)


def _unknown(source: Source, scenario: Scenario) -> Iterator[Findings]:
    if not scenario.symbol and not source.subscriptions:
        yield note(f"{_NOT}: {source.algorithm} adds no security by its ticker")
    for one in source.subscriptions:
        if not scenario.symbol and one.ticker is None:
            yield note(
                f"{_NOT} of what {one.location} adds: its symbol is known when it runs; "
                '[scenario] symbol = "SPY" would say it'
            )
    for symbol, _, market, _ in _found(source, scenario):
        if _told(scenario, "market", market) is None:
            yield note(
                f"{symbol}: {_NOT}: its market is known when the strategy runs; "
                '[scenario] market = "usa" would say it'
            )


def _found(source: Source | None, scenario: Scenario) -> list[_Found]:
    subscriptions = source.subscriptions if source else ()
    if scenario.symbol:
        return list(_of_scenario(subscriptions, scenario.symbol))
    return list(_of_source(subscriptions))


def _of_scenario(subscriptions: Sequence[Subscription], symbol: str) -> Iterator[_Found]:
    meant = [one for one in subscriptions if one.ticker is None or _same(one, symbol)]
    if not meant:
        yield symbol, "equity", "", ""
    for one in meant:
        yield symbol, one.kind, one.market, _resolution(one)


def _of_source(subscriptions: Sequence[Subscription]) -> Iterator[_Found]:
    for one in subscriptions:
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
    return told if isinstance(told, str) and told.strip() else otherwise


def _day(source: Source | None, scenario: Scenario, key: str) -> date | None:
    """Return the first or last day: the scenario's, else the one that the source sets."""
    told: date | None = getattr(scenario, key)
    if told is not None or source is None:
        return told
    days = [one.value for one in source.settings if one.key == key]
    return next((day for day in reversed(days) if isinstance(day, date)), None)
