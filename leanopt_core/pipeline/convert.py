"""A strict cattrs converter for TOML values: text never becomes a number, but a variable's may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import is_
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

import attrs
from cattrs import Converter

from leanopt_core.pipeline.lengths import Days, Length, Lengths, Rungs, nearest
from leanopt_core.pipeline.problems import ValidationError, ValidationIssue, invalid, placed
from leanopt_core.pipeline.toml import VariableText, number_in, toml_text
from leanopt_core.pipeline.units import Bytes, Seconds, parse_bytes, parse_seconds
from leanopt_core.suggest import did_you_mean

WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
    date: "a date such as 2004-01-02",
    Seconds: 'a duration such as "2min", or seconds',
    Bytes: 'a size such as "2GB", or bytes',
    Length: 'a length such as "3y", "18m" or "60d"',
    Lengths: 'a length such as "3y", "18m" or "60d", or a list of lengths',
    Rungs: 'numbers of scenarios such as [1, 5], or lengths such as ["1y", "2y"]',
    Days: 'days or weeks, such as "60d" or "8w"',
}


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: object) -> Decimal | None:
    number = value if isinstance(value, Decimal) else _int(value)
    return None if number is None or not Decimal(number).is_finite() else Decimal(number)


def _float(value: object) -> float | None:
    number = _decimal(value)
    return None if number is None else float(number)


def _date(value: object) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


SCALARS: Mapping[Any, Callable[[object], object | None]] = {
    int: _int,
    Decimal: _decimal,
    float: _float,
    bool: lambda value: value if isinstance(value, bool) else None,
    str: lambda value: str(value) if isinstance(value, str) else None,
    date: _date,
}


_NUMBERS = (int, Decimal, float)


def scalar(kind: Any, read: Callable[[object], object | None]) -> Callable[[Any, Any], Any]:
    """Return a hook that raises ValidationError if `read` returns None."""

    def hook(value: object, _: object) -> object:
        result = read(number_in(value) if kind in _NUMBERS else value)
        if result is None:
            raise invalid(toml_text(value), f"expected {WORDS[kind]}")
        return result

    return hook


def read_path(value: object, folder: Path) -> Path:
    """Return a path relative to `folder`; `~` is expanded to the home folder."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise invalid(toml_text(value), f"expected {WORDS[Path]}")
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:  # no home folder of that name
        raise invalid(toml_text(value), f"expected {WORDS[Path]}", str(error)) from error


def unit(kind: Any, parse: Callable[[Any], object]) -> Callable[[Any, Any], Any]:
    """Return a hook that reads durations or sizes with `parse`."""
    takes = (str, int, Decimal) if kind is Seconds else (str, int)

    def hook(value: object, _: object) -> object:
        value = number_in(value)
        if isinstance(value, bool) or not isinstance(value, takes):
            raise invalid(toml_text(value), f"expected {WORDS[kind]}")
        try:
            return parse(value)
        except ValueError as error:
            raise invalid(toml_text(value), str(error)) from error

    return hook


def _length(value: object, _: object) -> Length:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid(toml_text(value), f"expected {WORDS[Length]}")
    try:
        return Length.parse(str(value))
    except ValueError as error:
        meant = nearest(str(value))
        hint = f"did you mean {toml_text(meant)}?" if meant else ""
        raise invalid(toml_text(value), str(error), hint) from error


def _lengths(value: object, _: object) -> object:
    """Return one length, or those of a list, each once."""
    if not isinstance(value, list):
        return (_length(value, Length),)
    if not value:
        raise invalid("[]", f"expected {WORDS[Lengths]}")
    found = _each(enumerate(value), [Length] * len(value), _length)
    if len(set(found.values())) < len(found):
        raise invalid(toml_text(value), "expected each length once")
    return tuple(found.values())


def _rung(value: object, _: object) -> int | Length:
    if isinstance(value, str):
        if not (length := _length(value, Length)):
            raise invalid(toml_text(value), "must be > 0")
        return length
    found = _int(value)
    if found is None:
        raise invalid(toml_text(value), 'expected a whole number, or a length such as "1y"')
    return found


def _rungs(value: object, _: object) -> object:
    """Return the numbers or the lengths of a list."""
    if not isinstance(value, list):
        raise invalid(toml_text(value), f"expected {WORDS[Rungs]}")
    found = tuple(_each(enumerate(value), [Rungs] * len(value), _rung).values())
    if len({isinstance(one, Length) for one in found}) > 1:
        why = "a rung has fewer scenarios, or all of them on fewer days"
        raise invalid(toml_text(value), "expected only numbers or only lengths", why)
    return found


