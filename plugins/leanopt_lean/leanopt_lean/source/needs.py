"""Finds a source's external needs: other machines, stored objects, today's date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from leanopt_lean.source.facts import Need
from leanopt_lean.source.readers import lean, normal
from leanopt_lean.source.syntax import (
    Call,
    Choice,
    Expression,
    Inside,
    Name,
    Scope,
    Statement,
    Unit,
    outwards,
    walk,
)
from leanopt_lean.source.values import Values

_MEDIUM: Final = "subscriptiontransportmedium"
#: The medium of a data source, and its need.
_MEDIA: Final = {"remotefile": "remote", "rest": "remote", "objectstore": "store"}
#: Methods that read LEAN's object store.
_STORED: Final = (
    *("read", "readbytes", "readjson", "readstring", "readxml"),
    *("containskey", "getfilepath", "keys"),
)
_STORE: Final = "objectstore"
_DATES: Final = {"setstartdate": "start", "setenddate": "end"}
#: Members that return the time of the machine's clock.
_CLOCKS: Final = ("now", "utcnow", "today")


class Needs:
    """Checks all statements that can run, also those of other classes."""

    def __init__(self, unit: Unit, values: Values) -> None:
        self._unit = unit
        self._values = values
        self._functions = {normal(one.scope.function) for one in unit.functions}
        self._bodies: dict[str, list[Statement]] = defaultdict(list)
        for one in unit.statements:
            if one.scope.function:
                self._bodies[one.scope.function].append(one)

    def needs(self) -> Iterator[Need]:
        """Yield the needs, in the order of the source."""
        for statement in self._unit.statements:
            for one, inside in walk(statement.value):
                if isinstance(one, Call):
                    yield from self._call(one, statement.scope)
                elif isinstance(one, Name):
                    yield from _medium(one, inside, statement)

    def _call(self, call: Call, scope: Scope) -> Iterator[Need]:
        name = normal(call.name)
        # A function of the strategy's own hides LEAN's of that name.
        if name == "download" and name not in self._functions and lean(call.receiver):
            yield Need("remote", call.name, call.location)
        elif name in _STORED and isinstance(of := call.receiver, Name) and self._store(of, scope):
            yield Need("store", f"{of.last}.{call.name}", call.location)
        elif (
            name in _DATES
            and lean(call.receiver)
            and any(self._clocked(one.value, scope) for one in call.arguments)
        ):
            yield Need(_DATES[name], call.name, call.location)

    def _store(self, name: Name, scope: Scope) -> bool:
        """Return whether a name is LEAN's object store, or one that it is given to."""
        given = (one.value for one in self._values.given(name, scope))
        return any(isinstance(one, Name) and normal(one.last) == _STORE for one in (name, *given))

    def _clocked(self, value: Expression, scope: Scope) -> bool:
        """Return whether a value comes from the clock, also through the project's functions."""
        seen = set[str]()
        waiting = [(value, scope)]
        while waiting:
            for one in self._values.reaching(*waiting.pop()):
                if _clock(one):
                    return True
                name = one.name if isinstance(one, Call) else one.last
                # Functions can call each other in a circle.
                if name not in seen:
                    seen.add(name)
                    waiting += [(two.value, two.scope) for two in self._bodies.get(name, ())]
        return False


def _medium(name: Name, inside: Inside | None, statement: Statement) -> Iterator[Need]:
    kind = _MEDIA.get(normal(name.last)) if normal(name.qualifier) == _MEDIUM else None
    if kind is not None and not _live(name, inside):
        yield Need(kind, f"{name.qualifier}.{name.last}", statement.location)


def _live(name: Name, inside: Inside | None) -> bool:
    """Return whether a name is one of two, of which live trading chooses."""
    return any(
        isinstance(outer, Choice)
        and outer.condition is not None
        and name is not outer.condition
        and any(
            isinstance(one, Name) and "live" in normal(one.last) for one, _ in walk(outer.condition)
        )
        for outer in outwards(inside)
    )


def _clock(one: Call | Name) -> bool:
    """Return whether an expression is the time of the machine's clock."""
    if isinstance(one, Name):
        return any(normal(name) in _CLOCKS for name in one.path.split(".")[1:])
    if one.name == "time":
        return one.receiver in (None, Name("time"))
    return one.receiver is not None and normal(one.name) in _CLOCKS
