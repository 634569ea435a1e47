"""Finds the statements that run in a backtest, by the conditions around them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from attrs import evolve

from leanopt_lean.source.syntax import (
    Call,
    Choice,
    Condition,
    Expression,
    Literal,
    Name,
    Opaque,
    Scope,
    Statement,
    Unit,
    mapped,
    walk,
)
from leanopt_lean.source.values import Values

#: LEAN's member for live mode, and its argument of custom data.
_LIVE: Final = ("livemode", "islivemode")
#: The deepest chain of calls or names that is followed.
_FAR: Final = 8
#: Functions that LEAN calls itself.
_LEANS: Final = re.compile(r"initialize|on_?[a-z]", re.IGNORECASE)
_UNKNOWN: Final = Condition(Opaque())


def in_backtests(unit: Unit) -> Unit:
    """Return what a backtest runs, with only those conditions that can differ between backtests.

    A function that is only called under conditions is under them too. Parts of expressions that
    only live trading uses are left out.
    """
    called = _calls(unit)
    tests = _Tests(Values(unit))
    unit = evolve(unit, statements=tuple(tests.left(unit)))
    # Each round goes one call deeper: functions under a condition put others under it.
    for _ in range(_FAR):
        before, calls = unit.statements, _calls(unit)
        # A function of which every call was left out never runs.
        left = (one for one in before if one.scope in calls or one.scope not in called)
        unit = evolve(unit, statements=tuple(_under_calls(one, calls) for one in left))
        if unit.statements == before:
            break
    return unit


def _calls(unit: Unit) -> dict[Scope, set[bool]]:
    """Return for each function whether its mentions run without a condition."""
    named: dict[str, list[Scope]] = defaultdict(list)
    for function in unit.functions:
        if not _LEANS.match(function.scope.function):
            named[function.scope.function].append(function.scope)
    found: dict[Scope, set[bool]] = defaultdict(set)
    for statement in unit.statements:
        for one, _ in walk(statement.value):
            name = one.name if isinstance(one, Call) else one.last if isinstance(one, Name) else ""
            # One that is passed on, or called on another object, may run at any time.
            own = isinstance(one, Call) and one.receiver in (None, Name("base"))
            for scope in named.get(name, ()):
                if scope != statement.scope:
                    found[scope].add(not (own and statement.conditions))
    return dict(found)


def _under_calls(one: Statement, calls: dict[Scope, set[bool]]) -> Statement:
    """Return a statement under the conditions of its function's calls, if all have some."""
    # What nobody calls here may be LEAN's to call.
    if True in calls.get(one.scope, (True,)) or _UNKNOWN in one.conditions:
        return one
    return evolve(one, conditions=(*one.conditions, _UNKNOWN))


class _Tests:
    """Evaluates tests that are the same in every backtest, also through names."""

    def __init__(self, values: Values) -> None:
        self._values = values
        # By the test's identity and its scope: many statements share one.
        self._told: dict[tuple[int, Scope], bool | None] = {}

    def left(self, unit: Unit) -> Iterator[Statement]:
        """Yield the statements whose conditions can be met, with the unknown ones."""
        for one in unit.statements:
            met = [(two, self._known(two.test, one.scope)) for two in one.conditions]
            if all(known in (None, two.met) for two, known in met):
                unknown = tuple(two for two, known in met if known is None)
                yield evolve(one, value=self._taken(one.value, one.scope), conditions=unknown)

    def _taken(self, value: Expression, scope: Scope) -> Expression:
        """Return the part of an expression that a backtest evaluates."""
        decided = any(
            (isinstance(one, Choice) or (isinstance(one, Call) and one.name == "and"))
            and self._cut(one, scope) is not one
            for one, _ in walk(value)
        )
        if not decided:
            return value
        try:
            return mapped(self._cut(value, scope), lambda part: self._taken(part, scope))
        except RecursionError:
            return value

    def _cut(self, value: Expression, scope: Scope) -> Expression:
        match value:
            case Choice(options=(first, second), condition=test) if test is not None:
                known = self._known(test, scope)
                return value if known is None else Choice((first if known else second,), test)
            case Choice(condition=None):
                end = self._end(value.options, scope, decisive=True)
                return value if end is None else Choice(value.options[:end])
            case Call(name="and"):
                given = tuple(one.value for one in value.arguments)
                end = self._end(given, scope, decisive=False)
                return value if end is None else evolve(value, arguments=value.arguments[:end])
        return value

    def _end(self, tests: tuple[Expression, ...], scope: Scope, *, decisive: bool) -> int | None:
        """Return the test after which the rest is never evaluated, None if there is none."""
        for at, one in enumerate(tests[:-1], 1):
            if self._known(one, scope) is decisive:
                return at
        return None

    def _known(self, test: Expression, scope: Scope, far: int = 0) -> bool | None:
        """Return the result of a test in every backtest, None if it can differ."""
        key = (id(test), scope)
        if key not in self._told and far <= _FAR:
            self._told[key] = self._tell(test, scope, far + 1)
        return self._told.get(key)

    def _tell(self, test: Expression, scope: Scope, far: int) -> bool | None:
        match test:
            case Literal(value=bool() as value):
                return value
            case Name():
                live = test.last.replace("_", "").lower() in _LIVE
                return False if live else self._given(test, scope, far)
            case Call(name="not", arguments=[inner]):
                known = self._known(inner.value, scope, far)
                return None if known is None else not known
            case Call(name="and"):
                values = [self._known(one.value, scope, far) for one in test.arguments]
                return _joined(values, decisive=False)
            case Choice(condition=None):
                values = [self._known(one, scope, far) for one in test.options]
                return _joined(values, decisive=True)
        return None

    def _given(self, name: Name, scope: Scope, far: int) -> bool | None:
        """Return the value of a name for LEAN's live mode; a plain true or false may change."""
        if self._values.takes(name.path, scope):
            return None
        given = self._values.given(name, scope)
        if any(one.each or isinstance(one.value, Literal) for one in given):
            return None
        results = {self._known(one.value, one.scope, far) for one in given}
        return results.pop() if len(results) == 1 else None


def _joined(known: list[bool | None], *, decisive: bool) -> bool | None:
    """Return the combined result of tests, of which a single one can decide."""
    if decisive in known:
        return decisive
    return None if None in known else not decisive
