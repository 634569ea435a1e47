"""Finds the dates, the cash and the securities that an algorithm sets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from leanopt_core.engines.lean.source.found import Setting, Subscription
from leanopt_core.engines.lean.source.readers import Found, normal
from leanopt_core.engines.lean.source.syntax import (
    Call,
    Constant,
    Expression,
    Name,
    Place,
    Scope,
    Unit,
    walk,
)
from leanopt_core.engines.lean.source.values import Values, day

_SETTERS: Final = {"setstartdate": "start", "setenddate": "end", "setcash": "cash"}
_CURRENCY: Final = "setaccountcurrency"
#: What adds one security by its ticker: the ticker's position, and the resolution's.
_ADDED: Final = {"addequity": (0, 1), "addforex": (0, 1), "addcfd": (0, 1), "addcrypto": (0, 1),
                 "addcryptofuture": (0, 1), "addindex": (0, 1), "addfuture": (0, 1),
                 "addoption": (0, 1), "addindexoption": (0, 1), "addsecurity": (1, 2)}  # fmt: skip
_TICKER: Final = ("ticker", "symbol", "underlying")
_THREE: Final = 3


class Settings:
    """Looks at the calls of a unit, in which parameters were found."""

    def __init__(self, unit: Unit, values: Values, found: Found) -> None:
        self._unit = unit
        self._values = values
        self._found = found

    def settings(self) -> Iterator[Setting]:
        """Yield what sets start, end or cash."""
        for call, scope in self._calls():
            name = normal(call.name)
            given = [one.value for one in call.arguments if one.name != "**"]
            if name == _CURRENCY and len(given) > 1:
                yield self._setting("cash", given[1:2], scope, call.place)
            elif name in _SETTERS and not (name == "setcash" and len(given) != 1):
                yield self._setting(_SETTERS[name], given, scope, call.place)

    def _setting(self, key: str, given: list[Expression], scope: Scope, place: Place) -> Setting:
        read = [self._values.of(one, scope) for one in given]
        single = [next(iter(one)) for one in read if one is not None and len(one) == 1]
        value = _value(key, single) if len(single) == len(given) else None
        return Setting(key, value, self._parameters(given, scope), place)

    def subscriptions(self) -> Iterator[Subscription]:
        """Yield the securities that are added."""
        for call, scope in self._calls():
            places = _ADDED.get(normal(call.name))
            ticker = call.argument(places[0], *_TICKER) if places else None
            if places is None or ticker is None:
                continue
            resolution = self._resolution(call.argument(places[1], "resolution"), scope)
            parameters = self._parameters([ticker], scope)
            kind = normal(call.name).removeprefix("add")
            known = self._values.of(ticker, scope)
            texts = sorted(one for one in known or () if isinstance(one, str))
            for text in texts or (None,):
                yield Subscription(kind, text, resolution, parameters, call.place)

    def _resolution(self, given: Expression | None, scope: Scope, far: int = 0) -> str | None:
        if given is None:
            return ""
        if isinstance(given, Name) and given.qualifier == "Resolution":
            return given.last.lower()
        if isinstance(given, Name) and far < _THREE:
            found = self._values.given(given, scope)
            if len(found) == 1:
                return self._resolution(found[0].value, found[0].scope, far + 1)
        return None

    def _parameters(self, given: list[Expression], scope: Scope) -> frozenset[str]:
        """Return the parameters that flow into what a call is given."""
        found: frozenset[str] = frozenset()
        for one in given:
            for part in self._values.reaching(one, scope):
                if isinstance(part, Call):
                    found |= self._found.calls.get(part, frozenset())
                else:
                    found |= self._found.marked.get(part.last, frozenset())
        return found

    def _calls(self) -> Iterator[tuple[Call, Scope]]:
        for statement in self._unit.statements:
            for one, _ in walk(statement.value):
                if isinstance(one, Call):
                    yield one, statement.scope


def _value(key: str, given: list[Constant]) -> date | Decimal | None:
    first = given[0] if given else None
    if key == "cash":
        number = isinstance(first, int | Decimal) and not isinstance(first, bool)
        return Decimal(str(first)) if number else None
    if isinstance(first, date):
        return first
    return day(given)