def _days(value: object, _: object) -> Days:
    """Return the days of a length; months have no fixed number of them."""
    length = _length(value, Length)
    if length.months:
        about = -(-length.months * 1461 // 48)
        raise invalid(toml_text(value), f"expected {WORDS[Days]}", f"{length} is about {about}d")
    return Days(length.days)


Hook: TypeAlias = Callable[[Any, Any], Any]

_LISTS = (list, tuple, set, frozenset, Sequence)


def type_words(kind: Any) -> str:
    """Describe a type's values in words, such as `a whole number` or `a list of texts`."""
    if kind in WORDS:
        return WORDS[kind]
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal or _is_enum(kind):
        return _alternatives([toml_text(value) for value in _choices(kind)])
    if origin in (Union, UnionType):
        words = list(dict.fromkeys(type_words(arg) for arg in args if arg is not NoneType))
        return _alternatives([w for w in words if w != WORDS[int] or WORDS[float] not in words])
    if _is_list(kind):
        return "a list"
    return "a table" if _is_table(kind) else f"a value of type {getattr(kind, '__name__', kind)}"


def make_converter(folder: Path) -> Converter:
    """Return a converter for options classes; paths are relative to `folder`.

    Its hooks raise ValidationError. They accept whole numbers as numbers and ISO text as dates.
    """
    converter = Converter()
    for kind, read in SCALARS.items():
        converter.register_structure_hook(kind, _unless_enum(scalar(kind, read)))
    converter.register_structure_hook(Path, lambda value, _: read_path(value, folder))
    for kind, parse in ((Seconds, parse_seconds), (Bytes, parse_bytes)):
        _register(converter, partial(is_, kind), unit(kind, parse))
    converter.register_structure_hook(Length, _length)
    _register(converter, partial(is_, Lengths), _lengths)
    _register(converter, partial(is_, Rungs), _rungs)
    _register(converter, partial(is_, Days), _days)
    _register(converter, lambda kind: get_origin(kind) is Literal, _choice)
    _register(converter, _is_enum, _choice)
    _register(converter, _is_list, lambda value, kind: _list(value, kind, converter))
    _register(converter, _is_mapping, lambda value, kind: _mapping(value, kind, converter))
    _register(converter, _is_union, lambda value, kind: _union(value, kind, converter))
    return converter


def _register(converter: Converter, applies: Callable[[Any], bool], hook: Hook) -> None:
    converter.register_structure_hook_func(applies, hook)


def _is_list(kind: Any) -> bool:
    return (get_origin(kind) or kind) in _LISTS


def _is_mapping(kind: Any) -> bool:
    return (get_origin(kind) or kind) in (dict, Mapping)


def _is_table(kind: Any) -> bool:
    return _is_mapping(kind) or attrs.has(kind)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _unless_enum(hook: Hook) -> Hook:
    # cattrs would treat a StrEnum as a str and an IntEnum as an int.
    return lambda value, kind: (_choice if _is_enum(kind) else hook)(value, kind)


def _choices(kind: Any) -> dict[Any, object]:
    """Return the members of a Literal or an Enum, by the value that selects each."""
    if _is_enum(kind):
        return {member.value: member for member in kind}
    return {value: value for value in get_args(kind)}


def _choice(value: object, kind: Any) -> object:
    choices = _choices(kind)
    value = str(value) if isinstance(value, str) else value
    for known, choice in choices.items():
        if type(known) is type(value) and known == value:
            return choice
    names = [known for known in choices if isinstance(known, str)]
    hint = did_you_mean(value, names) if isinstance(value, str) else ""
    hint = hint if hint.startswith("did") else ""
    raise invalid(toml_text(value), f"expected {type_words(kind)}", hint)


def _list(value: object, kind: Any, converter: Converter) -> object:
    if not isinstance(value, list):
        raise invalid(toml_text(value), "expected a list")
    origin, args = get_origin(kind) or kind, get_args(kind)
    kinds = list(args) if origin is tuple and Ellipsis not in args else [*args[:1]] * len(value)
    if args and len(kinds) != len(value):
        raise invalid(toml_text(value), f"expected a list of {len(kinds)}")
    items = _each(enumerate(value), kinds or [Any] * len(value), converter.structure)
    return (list if origin is Sequence else origin)(items.values())


def _mapping(value: object, kind: Any, converter: Converter) -> dict[object, object]:
    if not isinstance(value, dict):
        raise invalid(toml_text(value), "expected a table")
    inner = get_args(kind)[1] if get_args(kind) else Any
    return _each(iter(value.items()), [inner] * len(value), converter.structure)


def _each(
    items: Iterator[tuple[Any, object]],
    kinds: Sequence[Any],
    structure: Callable[[Any, Any], object],
) -> dict[object, object]:
    result: dict[object, object] = {}
    issues: list[ValidationIssue] = []
    for (step, item), kind in zip(items, kinds, strict=True):
        try:
            result[step] = structure(item, kind)
        except Exception as error:  # noqa: BLE001 - a plugin's own types may raise anything
            issues.extend(placed(error, step, toml_text(item)))
    if issues:
        raise ValidationError(issues)
    return result


def _union(value: object, kind: Any, converter: Converter) -> object:
    members = [member for member in get_args(kind) if member is not NoneType]
    if len(members) == 1:
        return converter.structure(value, members[0])
    if isinstance(value, VariableText) and str in members:
        # It is a number only where no text is expected.
        return str(value)
    for member in members:
        try:
            return converter.structure(value, member)
        except Exception:  # noqa: BLE001, S112 - the next member may take it
            continue
    raise invalid(toml_text(value), f"expected {type_words(kind)}")


def _alternatives(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
