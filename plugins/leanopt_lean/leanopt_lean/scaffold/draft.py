"""Drafts the first pipeline of a LEAN project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final

from leanopt_core.api import (
    Draft,
    InitWish,
    Line,
    LiteralValue,
    Read,
    UsageError,
    is_lean,
    path_from,
)
from leanopt_lean.scaffold.scenario import LeanScenario
from leanopt_lean.source import Parameter, StrategySource, algorithms, scan
from leanopt_lean.source.files import MAIN
from leanopt_lean.source.values import day_in

#: LEAN CLI's file beside a project's code, which holds the values of its parameters.
_CONFIG: Final = "config.json"
#: The variable with the path of LEAN's data.
_DATA: Final = "LEAN_DATA"
_EXAMPLES: Final = MappingProxyType(
    {".py": 'self.get_parameter("fast", 10)', ".cs": 'GetParameter("fast", 10)'}
)
_IMAGE: Final = "quantconnect/lean:latest"
_NUMBER: Final = re.compile(r"[+-]?\d+|[+-]?(?:\d+\.\d*|\.\d+)")
_WHOLE: Final = frozenset({"int", "long", "short", "byte", "sbyte", "uint", "ulong", "ushort",
                           "whole", "cut", "digits"})  # fmt: skip
#: The number of digits in a date, and the years that make eight digits a date.
_DAY: Final = 8
_TIMES: Final = range(1900, 2101)
_BOOLEANS: Final = {"true": True, "false": False}


def draft(wish: InitWish) -> Draft | None:
    """Return the draft of a pipeline, None if the project is not LEAN's.

    Values in LEAN CLI's `config.json` override defaults in the source. Raises UsageError if
    that file is unreadable, StrategyError if the source is.
    """
    # The algorithm's base class may be in another file of the project.
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


def _strategy(source: StrategySource, folder: Path, *, named: bool) -> Iterator[Line]:
    yield Line("engine", "lean")
    yield Line("project", path_from(folder, source.project))
    if named:
        yield Line("algorithm", source.algorithm)
    comment = f"LEAN's data folder: set {_DATA} in the environment, or in .env beside this file"
    yield Line("data", f"${{{_DATA}}}", comment)


def _said(source: StrategySource) -> Iterator[str]:
    for one in source.unset:
        if one.fixed:
            yield f"Left out: {one.name} at {one.location}, since {one.reason}."
    for parameter in source.parameters:
        for asked in parameter.asked:
            if asked.type == "truth":
                yield (
                    f"Left out: {parameter.name}, since {asked.by} at {asked.location} reads every "
                    'text as true; compare it with "true" in the source.'
                )
    if source.unsure:
        locations = ", ".join(map(str, source.unsure))
        yield f"Some names are made at run time ({locations}): add those that you need."


def _given(file: Path) -> Mapping[str, str]:
    """Return the parameter values in LEAN CLI's file of a project."""
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}") from None
    parameters = document.get("parameters") if isinstance(document, dict) else None
    if not isinstance(parameters, dict):
        return {}
    return {
        name: str(value)
        for name, value in parameters.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _compact(text: str) -> bool:
    """Return whether digits are a date, as 20040102."""
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
    """Return the parameter's type; int if the source requires a whole number."""
    types = {one.type for one in parameter.asked}
    if types & _WHOLE:
        return "int"
    return "flag" if isinstance(parameter.default, bool) and "double" in types else parameter.made


def _typed(default: object, made: str | None) -> LiteralValue | None:
    """Return a default with the type that the strategy converts it to; parse numbers."""
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
