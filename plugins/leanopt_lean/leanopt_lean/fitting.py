"""Checks that parameter values can be read as the types that LEAN and the strategy expect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.api import Value, number_text
from leanopt_lean.findings import Findings, problem
from leanopt_lean.source import Asked, Language, StrategySource

_WHOLE: Final = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_CUT: Final = re.compile(r"\s*[+-]?\d[\d,]*(?:\.0*)?\s*", re.ASCII)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_TRUTH: Final = re.compile(r"\s*(?:true|false)\s*", re.IGNORECASE)
#: A range rises by one step, so these three levels represent all.
_TELLING: Final = (0, 1, -1)


@frozen
class _Kind:
    """A type: its name, the texts that it accepts, its limits, and a wider type to use instead."""

    called: str
    form: re.Pattern[str]
    values: str = "numbers"
    ends: tuple[int, int] | None = None
    instead: str = ""

    def takes(self, text: str) -> bool:
        """Return whether a text is read without loss."""
        return self.form.fullmatch(text) is not None and self.holds(text)

    def holds(self, number: str) -> bool:
        """Return whether a number (thousands commas allowed) is within the type's limits."""
        ends = self.ends
        return ends is None or ends[0] <= Decimal(number.replace(",", "")) <= ends[1]


def _whole(called: str, least: int, most: int, form: re.Pattern[str] = _WHOLE) -> _Kind:
    return _Kind(called, form, f"whole numbers from {least} to {most}", (least, most), "decimal")


_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        **{
            name: _whole(f"{'an' if name == 'int' else 'a'} {name}", -(2**bits), 2**bits - 1)
            for name, bits in {"sbyte": 7, "short": 15, "int": 31, "long": 63}.items()
        },
        **{
            name: _whole(f"a {name}", 0, 2**bits - 1)
            for name, bits in {"byte": 8, "ushort": 16, "uint": 32, "ulong": 64}.items()
        },
        "digits": _whole(
            "a number of digits only", 0, 2**31 - 1, re.compile(r"\d+(?:\.0*)?", re.ASCII)
        ),
        "whole": _Kind("a whole number", _WHOLE, "whole numbers", instead="float"),
        "cut": _Kind("a whole number", _CUT, "whole numbers", instead="float"),
        "decimal": _Kind("a decimal", _NUMBER, ends=(1 - 2**96, 2**96 - 1)),
        "double": _Kind("a double", _NUMBER),
        "float": _Kind("a float", _NUMBER),
        "bool": _Kind("a bool", _TRUTH, "choices = [true, false]"),
        "truth": _Kind("a truth value", re.compile("")),
    }
)
#: .NET's names of types, and C#'s.
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "int16": "short",
        "int32": "int",
        "int64": "long",
        "boolean": "bool",
        "uint16": "ushort",
        "uint32": "uint",
        "uint64": "ulong",
        "single": "float",
    }
)


def check_values(source: StrategySource, values: Mapping[str, Sequence[Value]]) -> Findings:
    """Return a problem for each parameter of `[parameters]` that can take an invalid value."""
    return Findings.of(
        problem(f"parameters.{name}: found {wrong}, but {why}")
        for name in values
        for wrong, why in _unfit(source, name, values[name])
    )


def check_passed(source: StrategySource, fields: Mapping[str, tuple[str, str]]) -> Findings:
    """Return a problem for each scenario field that does not fit the parameter it is passed as.

    `fields` maps a field's name to that parameter's name and the value's text.
    """
    return Findings.of(
        problem(f"scenario.{field}: found {wrong}, passed as '{name}', but {why}")
        for field, (name, text) in fields.items()
        for wrong, why in _unfit(source, name, (text,))
    )


def _unfit(source: StrategySource, name: str, values: Sequence[Value]) -> Iterator[tuple[str, str]]:
    """Yield, for each type that the source requires, the first value that does not fit, and why."""
    tried = values if isinstance(values, tuple) or len(values) <= len(_TELLING) else (
        *(values[level] for level in _TELLING),
    )  # fmt: skip
    for asked in source.types.get(name, ()):
        type_ = asked.type.lower()
        kind = _KINDS.get(_ALIASES.get(type_, type_))
        wrong = [one for one in tried if kind is not None and not kind.takes(number_text(one))]
        if kind is not None and wrong:
            regular = not isinstance(values, tuple)
            advice = _advice(source, name, asked, kind, wrong[0], regular=regular)
            yield number_text(wrong[0]), f"{asked.location} {_asks(asked, kind)}; write {advice}"


def _asks(asked: Asked, kind: _Kind) -> str:
    """Return what the source requires, and what happens to another text."""
    if asked.member:
        return f"marks {kind.called}, {asked.by}: LEAN sets neither it nor any member after it"
    if asked.type == "truth":
        return f"reads every text as true, by {asked.by}"
    if asked.by:
        does = "truncates" if asked.type == "cut" else "refuses"
        return f"converts it to {kind.called} by {asked.by}, which {does} it"
    default = f", {asked.default}," if asked.default is not None else ""
    return f"reads {kind.called}, by its default: LEAN takes the default{default} instead"


def _advice(
    source: StrategySource, name: str, asked: Asked, kind: _Kind, wrong: Value, *, regular: bool
) -> str:
    """Return what to write in the pipeline, or in the source."""
    reading = "self.get_parameter" if source.language is Language.PYTHON else "GetParameter"
    if asked.type == "truth":
        return f'in the source: {reading}("{name}") == "true"'
    if isinstance(wrong, bool) and kind.form is _NUMBER:
        return "choices = [0, 1]"
    if not kind.instead or _NUMBER.fullmatch(number_text(wrong)) is None:
        text = "" if asked.member or asked.by else f', or {reading}("{name}", "...") in the source'
        return f"{kind.values}{text}"
    within = regular and kind.holds(number_text(wrong))
    values = "step = 1 from a whole min" if within else kind.values
    if asked.member:
        return f"{values}, or make {asked.by} a {kind.instead} in the source"
    if asked.by:
        return f"{values}, or convert it to {kind.instead} in the source"
    suffix = "" if source.language is Language.PYTHON else "m"
    default = 0 if asked.default is None else asked.default
    return f'{values}, or {reading}("{name}", {default}.0{suffix}) in the source'
