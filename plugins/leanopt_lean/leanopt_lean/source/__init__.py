"""Analyses a LEAN project's source without running it: Python and C#, by one set of rules."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from leanopt_core.api import StrategyError
from leanopt_lean.findings import Findings, problem
from leanopt_lean.source.algorithm import (
    KEY,
    AlgorithmError,
    Classes,
    belonging,
    choose,
)
from leanopt_lean.source.data_reads import DataReadCalls
from leanopt_lean.source.facts import (
    Asked,
    DataReads,
    Language,
    Need,
    Parameter,
    Setting,
    StrategySource,
    Subscription,
    Unset,
    Use,
)
from leanopt_lean.source.files import Files, read_files
from leanopt_lean.source.needs import Needs
from leanopt_lean.source.readers import Readers, unset
from leanopt_lean.source.settings import SettingCalls
from leanopt_lean.source.syntax import Call, Import, Location, Member, Unit, joined, walk
from leanopt_lean.source.uses import Uses
from leanopt_lean.source.values import Values

__all__ = [
    "Asked",
    "DataReads",
    "Import",
    "Language",
    "Location",
    "Need",
    "Parameter",
    "Setting",
    "StrategySource",
    "Subscription",
    "Unset",
    "Use",
    "algorithms",
    "scan",
    "survey",
]


_FIXED = (
    "{} cannot be set, and LEAN sets no member after it; write {{ get; set; }}, or a plain field"
)


def scan(
    project: Path,
    algorithm: str | None = None,
    apart: Collection[Path] = (),
    key: str = KEY,
) -> StrategySource:
    """Return the facts in a project's source about its algorithm.

    `algorithm` names its class if the project has several, `key` is the option that sets it, and
    `apart` are paths in the project that do not belong to it, as a data folder. Raises
    StrategyError if the folder is not a project, a file is unreadable, or the class is not clear.
    """
    files = read_files(project, apart)
    return source_of(project, files, choose(project, files, algorithm, key))


def algorithms(project: Path) -> tuple[str, ...]:
    """Return the names of a project's algorithms, none if it is unreadable."""
    try:
        return tuple(Classes(read_files(project).units.values()).algorithms())
    except StrategyError:
        return ()


def survey(
    project: Path, algorithm: str | None = None, apart: Collection[Path] = ()
) -> tuple[StrategySource | None, Findings]:
    """Return the result of `scan`, with its error as a problem.

    If the named class does not exist, scan the nearest one, so that all problems can be reported
    together.
    """
    try:
        return scan(project, algorithm, apart), Findings()
    except AlgorithmError as error:
        meant, found = error.nearest, problem(str(error))
    except StrategyError as error:
        return None, problem(str(error))
    return source_of(project, read_files(project, apart), meant) if meant else None, found


def source_of(project: Path, files: Files, algorithm: str) -> StrategySource:
    """Return the facts in files that were read already about one algorithm."""
    unit = belonging(joined(list(files.units.values())), algorithm)
    lineage = Classes([unit]).lineage(algorithm)
    values = Values(unit)
    members, ignored = _members(unit, algorithm, lineage, values)
    found = Readers(unit, values).find(members)
    settings = SettingCalls(unit, values, found)
    subscriptions = tuple(settings.subscriptions())
    outside = Classes([unit]).foreign(algorithm)
    return StrategySource(
        project,
        files.language,
        algorithm,
        tuple(files.units),
        found.parameters,
        found.unsure,
        ignored,
        tuple(settings.settings()),
        subscriptions,
        tuple(dict.fromkeys(Uses(unit, lineage).uses())),
        unit.unread,
        tuple(dict.fromkeys(Needs(unit, values).needs())),
        _foreign(unit, files),
        DataReadCalls(unit, values, subscriptions, outside=outside).found(),
    )


def _foreign(unit: Unit, files: Files) -> tuple[Import, ...]:
    """Return the first import of each package outside the project and Python's library."""
    # A package of the project is imported by its top folder.
    own = {name.partition("/")[0].removesuffix(".py") for name in files.units}
    first: dict[str, Import] = {}
    for one in unit.imports:
        if one.name not in own and one.name not in sys.stdlib_module_names:
            first.setdefault(one.name, one)
    return tuple(first.values())


def _members(
    unit: Unit, algorithm: str, lineage: tuple[str, ...], values: Values
) -> tuple[tuple[Member, ...], tuple[Unset, ...]]:
    """Return the members that LEAN sets, and those that it does not."""
    foreign = [one for one in unit.members if one.owner not in lineage]
    if any(_applies(one) for statement in unit.statements for one, _ in walk(statement.value)):
        # LEAN's function sets the members of any object: of which classes is not known.
        foreign = []
    # Reflection on a derived class does not show its base classes' private members.
    hidden = [one for one in unit.members if one.owner in lineage[1:] and one.private]
    fixed = [
        one
        for one in unit.members
        if one not in foreign and one not in hidden and (one.fixed or _inherited(one, lineage))
    ]
    ignored = (
        *unset(foreign, f"it is not a member of {algorithm}", values),
        *unset(hidden, f"it is private to a class that {algorithm} derives from", values),
        *unset(fixed, _FIXED, values, fixed=True),
    )
    left = {id(one) for one in (*foreign, *hidden, *fixed)}
    return tuple(one for one in unit.members if id(one) not in left), ignored


def _inherited(member: Member, lineage: tuple[str, ...]) -> bool:
    """Return whether a property's setter is private to a base class of the algorithm."""
    return member.private_setter and member.owner in lineage[1:]


def _applies(expression: object) -> bool:
    return isinstance(expression, Call) and expression.name == "ApplyAttributes"
