"""Drafts the scenario from a LEAN project's source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from attrs import frozen

from leanopt_core.api import EXAMPLES, Line
from leanopt_lean.scenario_mapping import DEFAULT_PASS_AS
from leanopt_lean.source import StrategySource, Subscription
from leanopt_lean.source.facts import CURRENCY
from leanopt_lean.source.values import day_in

_RESOLUTIONS: Final = ("tick", "second", "minute", "hour", "daily")
_READ: Final = "the strategy reads it as '{name}'"
_SYMBOL: Final = "SPY"


@frozen
class LeanScenario:
    """A scenario's lines, and the parameters that its fields are passed as."""

    fields: tuple[Line, ...]
    passed: Mapping[str, str]

    @classmethod
    def of(cls, source: StrategySource, defaults: Mapping[str, object]) -> LeanScenario:
        """Return the scenario of a source whose parameters have these defaults."""
        found: list[tuple[Line, str | None]] = [_symbol(source, defaults)]
        found += [_setting(source, key, defaults) for key in EXAMPLES]
        found += _resolution(source, defaults)
        passed = {line.key: name for line, name in found if name is not None}
        return cls(tuple(line for line, _ in found), passed)

    def lines(self) -> tuple[Line, ...]:
        """Return the lines of the table; `pass_as` only if it is not the default."""
        own = {key: name for key, name in self.passed.items() if name != DEFAULT_PASS_AS.get(key)}
        comment = "the parameters that the fields are passed as"
        return (*self.fields, *([Line("pass_as", own, comment)] if own else []))


def _symbol(source: StrategySource, defaults: Mapping[str, object]) -> tuple[Line, str | None]:
    name = _name([one.parameters for one in source.subscriptions], source, "symbol")
    if name is not None:
        default = defaults.get(name)
        known = default if isinstance(default, str) and default else _SYMBOL
        return Line("symbol", known, _READ.format(name=name)), name
    tickers = {one.ticker: one for one in source.subscriptions}
    if len(tickers) == 1 and None not in tickers:
        (only,) = tickers.values()
        return Line("symbol", only.ticker, _fixed(only)), None
    return Line("symbol", _SYMBOL, "the strategy adds its own securities", off=True), None


def _setting(
    source: StrategySource, key: str, defaults: Mapping[str, object]
) -> tuple[Line, str | None]:
    settings = [one for one in source.settings if one.key == key]
    other = [one.location for one in source.settings if one.key == CURRENCY and key == "cash"]
    if other:
        comment = f"{other[0]} sets cash of another currency, which LEAN would reset to 0"
        return Line(key, EXAMPLES[key], comment, off=True), None
    name = _name([one.parameters for one in settings], source, key)
    default = defaults.get(name) if name is not None else None
    value = _value(key, default)
    if name is not None and isinstance(value, date) and str(value) != str(default):
        comment = f"the strategy reads it as '{name}', written as {default}"
        return Line(key, value, comment, off=True), None
    if name is not None and (value is not None or default is None):
        example = EXAMPLES[key] if value is None else value
        return Line(key, example, _READ.format(name=name)), name
    last = settings[-1] if settings else None
    if last is not None and last.value is not None and not last.parameters:
        return Line(
            key, _plain(last.value), f"from {last.location}; leanopt passes this value to LEAN"
        ), None
    why = last.doubt if last is not None else "the strategy sets none"
    return Line(key, EXAMPLES[key], why, off=True), None


def _resolution(
    source: StrategySource, defaults: Mapping[str, object]
) -> Iterator[tuple[Line, str | None]]:
    """Yield the resolution for the check of the data, if the source does not show it."""
    unknown = [one for one in source.subscriptions if one.resolution is None]
    if not unknown:
        return
    name = _name([one.resolved_by for one in unknown], source, "resolution")
    default = defaults.get(name) if name is not None else None
    if name is not None and isinstance(default, str) and default.lower() in _RESOLUTIONS:
        yield Line("resolution", default, _READ.format(name=name)), name
        return
    comment = "the resolution of the data to check for"
    yield Line("resolution", "daily", comment, off=True), None


def _name(flows: list[frozenset[str]], source: StrategySource, key: str) -> str | None:
    """Return the one parameter that flows into a setting, or the default one if it is read."""
    names = {name for one in flows for name in one}
    if len(names) == 1:
        return next(iter(names))
    usual = DEFAULT_PASS_AS.get(key)
    return usual if usual in source.reads else None


def _value(key: str, default: object) -> object:
    if key != "cash":
        return default if isinstance(default, date) else day_in(default)
    number = isinstance(default, int | Decimal) and not isinstance(default, bool)
    return default if number else None


def _plain(value: object) -> object:
    """Return a whole Decimal as int."""
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole and isinstance(value, Decimal) else value


def _fixed(one: Subscription) -> str:
    return f"written at {one.location}; to change it, read it there as a parameter"
