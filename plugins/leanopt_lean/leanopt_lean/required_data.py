"""Which prices a strategy will request in a scenario, as far as its source shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from leanopt_core.api import Scenario
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.scenario_mapping import worded
from leanopt_lean.series import Series
from leanopt_lean.source import StrategySource, Subscription

T = TypeVar("T")

# Symbol, security type, market (None: not known), resolution (empty: not known).
_Found = tuple[str, str, str | None, str]

# LEAN's default resolution.
_OWN_RESOLUTION = "minute"
_NOT = "prices are not checked"
# Scenario fields about prices, each with an example.
_SAID = {"resolution": "daily", "market": "usa", "security_type": "equity"}


def wanted(source: StrategySource | None, scenario: Scenario) -> list[Series]:
    """Return the prices of the scenario's symbol, or of the symbols that the source names.

    The scenario's `resolution`, `market` and `security_type` count first, then the source's. An
    unknown resolution is empty. A symbol of unknown market is left out; `check_required_data`
    reports it.
    """
    found = _found(source, scenario)
    start, end = _day(source, scenario, "start"), _day(source, scenario, "end")
    start = scenario.seen_from or start
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


def check_required_data(source: StrategySource | None, scenario: Scenario) -> Findings:
    """Report prices that cannot be checked, and why; mistakes in the scenario are problems."""
    wrong = (
        problem(f"scenario.{key}: found {_shown(value)}, expected a string, as '{example}'")
        for key, example in _SAID.items()
        if (value := scenario.extras.get(key)) is not None
        and not (isinstance(value, str) and value.strip())
    )
    return Findings.of((*wrong, *(_unknown(source, scenario) if source else ())))


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else worded(value)


def _unknown(source: StrategySource, scenario: Scenario) -> Iterator[Findings]:
    if not scenario.symbol and not source.subscriptions:
        yield note(f"{_NOT}: {source.algorithm} adds no security by its ticker")
    for one in source.subscriptions:
        if not scenario.symbol and one.ticker is None:
            yield note(
                f"{_NOT} for the security added at {one.location}: its symbol is known only at run "
                'time; set it in the scenario, as symbol = "SPY"'
            )
    for symbol, _, market, _ in _found(source, scenario):
        if _told(scenario, "market", market) is None:
            yield note(
                f"{symbol}: {_NOT}: its market is known only at run time; "
                'set it in the scenario, as market = "usa"'
            )


def _found(source: StrategySource | None, scenario: Scenario) -> list[_Found]:
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
    """Return the resolution, empty if unknown."""
    if subscription.resolution is None:
        return ""
    return subscription.resolution or _OWN_RESOLUTION


def _told(scenario: Scenario, key: str, otherwise: T) -> str | T:
    value = scenario.extras.get(key)
    return value if isinstance(value, str) and value.strip() else otherwise


def _day(source: StrategySource | None, scenario: Scenario, key: str) -> date | None:
    """Return the first or last day: the scenario's, or the one that the source sets."""
    day: date | None = getattr(scenario, key)
    if day is not None or source is None:
        return day
    days = [one.value for one in source.settings if one.key == key]
    return next((day for day in reversed(days) if isinstance(day, date)), None)
