"""What a first pipeline says of a LEAN project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final

from leanopt_core.errors import UsageError
from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.find import is_lean
from leanopt_core.scaffold.python import path_from
from leanopt_core.scaffold.reads import Literal, Read
from leanopt_lean.scaffold.scenario import LeanScenario
from leanopt_lean.source import Parameter, Source, algorithms, scan
from leanopt_lean.source.files import MAIN
from leanopt_lean.source.values import day_in

#: What LEAN CLI keeps beside a project's code: among others the values of its parameters.
_CONFIG: Final = "config.json"
#: Where pipelines find LEAN's data.
_DATA: Final = "LEAN_DATA"
_EXAMPLES: Final = MappingProxyType(
    {".py": 'self.get_parameter("fast", 10)', ".cs": 'GetParameter("fast", 10)'}
)
_IMAGE: Final = "quantconnect/lean:latest"
_NUMBER: Final = re.compile(r"[+-]?\d+|[+-]?(?:\d+\.\d*|\.\d+)")
_WHOLE: Final = frozenset({"int", "long", "short", "byte", "sbyte", "uint", "ulong", "ushort",
                           "whole", "cut", "digits"})  # fmt: skip
#: The digits of a date, and the years in which those of a number are taken for one.
_DAY: Final = 8
_TIMES: Final = range(1900, 2101)
_BOOLEANS: Final = {"true": True, "false": False}


def draft(wish: InitWish) -> Draft | None:
    """Return what a pipeline says of a project, None where it is none of LEAN's.

    Values in LEAN CLI's `config.json` count before defaults in the source. Raises UsageError where
    that file is unreadable, StrategyError where the source is.
    """
    # A base class in another file is LEAN's too.
    own = wish.strategy.is_dir() or wish.strategy.name == MAIN
    if not is_lean(wish.strategy) and not (own and algorithms(wish.project)):
        return None
    source = scan(wish.project, wish.algorithm, key="--algorithm")
    named = wish.algorithm is not None
    given = _given(source.project / _CONFIG)
    able = [one for one in source.parameters if not any(a.type == "truth" for a in one.asked)]
    reads = [_read(one, given.get(one.name)) for one in able]
    if source.unsure:
        reads += [_read(Parameter(k, ()), v) for k, v in given.items() if k not in source.reads]
    scenario = LeanScenario.of(source, {read.name: read.default for read in reads})
    passed = scenario.passed
    return Draft(
        source.project.resolve().name,
        f"{source.algorithm} ({wish.project})",
        _EXAMPLES[Path(source.files[0]).suffix],
        tuple(_strategy(source, wish.folder, named=named)),
        scenario.lines(),
        tuple(read for read in reads if read.name not in passed.values()),
        lean=True,
        executor=(Line("use", "docker"), Line("image", _IMAGE)),
        said=tuple(_said(source)),
        variables={_DATA: "LEAN's data folder"},
        unsure=bool(source.unsure),
    )


def _strategy(source: Source, folder: Path, *, named: bool) -> Iterator[Line]:
    yield Line("engine", "lean")
    yield Line("project", path_from(folder, source.project))
    if named:
        yield Line("algorithm", source.algorithm)
    told = f"LEAN's data folder: set {_DATA} in the environment, or in .env beside this file"
    yield Line("data", f"${{{_DATA}}}", told)


def _said(source: Source) -> Iterator[str]:
    for one in source.unset:
        if one.fixed:
            yield f"Left out: {one.name} at {one.location}, since {one.reason}."
    for parameter in source.parameters:
        for asked in parameter.asked:
            if asked.type == "truth":
                yield (
                    f"Left out: {parameter.name}, since {asked.by} at {asked.location} takes every "
                    'text for true: compare it with "true".'
                )
    if source.unsure:
        locations = ", ".join(map(str, source.unsure))
        yield f"Some names are made when the strategy runs ({locations}): add those that are meant."


def _given(file: Path) -> Mapping[str, str]:
    """Return the parameters' values that LEAN CLI has for a project."""
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no JSON: {error}") from None
    parameters = document.get("parameters") if isinstance(document, dict) else None
    if not isinstance(parameters, dict):
        return {}
    return {
        name: str(value)
        for name, value in parameters.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _compact(text: str) -> bool:
    """Say whether digits are a date of these times, as 20040102."""
    found = day_in(text) if len(text) == _DAY else None
    return found is not None and found.year in _TIMES


def _read(parameter: Parameter, given: str | None) -> Read:
    made = _made(parameter)
    default = _typed(parameter.default if given is None else given, made)
    if isinstance(default, int) and _compact(str(default)):
        default = str(default)
    if made == "flag" or (made == "int" and isinstance(default, Decimal)):
        default = int(default or 0)
    return Read(parameter.name, default, made, parameter.texts)


def _made(parameter: Parameter) -> str | None:
    """Return int where a place asks for a whole number: nothing else fits there."""
    types = {one.type for one in parameter.asked}
    if types & _WHOLE:
        return "int"
    return "flag" if isinstance(parameter.default, bool) and "double" in types else parameter.made


def _typed(default: object, made: str | None) -> Literal | None:
    """Return a default as what the strategy makes of it; a text that is a number is one."""
    if isinstance(default, str) and made != "str":
        plain = default.strip()
        if _NUMBER.fullmatch(plain) and not _compact(plain):
            number = Decimal(plain)
            return int(number) if plain.lstrip("+-").isdecimal() else number
        if made == "bool":
            return _BOOLEANS.get(plain.lower())
    if isinstance(default, str | int | Decimal):
        return default
    return None if default is None else str(default)
