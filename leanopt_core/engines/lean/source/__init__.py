"""What a LEAN project's source says. It is read, never run: Python and C#, by one set of rules."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from leanopt_core.engines.lean.source.algorithm import Classes, belonging, choose
from leanopt_core.engines.lean.source.files import Files, read_files
from leanopt_core.engines.lean.source.found import (
    Language,
    Parameter,
    Setting,
    Source,
    Subscription,
    Unset,
)
from leanopt_core.engines.lean.source.readers import Readers, unset
from leanopt_core.engines.lean.source.settings import Settings
from leanopt_core.engines.lean.source.syntax import Call, Member, Place, Unit, joined, walk
from leanopt_core.engines.lean.source.values import Values

__all__ = [
    "Language",
    "Parameter",
    "Place",
    "Setting",
    "Source",
    "Subscription",
    "Unset",
    "scan",
]


def scan(project: Path, algorithm: str | None = None, apart: Collection[Path] = ()) -> Source:
    """Return what the source of a project says of its algorithm.

    `algorithm` names its class where the project has several, `apart` are paths in the project that
    are no part of it, as a data folder. Raises StrategyError where the
    project is none, a file is unreadable, or no or more than one class can be meant.
    """
    files = read_files(project, apart)
    return source_of(project, files, choose(project, files, algorithm))


def source_of(project: Path, files: Files, algorithm: str) -> Source:
    """Return what files that are read already say of one algorithm."""
    unit = belonging(joined(list(files.units.values())), algorithm)
    values = Values(unit)
    members, ignored = _members(unit, algorithm, values)
    found = Readers(unit, values).find(members)
    settings = Settings(unit, values, found)
    return Source(
        project,
        files.language,
        algorithm,
        tuple(files.units),
        found.parameters,
        found.unsure,
        ignored,
        tuple(settings.settings()),
        tuple(settings.subscriptions()),
    )


def _members(
    unit: Unit, algorithm: str, values: Values
) -> tuple[tuple[Member, ...], tuple[Unset, ...]]:
    """Return the members that LEAN sets, and those that it does not."""
    lineage = Classes([unit]).lineage(algorithm)
    foreign = [one for one in unit.members if one.owner not in lineage]
    if any(_applies(one) for statement in unit.statements for one, _ in walk(statement.value)):
        foreign = []
    hidden = [one for one in unit.members if one.owner in lineage[1:] and one.private]
    ignored = (
        *unset(foreign, f"it is no member of {algorithm}", values),
        *unset(hidden, f"it is private to a class that {algorithm} derives from", values),
    )
    left = {id(one) for one in (*foreign, *hidden)}
    return tuple(one for one in unit.members if id(one) not in left), ignored


def _applies(expression: object) -> bool:
    return isinstance(expression, Call) and expression.name == "ApplyAttributes"
