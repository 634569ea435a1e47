"""Describe a plugin's options, read from its attrs class."""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import Enum
from math import isinf
from typing import Any, Final, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

from leanopt_core.specs import option_key

#: attrs hides its validators' classes; these operators are read from their attributes.
_LOW: Final = {">=": "{} or more", ">": "above {}"}
_HIGH: Final = {"<=": "at most {}", "<": "below {}"}
_UNIONS: Final = (Union, types.UnionType)


@frozen
class Option:
    """One option, described for people."""

    name: str
    type: str
    default: str
    bounds: str
    help: str


def describe(options: type) -> list[Option]:
    """Return the options of an attrs class, in its order."""
    return list(_described(options))


def _described(options: type) -> Iterator[Option]:
    hints = get_type_hints(options)
    for attribute in attrs.fields(options):
        if attribute.init:
            yield Option(
                option_key(attribute),
                type_name(hints[attribute.name]),
                _default(attribute.default),
                _bounds(attribute, hints[attribute.name]),
                str(attribute.metadata.get("help", "")),
            )


def _bounds(attribute: attrs.Attribute[Any], hint: object) -> str:
    """Return the bounds the plugin states, else those of its validators."""
    said = attribute.metadata.get("bounds")
    if said is not None:
        return str(said)
    return "" if _chosen(hint) else bounds(attribute.validator)


def _chosen(hint: object) -> bool:
    members = [hint, *get_args(hint)] if get_origin(hint) in _UNIONS else [hint]
    return any(get_origin(one) is Literal or _is_enum(one) for one in members)


def _is_enum(hint: object) -> TypeGuard[type[Enum]]:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _default(default: object) -> str:
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class at run time
        made = default.factory()  # type: ignore[attr-defined]
        return str(made) if made else "empty"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Enum):
        return str(default.value)
    return "none" if default is None else str(default)


def type_name(hint: object) -> str:
    """Return a type in the words of a pipeline's author: `number`, `text`, `"a" or "b"`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if _is_enum(hint):
        return " or ".join(f'"{member.value}"' for member in hint)
    if origin in _UNIONS:
        return " or ".join(type_name(a) for a in arguments if a is not type(None))
    if origin in (list, tuple):
        return f"list of {type_name(arguments[0])}"
    names = {
        "int": "whole number",
        "float": "number",
        "Decimal": "number",
        "str": "text",
        "bool": "true or false",
        "Path": "path",
        "Mapping": "table",
        "date": "date",
        "Seconds": 'duration such as "2min"',
        "Bytes": 'size such as "2GB"',
    }
    return names.get(getattr(hint, "__name__", ""), getattr(hint, "__name__", str(hint)))


def bounds(validator: object) -> str:
    """Return the bounds set by attrs validators, empty if there are none."""
    parts = list(_parts(validator))
    low = [(op, bound) for op, bound in parts if op in _LOW]
    high = [(op, bound) for op, bound in parts if op in _HIGH]
    others = [bound for op, bound in parts if op not in {*_LOW, *_HIGH}]
    if len(low) == len(high) == 1 and (low[0][0], high[0][0]) == (">=", "<="):
        return ", ".join([f"{low[0][1]} to {high[0][1]}", *others])
    return ", ".join(
        [
            *(_LOW[op].format(bound) for op, bound in low),
            *(_HIGH[op].format(bound) for op, bound in high),
            *others,
        ]
    )


def _parts(validator: Any) -> Iterator[tuple[str, str]]:
    """Yield operators with their bounds; the operator is empty for other requirements."""
    for inner in getattr(validator, "_validators", ()):
        yield from _parts(inner)
    if (inner := getattr(validator, "validator", None)) is not None:
        yield from _parts(inner)
    if (member := getattr(validator, "member_validator", None)) is not None:
        yield from (("", f"each {said}") for said in [bounds(member)] if said)
    operator, bound = getattr(validator, "compare_op", None), getattr(validator, "bound", None)
    if operator in {*_LOW, *_HIGH} and not (isinstance(bound, float) and isinf(bound)):
        yield operator, str(bound)
    if (least := getattr(validator, "min_length", None)) is not None:
        yield "", "not empty" if least == 1 else f"length {least} or more"
    if (most := getattr(validator, "max_length", None)) is not None:
        yield "", f"length at most {most}"
    if (options := getattr(validator, "options", None)) is not None:
        yield "", f"one of {', '.join(map(str, options))}"
