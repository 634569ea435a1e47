"""Finds the algorithm's dates and cash that `Initialize` uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from leanopt_lean.source.facts import Use
from leanopt_lean.source.readers import lean, normal
from leanopt_lean.source.syntax import (
    Call,
    Expression,
    Literal,
    Name,
    Opaque,
    Statement,
    Unit,
    walk,
)

#: LEAN's members that follow from the start, the end or the cash.
_MEMBERS: Final = {
    **dict.fromkeys(("time", "utctime", "startdate"), "start"),
    "enddate": "end",
    **dict.fromkeys(
        (f"portfolio.{name}" for name in ("cash", "cashbook", "totalportfoliovalue",
                                          "totalportfoliovaluelessfreebuffer", "marginremaining")),
        "cash",
    ),
}  # fmt: skip
#: LEAN's functions whose answer depends on the algorithm's time.
_CALLS: Final = (
    "history", "indicatorhistory", "warmupindicator", "getlastknownprice", "getlastknownprices",
    "optionchain", "optionchains", "futurechain", "futurechains", "futureschain", "futureschains",
)  # fmt: skip
#: The switches with which every new indicator asks for history.
_SWITCHES: Final = ("automaticindicatorwarmup", "enableautomaticindicatorwarmup")
_FIRST: Final = "initialize"


class Uses:
    """Checks `Initialize` and the algorithm's functions that it calls.

    `lineage` are the algorithm's class and its base classes in the project.
    """

    def __init__(self, unit: Unit, lineage: Collection[str]) -> None:
        self._statements = [
            one for one in unit.statements if one.scope.owner in lineage and not one.later
        ]
        self._functions = {
            normal(one.scope.function) for one in unit.functions if one.scope.owner in lineage
        }
        # A field of the algorithm hides LEAN's member of its name.
        self._fields = {one.target for one in self._statements if not one.scope.function}

    def uses(self) -> Iterator[Use]:
        """Yield the uses, in the order of the source."""
        functions = self._called()
        for statement in self._statements:
            if normal(statement.scope.function) in functions:
                yield from self._used(statement)

    def _called(self) -> set[str]:
        """Return the algorithm's own functions that run with `Initialize`."""
        found, waiting = set[str](), {_FIRST}
        while waiting:
            found |= waiting
            calls = (
                normal(one.name)
                for statement in self._statements
                if normal(statement.scope.function) in waiting
                for one in _now(statement.value)
                if isinstance(one, Call) and lean(one.receiver)
            )
            waiting = set(calls) & self._functions - found
        return found

    def _used(self, statement: Statement) -> Iterator[Use]:
        if normal(statement.target) in _SWITCHES and statement.value != Literal(value=False):
            yield Use("start", statement.target, statement.location)
        for one in _now(statement.value):
            if isinstance(one, Call) and self._asks(one):
                yield Use("start", one.name, one.location)
            elif isinstance(one, Name) and one.own and (key := self._member(one)):
                yield Use(key, one.path, statement.location)

    def _asks(self, call: Call) -> bool:
        name = normal(call.name)
        return name in _CALLS and name not in self._functions and lean(call.receiver)

    def _member(self, name: Name) -> str | None:
        first, *more = name.path.split(".")
        if first in self._fields:
            return None
        alone = _MEMBERS.get(normal(first))
        return alone or _MEMBERS.get(normal(".".join((first, *more[:1]))))


def _now(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside it that runs at its place."""
    for one, _ in walk(expression, lambda part: isinstance(part, Opaque) and part.later):
        yield one
