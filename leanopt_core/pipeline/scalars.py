"""How single TOML values are read as whole numbers, numbers, texts, dates, paths and units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from leanopt_core.pipeline.misfit import misfit
from leanopt_core.pipeline.toml import toml_text
from leanopt_core.pipeline.units import Bytes, Seconds

WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    str: "a text",
    Path: "a path as text",
    date: "a date as 2004-01-02",
    Seconds: 'a duration as "2min" or in seconds',
    Bytes: 'a size as "2GB" or in bytes',
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
    str: lambda value: value if isinstance(value, str) else None,
    date: _date,
}


def scalar(kind: Any, read: Callable[[object], object | None]) -> Callable[[Any, Any], Any]:
    """Return a hook that raises MisfitError where `read` returns None."""

    def hook(value: object, _: object) -> object:
        result = read(value)
        if result is None:
            raise misfit(toml_text(value), f"expected {WORDS[kind]}")
        return result

    return hook


def read_path(value: object, folder: Path) -> Path:
    """Return the path that a text means, from `folder`; `~` is somebody's home."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise misfit(toml_text(value), f"expected {WORDS[Path]}")
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:  # no home folder of that name
        raise misfit(toml_text(value), f"expected {WORDS[Path]}", str(error)) from error


def unit(kind: Any, parse: Callable[[Any], object]) -> Callable[[Any, Any], Any]:
    """Return a hook that reads durations or sizes by `parse`."""
    takes = (str, int, Decimal) if kind is Seconds else (str, int)

    def hook(value: object, _: object) -> object:
        if isinstance(value, bool) or not isinstance(value, takes):
            raise misfit(toml_text(value), f"expected {WORDS[kind]}")
        try:
            return parse(value)
        except ValueError as error:
            raise misfit(toml_text(value), str(error)) from error

    return hook
