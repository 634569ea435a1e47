"""Checks that LEAN and the strategy can read the values of parameters as what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.space import Value, number_text
from leanopt_lean.findings import Findings, problem
from leanopt_lean.source import Asked, Language, Source

_WHOLE: Final = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_CUT: Final = re.compile(r"\s*[+-]?\d[\d,]*(?:\.0*)?\s*", re.ASCII)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_TRUTH: Final = re.compile(r"\s*(?:true|false)\s*", re.IGNORECASE)
#: Of a range, which rises by one step, these levels tell all.
_TELLING: Final = (0, 1, -1)


@frozen
class _Kind:
    """A type: what it is called, the texts that it takes, what a strategy can ask for instead."""

    called: str
    form: re.Pattern[str]
    values: str = "numbers"
    ends: tuple[int, int] | None = None
    instead: str = ""

    def takes(self, text: str) -> bool:
        """Say whether a text is read as what it says."""
        return self.form.fullmatch(text) is not None and self.holds(text)

    def holds(self, number: str) -> bool:
        """Say whether a number, perhaps with commas, lies within the type's ends."""
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
            "a number of digits alone", 0, 2**31 - 1, re.compile(r"\d+(?:\.0*)?", re.ASCII)
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
#: How .NET calls the types that C# has words for.
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


def check_values(source: Source, values: Mapping[str, Sequence[Value]]) -> Findings:
    """Return a problem for each parameter of `[parameters]` that can have an unfit value."""
    return Findings.of(
        problem(f"parameters.{name}: found {wrong}, but {told}")
        for name in values
        for wrong, told in _unfit(source, name, values[name])
    )


def check_passed(source: Source, fields: Mapping[str, tuple[str, str]]) -> Findings:
    """Return a problem for each field of a scenario that does not fit the parameter it travels as.

    `fields` are their names with that parameter and the value's text.
    """
    return Findings.of(
        problem(f"scenario.{field}: found {wrong}, passed as '{name}', but {told}")
        for field, (name, text) in fields.items()
        for wrong, told in _unfit(source, name, (text,))
    )


def _unfit(source: Source, name: str, values: Sequence[Value]) -> Iterator[tuple[str, str]]:
    """Yield the first value that does not fit what a place asks for, with why, for each place."""
    told = values if isinstance(values, tuple) or len(values) <= len(_TELLING) else (
        *(values[level] for level in _TELLING),
    )  # fmt: skip
    for asked in source.types.get(name, ()):
        type_ = asked.type.lower()
        kind = _KINDS.get(_ALIASES.get(type_, type_))
        wrong = [one for one in told if kind is not None and not kind.takes(number_text(one))]
        if kind is not None and wrong:
            regular = not isinstance(values, tuple)
            advice = _advice(source, name, asked, kind, wrong[0], regular=regular)
            yield number_text(wrong[0]), f"{asked.location} {_asks(asked, kind)}: write {advice}"


def _asks(asked: Asked, kind: _Kind) -> str:
    """Return what a place asks for, and what becomes of another text."""
    if asked.member:
        return f"marks {kind.called}, {asked.by}: LEAN sets neither it nor any member behind it"
    if asked.type == "truth":
        return f"takes every text for true by {asked.by}"
    if asked.by:
        does = "cuts" if asked.type == "cut" else "refuses"
        return f"makes {kind.called} of it by {asked.by}, which {does} it"
    default = f", {asked.default}," if asked.default is not None else ""
    return f"asks for {kind.called} by its default: LEAN takes the default{default} instead"


def _advice(
    source: Source, name: str, asked: Asked, kind: _Kind, wrong: Value, *, regular: bool
) -> str:
    """Return what to write in the pipeline, or else in the source."""
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
