"""Whether a statement runs in a backtest, as far as the conditions around it tell."""

from __future__ import annotations

import re
from collections import defaultdict
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
    walk,
)

#: LEAN's member, and what it hands to custom data.
_LIVE: Final = ("livemode", "islivemode")
#: Calls of calls that lead further are not followed.
_FAR: Final = 8
#: Functions that LEAN calls itself.
_LEANS: Final = re.compile(r"initialize|on_?[a-z]", re.IGNORECASE)
_UNKNOWN: Final = Condition(Opaque())
_NEVER: Final = Condition(Literal(value=False))


def runs(statement: Statement) -> bool | None:
    """Return whether its conditions let a statement run in a backtest, None where they may."""
    met = [
        known if known is None else known is one.met
        for one in statement.conditions
        for known in [_known(one.test)]
    ]
    if False in met:
        return False
    return None if None in met else True


def in_backtests(unit: Unit) -> Unit:
    """Return what a backtest runs: what is called under conditions only is under them too."""
    for _ in range(_FAR):
        before = unit.statements
        calls = _calls(unit)
        unit = evolve(
            unit,
            statements=tuple(
                one if known is None else evolve(one, conditions=(*one.conditions, known))
                for one in before
                if runs(one) is not False
                for known in [_called_under(calls[one.scope], one)]
            ),
        )
        if unit.statements == before:
            break
    return evolve(unit, statements=tuple(one for one in unit.statements if runs(one) is not False))


def _calls(unit: Unit) -> dict[Scope, list[bool | None]]:
    """Return of each function whether each place that names it runs in backtests."""
    named: dict[str, list[Scope]] = defaultdict(list)
    for function in unit.functions:
        if not _LEANS.match(function.scope.function):
            named[function.scope.function].append(function.scope)
    found: dict[Scope, list[bool | None]] = defaultdict(list)
    for statement in unit.statements:
        for one, _ in walk(statement.value):
            name = one.name if isinstance(one, Call) else one.last if isinstance(one, Name) else ""
            own = isinstance(one, Call) and one.receiver in (None, Name("base"))
            for scope in named.get(name, ()):
                if scope != statement.scope:
                    found[scope].append(runs(statement) if own else True)
    return found


def _called_under(calls: list[bool | None], statement: Statement) -> Condition | None:
    """Return the condition that all calls of a statement's function add to its own."""
    if not calls or True in calls:
        return None
    if None not in calls:
        return _NEVER
    return None if _UNKNOWN in statement.conditions else _UNKNOWN


def _known(test: Expression) -> bool | None:
    """Return what a test says in every backtest, None where that differs."""
    match test:
        case Literal(value=bool() as value):
            return value
        case Name():
            return False if test.last.replace("_", "").lower() in _LIVE else None
        case Call(name="not", arguments=[inner]):
            known = _known(inner.value)
            return None if known is None else not known
        case Call(name="and"):
            return _joined([one.value for one in test.arguments], decisive=False)
        case Choice(condition=None):
            return _joined(list(test.options), decisive=True)
    return None


def _joined(tests: list[Expression], *, decisive: bool) -> bool | None:
    """Return what tests say together, of which a single one can decide."""
    known = [_known(one) for one in tests]
    if decisive in known:
        return decisive
    return None if None in known else not decisive
