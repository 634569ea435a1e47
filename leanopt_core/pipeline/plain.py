"""Options and scenarios as plain JSON values, the same for equal values on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from leanopt_core.canonical import canonical_json

WritePath: TypeAlias = Callable[[Path], Any]


def plain(value: object, write_path: WritePath = Path.as_posix) -> Any:
    """Return `value` as what JSON knows, paths as `write_path` writes them.

    Decimals become numbers where a float holds them exactly, as the strategy will meet them, else
    texts; dates ISO texts; sets sorted lists. Raises TypeError for what has no plain form.
    """
    match value:
        case Mapping():
            return {str(key): plain(item, write_path) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, write_path) for item in value]
        case set() | frozenset():
            return sorted((plain(item, write_path) for item in value), key=canonical_json)
        case Path():
            return write_path(value)
        case _ if attrs.has(type(value)):
            return plain_options(value, write_path)
    return _scalar(value)


def plain_options(options: Any, write_path: WritePath = Path.as_posix) -> dict[str, Any]:
    """Return an options object's values by key, as `plain` gives them, defaults included."""
    fields = [field for field in attrs.fields(type(options)) if field.init]
    return {field.alias: plain(getattr(options, field.name), write_path) for field in fields}


def from_folder(folder: Path) -> WritePath:
    """Return what writes a path below `folder` from there, and others in full."""

    def write(path: Path) -> str:
        below = path.is_relative_to(folder)
        return (path.relative_to(folder) if below else path).as_posix()

    return write


def by_content(folder: Path) -> WritePath:
    """Return what writes the path of a file as the file's SHA-256, and others from `folder`."""

    def write(path: Path) -> Any:
        if not path.is_file():
            return from_folder(folder)(path)
        with path.open("rb") as file:
            return {"sha256": file_digest(file, "sha256").hexdigest()}

    return write


def _scalar(value: object) -> Any:
    match value:
        case Enum():
            return _scalar(value.value)
        case Decimal():
            number = float(value)
            exact = Decimal(repr(number)) == value
            return number if exact else format(value.normalize(), "f")
        case date() | time():
            return value.isoformat()
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no plain form")
