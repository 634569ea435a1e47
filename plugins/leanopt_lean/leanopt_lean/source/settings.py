"""Finds the dates, the cash and the securities that an algorithm sets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from leanopt_lean.source.facts import CURRENCY, Setting, Subscription
from leanopt_lean.source.readers import ParameterReads, normal
from leanopt_lean.source.syntax import (
    Call,
    Choice,
    Constant,
    Expression,
    Inside,
    Literal,
    Location,
    Name,
    Opaque,
    Scope,
    Statement,
    Unit,
    outwards,
    parts,
    walk,
)
from leanopt_lean.source.values import Values, day

_SETTERS: Final = {"setstartdate": "start", "setenddate": "end", "setcash": "cash"}
_ACCOUNT: Final = "setaccountcurrency"
#: Methods that add one security, and the position of the ticker; resolution and market follow.
_ADDED: Final = {
    **dict.fromkeys(("addequity", "addforex", "addcfd", "addcrypto", "addcryptofuture"), 0),
    **dict.fromkeys(("addindex", "addfuture", "addoption", "addindexoption"), 0),
    "addsecurity": 1,
}
_TICKER: Final = ("ticker", "symbol", "underlying")
#: What changes a text's case at most, which LEAN does not mind in a ticker.
_CASES: Final = ("upper", "lower", "toupper", "tolower", "toupperinvariant", "tolowerinvariant",
                 "strip", "trim", "tostring")  # fmt: skip
#: The deepest chain of names that is followed.
_FAR: Final = 3


class SettingCalls:
    """Reads the settings in the calls of a unit."""

    def __init__(self, unit: Unit, values: Values, found: ParameterReads) -> None:
        self._unit = unit
        self._values = values
        self._found = found

    def settings(self) -> Iterator[Setting]:
        """Yield the calls that set start, end or cash."""
        for call, statement, inside in self._calls():
            name = normal(call.name)
            conditional = _conditional(statement, call, inside)
            given = [one.value for one in call.arguments if one.name != "**"]
            # The first argument names the currency, the second is the cash.
            if name == _ACCOUNT and len(given) > 1:
                yield self._setting("cash", given[1:2], statement.scope, call.location, conditional)
            elif name == "setcash" and len(given) > 1:
                yield Setting(CURRENCY, None, frozenset(), call.location)
            elif name in _SETTERS and given:
                yield self._setting(
                    _SETTERS[name], given, statement.scope, call.location, conditional
                )

    def _setting(
        self, key: str, given: list[Expression], scope: Scope, location: Location, conditional: bool
    ) -> Setting:
        read = [self._values.of(one, scope) for one in given]
        single = [next(iter(one)) for one in read if one is not None and len(one) == 1]
        known = len(single) == len(given) and not conditional
        value = _value(key, single) if known else None
        return Setting(key, value, self._parameters(given, scope), location, conditional)

    def subscriptions(self) -> Iterator[Subscription]:
        """Yield the securities that are added."""
        for call, statement, _ in self._calls():
            scope = statement.scope
            at = _ADDED.get(normal(call.name))
            ticker = call.argument(at, *_TICKER) if at is not None else None
            if at is None or ticker is None:
                continue
            resolution = call.argument(at + 1, "resolution")
            known = self._values.of(ticker, scope)
            texts = sorted(one for one in known or () if isinstance(one, str))
            # A ticker that is not known is a subscription all the same.
            for text in texts or (None,):
                yield Subscription(
                    self._kind(call, scope),
                    text,
                    self._member(resolution, "Resolution", scope),
                    self._parameters([ticker], scope),
                    call.location,
                    self._market(call.argument(at + 2, "market"), scope),
                    self._parameters([resolution] if resolution is not None else [], scope),
                    self._given_by(ticker, scope),
                )

    def _given_by(self, value: Expression, scope: Scope, far: int = 0) -> str | None:
        """Return the parameter whose text a value is, None if it is anything else."""
        match value:
            case Call() if (names := self._found.calls.get(id(value))) is not None:
                return next(iter(names)) if len(names) == 1 else None
            case Call(name="str", arguments=[inner]):
                return self._given_by(inner.value, scope, far)
            case Call(receiver=of) if of is not None and normal(value.name) in _CASES:
                return self._given_by(of, scope, far)
            case Name() if far < _FAR:
                found = self._values.given(value, scope)
                marked = self._found.marked.get(value.last, frozenset())
                if len(marked) == 1 and all(isinstance(one.value, Literal) for one in found):
                    return next(iter(marked))
                if len(found) == 1 and not found[0].each:
                    return self._given_by(found[0].value, found[0].scope, far + 1)
        return None

    def _kind(self, call: Call, scope: Scope) -> str:
        name = normal(call.name)
        if name != "addsecurity":
            return name.removeprefix("add")
        given = call.argument(0, "securityType", "security_type")
        return self._member(given, "SecurityType", scope) or "security"

    def _market(self, given: Expression | None, scope: Scope) -> str | None:
        # Overloads without a market have another option at this position.
        if isinstance(given, Literal) and isinstance(given.value, bool | None):
            return ""
        values = self._values.of(given, scope) if given is not None else None
        if values is not None and len(values) == 1:
            return str(*values).lower()
        return self._member(given, "Market", scope)

    def _member(self, given: Expression | None, of: str, scope: Scope, far: int = 0) -> str | None:
        """Return the name of an enumeration's member, empty if nothing is given."""
        if given is None:
            return ""
        if isinstance(given, Name) and given.qualifier == of:
            return normal(given.last)
        if isinstance(given, Name) and far < _FAR:
            found = self._values.given(given, scope)
            if len(found) == 1:
                return self._member(found[0].value, of, found[0].scope, far + 1)
        return None

    def _parameters(self, given: list[Expression], scope: Scope) -> frozenset[str]:
        """Return the parameters that flow into a call's arguments."""
        found: frozenset[str] = frozenset()
        for one in given:
            for part in self._values.reaching(one, scope):
                if isinstance(part, Call):
                    found |= self._found.calls.get(id(part), frozenset())
                else:
                    found |= self._found.marked.get(part.last, frozenset())
        return found

    def _calls(self) -> Iterator[tuple[Call, Statement, Inside | None]]:
        for statement in self._unit.statements:
            for one, inside in walk(statement.value):
                if isinstance(one, Call):
                    yield one, statement, inside


def _conditional(statement: Statement, call: Call, inside: Inside | None) -> bool:
    """Return whether a call is conditional, by its statement or by an expression around it."""
    if statement.conditions or statement.later:
        return True
    inner: Expression = call
    for outer in outwards(inside):
        # A choice that every backtest decides alike has one option left, and chooses nothing.
        choosing = len(outer.options) > 1 if isinstance(outer, Choice) else False
        choosing = choosing or (isinstance(outer, Call) and outer.name == "and")
        # The test, or the first of several, runs in any case.
        if (choosing and parts(outer)[0] is not inner) or _later(outer):
            return True
        inner = outer
    return False


def _later(outer: Expression) -> bool:
    return isinstance(outer, Opaque) and outer.later


def _value(key: str, given: list[Constant]) -> date | Decimal | None:
    first = given[0] if given else None
    if key == "cash":
        number = isinstance(first, int | Decimal) and not isinstance(first, bool)
        return Decimal(str(first)) if number else None
    if isinstance(first, date):
        return first
    return day(given)
