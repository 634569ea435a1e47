"""Finds the algorithm among a project's classes, and what of the project belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from leanopt_core.engines.lean.source.files import Files
from leanopt_core.engines.lean.source.found import Language
from leanopt_core.engines.lean.source.syntax import (
    Call,
    Class,
    Name,
    Scope,
    Unit,
    walk,
)
from leanopt_core.errors import StrategyError
from leanopt_core.suggest import did_you_mean

_BASES: Final = ("QCAlgorithm", "QCAlgorithmFramework", "QCAlgorithmFrameworkBridge")
_INTERFACE: Final = re.compile("I[A-Z]")


class Classes:
    """The classes of a project by name, parts of one class together."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._bases: dict[str, tuple[str, ...]] = {}
        self._parts: dict[str, list[Class]] = {}
        for one in (one for unit in units for one in unit.classes):
            self._bases[one.name] = (*self._bases.get(one.name, ()), *one.bases)
            self._parts.setdefault(one.name, []).append(one)

    def lineage(self, name: str) -> tuple[str, ...]:
        """Return a class and those of the project that it derives from, itself first."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop(0)
            if one in self._bases and one not in found:
                found[one] = None
                waiting += self._bases[one]
        return tuple(found)

    def algorithms(self) -> dict[str, Class]:
        """Return the classes that derive from LEAN's algorithm, made or not, in order."""
        return {name: parts[0] for name, parts in self._parts.items() if self.derives(name)}

    def derives(self, name: str) -> bool:
        """Say whether a class derives from LEAN's algorithm."""
        return any(base in _BASES for one in self.lineage(name) for base in self._bases[one])

    def concrete(self, name: str) -> bool:
        """Say whether a class can be made."""
        return all(part.concrete for part in self._parts.get(name, ()))

    def outside(self, name: str) -> bool:
        """Say whether a class derives from one that the project does not hold; no interface."""
        bases = [base for one in self.lineage(name) for base in self._bases[one]]
        return any(one not in self._bases and not _INTERFACE.match(one) for one in bases)


def choose(project: Path, files: Files, algorithm: str | None) -> str:
    """Return the name of the algorithm's class; raises StrategyError where there is not one."""
    classes = Classes(files.units.values())
    found = {n: c for n, c in classes.algorithms().items() if classes.concrete(n)}
    if files.language is Language.PYTHON:
        return _choose_python(project, files, found, algorithm)
    if algorithm is None:
        return _only(project, found)
    name = algorithm.rpartition(".")[2]
    if name in found or (classes.lineage(name) and classes.outside(name)):
        return name
    hint = did_you_mean(name, found)
    raise StrategyError(
        f"strategy.algorithm: found '{algorithm}', expected a class of {project} that derives "
        f"from QCAlgorithm" + (f" ({hint})" if hint else "")
    )


def _choose_python(
    project: Path, files: Files, found: Mapping[str, Class], algorithm: str | None
) -> str:
    """LEAN takes no name: it makes every algorithm class of the main file, the last one counts."""
    main = next(iter(files.units))
    own = {name: one for name, one in found.items() if one.place.file == main}
    if not own and found:
        told = ", ".join(f"{name} ({one.place})" for name, one in found.items())
        raise StrategyError(
            f"{project / main} defines no class that derives from QCAlgorithm, and LEAN takes none "
            f"from other files: {told}; define it in {main}"
        )
    if algorithm is None or not own:
        return _only(project / main, own)
    if algorithm not in own:
        hint = did_you_mean(algorithm, own)
        raise StrategyError(
            f"strategy.algorithm: found '{algorithm}', expected a class of {project / main} that "
            f"derives from QCAlgorithm ({hint})"
        )
    if algorithm != max(own):
        raise StrategyError(
            f"strategy.algorithm: found '{algorithm}', but of several in {main} LEAN runs the "
            f"last by name, '{max(own)}': move the others into another file of the project"
        )
    return algorithm


def _only(where: Path, found: Mapping[str, Class]) -> str:
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise StrategyError(f"{where} has no class that derives from QCAlgorithm")
    told = ", ".join(f"{name} ({one.place})" for name, one in sorted(found.items()))
    raise StrategyError(
        f'{where} has several algorithms: {told}; name one: [strategy] algorithm = "{max(found)}"'
    )


def belonging(unit: Unit, algorithm: str) -> Unit:
    """Return what of a project can run: no other algorithm, nothing that is overridden."""
    classes = Classes([unit])
    lineage = classes.lineage(algorithm)
    others = set(classes.algorithms()) - set(lineage)
    dead = set(_overridden(unit, lineage))

    def alive(scope: Scope) -> bool:
        return scope.owner not in others and scope not in dead

    return Unit(
        unit.classes,
        tuple(one for one in unit.functions if alive(one.scope)),
        tuple(one for one in unit.statements if alive(one.scope)),
        tuple(one for one in unit.members if one.owner not in others),
    )


def _overridden(unit: Unit, lineage: tuple[str, ...]) -> Iterator[Scope]:
    """Yield functions of bases that a deriving class replaces without calling them."""
    calling = {
        (statement.scope, call.name)
        for statement in unit.statements
        for call, _ in walk(statement.value)
        if isinstance(call, Call) and call.receiver == Name("base")
    }
    defined = {one.scope for one in unit.functions}
    for place, owner in enumerate(lineage):
        for scope in (one for one in defined if one.owner == owner):
            below = [Scope(one, scope.function) for one in lineage[:place]]
            nearest = next((one for one in reversed(below) if one in defined), None)
            if nearest and (nearest, scope.function) not in calling and not _made(scope):
                yield scope


def _made(scope: Scope) -> bool:
    """Say whether a function is a constructor, whose base is called by itself in C#."""
    return scope.function == scope.owner
