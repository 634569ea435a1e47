"""Read a TOML table into an attrs class and find all its errors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

import attrs
from cattrs import Converter

from leanopt_core.pipeline.convert import make_converter, type_words
from leanopt_core.pipeline.problems import (
    ValidationError,
    ValidationIssue,
    fault,
    invalid,
    placed,
    reason,
)
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.specs import option_key
from leanopt_core.suggest import did_you_mean

T = TypeVar("T")

_LONGEST = 60


def option_fields(kind: type) -> Mapping[str, attrs.Attribute[Any]]:
    """Return the fields of an options class by key, with resolved types.

    Raises NameError if a type cannot be resolved.
    """
    return _resolved(kind)


# A pipeline is read by some fifteen classes, and each is asked for several times.
@lru_cache(maxsize=256)
def _resolved(kind: type) -> Mapping[str, attrs.Attribute[Any]]:
    hints = get_type_hints(kind)
    fields = (field for field in attrs.fields(kind) if field.init)
    return MappingProxyType(
        {option_key(one): one.evolve(type=hints.get(one.name, Any)) for one in fields}
    )


def make_reader(folder: Path) -> Converter:
    """Return a converter for options classes, also nested ones; paths are relative to `folder`."""
    converter = make_converter(folder)
    converter.register_structure_hook_func(
        attrs.has, lambda raw, kind: structure_table(raw, kind, converter)
    )
    return converter


def structure_table(
    raw: object, kind: type[T], converter: Converter, also: Collection[str] = ()
) -> T:
    """Return `raw` as an instance of the attrs class `kind`.

    Raises ValidationError with all issues: unknown, missing and invalid keys, and those that the
    class's validators report. `also` are further names to suggest for an unknown key.
    """
    if not isinstance(raw, Mapping):
        raise invalid(toml_text(raw), "expected a table")
    known = option_fields(kind)
    issues = [*_unknown(raw, known, also), *_missing(raw, known)]
    raw = {**raw, **_default_paths(known, raw)}
    values: dict[str, object] = {}
    for name in (name for name in known if name in raw):
        try:
            values[name] = converter.structure(raw[name], known[name].type or Any)
        except Exception as error:  # noqa: BLE001 - a plugin's own types may raise anything
            issues.extend(placed(error, name, toml_text(raw[name])))
    issues.extend(_invalid(kind, known, values, raw))
    if issues:
        order = [*raw, *known]
        issues.sort(key=lambda found: order.index(str(found.at[0])))
        raise ValidationError(_with_help(issues, known))
    try:
        return kind(**{known[name].alias or name: value for name, value in values.items()})
    except Exception as error:
        issue = ValidationIssue("", reason(error, ""), fault=fault(error))
        raise ValidationError([issue]) from error


def _unknown(
    raw: Mapping[str, object], known: Collection[str], also: Collection[str]
) -> Iterator[ValidationIssue]:
    names = {*known, *also}
    for name in raw:
        if name not in known:
            yield ValidationIssue("", "unknown key", did_you_mean(name, names), (name,))


def _missing(
    raw: Mapping[str, object], known: Mapping[str, attrs.Attribute[Any]]
) -> Iterator[ValidationIssue]:
    for name, field in known.items():
        if name not in raw and field.default is attrs.NOTHING:
            yield ValidationIssue("nothing", f"expected {type_words(field.type)}", "", (name,))


def _default_paths(
    known: Mapping[str, attrs.Attribute[Any]], raw: Mapping[str, object]
) -> dict[str, str]:
    """Return default paths as if given, so that they are relative to the same folder."""
    absent = {name: field.default for name, field in known.items() if name not in raw}
    return {name: str(path) for name, path in absent.items() if isinstance(path, Path)}


def _invalid(
    kind: type,
    known: Mapping[str, attrs.Attribute[Any]],
    values: Mapping[str, object],
    raw: Mapping[str, object],
) -> Iterator[ValidationIssue]:
    """Yield the issues of each field's validator, even if other fields are invalid.

    Validators see a draft with the valid fields; a validator that needs another one is skipped.
    """
    draft = _draft(kind, known, values)
    for name, value in values.items():
        field = known[name]
        if field.validator is None or field.converter is not None:
            continue
        try:
            field.validator(draft, field, value)
        except AttributeError:
            continue
        except Exception as error:  # noqa: BLE001 - a plugin's validator may raise anything
            for found in placed(error, name, toml_text(raw[name])):
                yield attrs.evolve(found, fault=found.fault or fault(error))


def _draft(
    kind: type, known: Mapping[str, attrs.Attribute[Any]], values: Mapping[str, object]
) -> object:
    draft: object = object.__new__(kind)
    for name, field in known.items():
        plain = field.default is not attrs.NOTHING and not isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]  # a class, typed as a function
        if name in values or plain:
            object.__setattr__(draft, field.name, values.get(name, field.default))
    return draft


def _with_help(
    issues: list[ValidationIssue], known: Mapping[str, attrs.Attribute[Any]]
) -> Iterator[ValidationIssue]:
    """Yield the issues; those without a hint get the option's help as one."""
    for found in issues:
        field = known.get(str(found.at[0])) if len(found.at) == 1 else None
        text = str(field.metadata.get("help", "")).rstrip(".") if field else ""
        short = not found.hint and len(found.expected) + len(text) <= _LONGEST
        yield attrs.evolve(found, hint=text) if short else found
