"""What a plugin's options are, read from its attrs class."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Literal, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen


@frozen
class Option:
    """One option for people: its type in a word or two, its default, its bounds, what it means."""

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
                attribute.alias or attribute.name,
                type_name(hints[attribute.name]),
                _default(attribute.default),
                str(attribute.metadata.get("bounds", "")),
                str(attribute.metadata.get("help", "")),
            )


def _default(default: object) -> str:
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class at run time
        made = default.factory()  # type: ignore[attr-defined]
        return str(made) if made else "empty"
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default is None else str(default)


def type_name(hint: object) -> str:
    """Return a type as a pipeline's author would say it: `number`, `text`, `"a" or "b"`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin in (Union, types.UnionType):
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
    }
    return names.get(getattr(hint, "__name__", ""), getattr(hint, "__name__", str(hint)))
