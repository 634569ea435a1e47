"""Finds the algorithm among a project's classes, and the code that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from leanopt_core.api import StrategyError, did_you_mean, nearest
from leanopt_lean.source.conditions import in_backtests
from leanopt_lean.source.facts import Language
from leanopt_lean.source.files import Files
from leanopt_lean.source.syntax import (
    Call,
    Class,
    Name,
    Scope,
    Unit,
    walk,
)

_BASES: Final = ("QCAlgorithm", "QCAlgorithmFramework", "QCAlgorithmFrameworkBridge")
#: The key that names the algorithm in a pipeline.
KEY: Final = "strategy.algorithm"
# By .NET's custom: a list of bases does not say which of them are interfaces.
_INTERFACE: Final = re.compile("I[A-Z]")


class Classes:
    """The classes of a project by name; the parts of a partial class are joined."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._bases: dict[str, tuple[str, ...]] = {}
        self._parts: dict[str, list[Class]] = {}
        for one in (one for unit in units for one in unit.classes):
            self._bases[one.name] = (*self._bases.get(one.name, ()), *one.bases)
            self._parts.setdefault(one.name, []).append(one)

    def lineage(self, name: str) -> tuple[str, ...]:
        """Return a class and its base classes in the project, itself first."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop(0)
            # Each once, since the bases in a faulty source can form a circle.
            if one in self._bases and one not in found:
                found[one] = None
                waiting += self._bases[one]
        return tuple(found)

    def algorithms(self) -> dict[str, Class]:
        """Return the classes that derive from LEAN's algorithm, also abstract ones, in order."""
        return {name: parts[0] for name, parts in self._parts.items() if self.derives(name)}

    def derives(self, name: str) -> bool:
        """Return whether a class derives from LEAN's algorithm."""
        return any(base in _BASES for one in self.lineage(name) for base in self._bases[one])

    def concrete(self, name: str) -> bool:
        """Return whether a class can be instantiated."""
        return all(part.concrete for part in self._parts.get(name, ()))

    def outside(self, name: str) -> bool:
        """Return whether a class derives from one outside the project, except interfaces."""
        bases = [base for one in self.lineage(name) for base in self._bases[one]]
        return any(one not in self._bases and not _INTERFACE.match(one) for one in bases)

    def foreign(self, name: str) -> bool:
        """Return whether a class has a base, except interfaces, that is neither here nor LEAN's."""
        bases = [base for one in self.lineage(name) for base in self._bases[one]]
        known = {*self._bases, *_BASES}
        return any(one not in known and not _INTERFACE.match(one) for one in bases)


class AlgorithmError(StrategyError):
    """The class is missing or ambiguous; `nearest` is the most likely one."""

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


def choose(project: Path, files: Files, algorithm: str | None, key: str = KEY) -> str:
    """Return the name of the algorithm's class; raises AlgorithmError if it is unclear.

    `key` is the option that sets it.
    """
    classes = Classes(files.units.values())
    found = {n: c for n, c in classes.algorithms().items() if classes.concrete(n)}
    if files.language is Language.PYTHON:
        return _choose_python(project, files, found, algorithm, key)
    if algorithm is None:
        return _only(project, found, key, _unread(files))
    # LEAN takes the name with its namespace too; classes are known here without it.
    name = algorithm.rpartition(".")[2]
    # Its base may come from a package, and derive from QCAlgorithm there.
    if name in found or (classes.lineage(name) and classes.outside(name)):
        return name
    raise _unknown(project, found, algorithm, key)


def _choose_python(
    project: Path, files: Files, found: Mapping[str, Class], algorithm: str | None, key: str
) -> str:
    """Choose as LEAN does: it takes no name, but the last algorithm class of the main file."""
    main = next(iter(files.units))
    own = {name: one for name, one in found.items() if one.location.file == main}
    if not own and found:
        listed = ", ".join(f"{name} ({one.location})" for name, one in found.items())
        raise AlgorithmError(
            f"{project / main} defines no class that derives from QCAlgorithm, and LEAN ignores "
            f"those in other files: {listed}; define it in {main}",
            _likely(found),
        )
    if algorithm is None or not own:
        return _only(project / main, own, key)
    if algorithm not in own:
        raise _unknown(project / main, own, algorithm, key)
    if algorithm != max(own):
        raise AlgorithmError(
            f"{key}: found '{algorithm}', but of several in {main} LEAN runs the "
            f"last by name, '{max(own)}'; move the others to another file of the project",
            algorithm,
        )
    return algorithm


def _unread(files: Files) -> str:
    """Return the places that could not be read: an algorithm may be there."""
    locations = [str(unit.unread[0]) for unit in files.units.values() if unit.unread]
    return f"; not understood: {', '.join(locations)}" if locations else ""


def _only(where: Path, found: Mapping[str, Class], key: str, unread: str = "") -> str:
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise AlgorithmError(f"{where} has no class that derives from QCAlgorithm{unread}")
    listed = ", ".join(f"{name} ({one.location})" for name, one in sorted(found.items()))
    raise AlgorithmError(
        f"{where} has several algorithms: {listed}; choose one with {key}, as {max(found)}"
    )


def _unknown(where: Path, found: Mapping[str, Class], algorithm: str, key: str) -> AlgorithmError:
    hint = did_you_mean(algorithm.rpartition(".")[2], found)
    return AlgorithmError(
        f"{key}: found '{algorithm}', expected a class of {where} that derives from QCAlgorithm"
        + (f" ({hint})" if hint else ""),
        nearest(algorithm.rpartition(".")[2], found) or _likely(found),
    )


def _likely(found: Mapping[str, Class]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def belonging(unit: Unit, algorithm: str) -> Unit:
    """Return the code that runs in backtests, without other algorithms and overridden methods.

    Code for live trading only is left out too.
    """
    classes = Classes([unit])
    lineage = classes.lineage(algorithm)
    others = set(classes.algorithms()) - set(lineage)
    dead = set(_overridden(unit, lineage))

    def alive(scope: Scope) -> bool:
        return scope.owner not in others and scope not in dead

    left = Unit(
        unit.classes,
        tuple(one for one in unit.functions if alive(one.scope)),
        tuple(one for one in unit.statements if alive(one.scope)),
        tuple(one for one in unit.members if one.owner not in others),
        unit.unread,
        unit.imports,
    )
    # Last: calls in code that was left out must not count.
    return in_backtests(left)


def _overridden(unit: Unit, lineage: tuple[str, ...]) -> Iterator[Scope]:
    """Yield methods of base classes that a derived class replaces without calling them."""
    calling = {
        (statement.scope, call.name)
        for statement in unit.statements
        for call, _ in walk(statement.value)
        if isinstance(call, Call) and call.receiver == Name("base")
    }
    defined = {one.scope for one in unit.functions}
    for depth, owner in enumerate(lineage):
        for scope in (one for one in defined if one.owner == owner):
            below = [Scope(one, scope.function) for one in lineage[:depth]]
            nearest = next((one for one in reversed(below) if one in defined), None)
            if nearest and (nearest, scope.function) not in calling and not _made(scope):
                yield scope


def _made(scope: Scope) -> bool:
    """Return whether a function is a constructor, whose base C# calls automatically."""
    return scope.function == scope.owner
