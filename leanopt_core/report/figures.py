"""Format numbers and values for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from leanopt_core.canonical import canonical_json

_STEP: Final = 1024


def percent(value: float) -> str:
    """Return a fraction as a percentage, such as `12.3%`."""
    return _unsigned_zero(f"{value:.1%}")


def ratio(value: float) -> str:
    """Return a ratio with two decimals."""
    return _unsigned_zero(f"{value:.2f}")


def count(value: float) -> str:
    """Return a number of things with thousands separators; a mean of such may have a decimal."""
    return _unsigned_zero(f"{value:,.1f}".removesuffix(".0"))


def _unsigned_zero(text: str) -> str:
    """Return a written number without the sign of a small one that was rounded to zero."""
    return text if any(digit in text for digit in "123456789") else text.removeprefix("-")


def counted(number: int, noun: str) -> str:
    """Return a count with its noun, such as `1 trial`, `1,200 trials` or `20 searches`."""
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}{ending}"


def number(value: float | None) -> str:
    """Return a number with six significant digits, `-` if unknown."""
    return "-" if value is None else _unsigned_zero(f"{value:.6g}")


def duration(seconds: float) -> str:
    """Return a duration such as `12 s`, `3:07`, `1:03:07` or `2 d 1:03:07`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if not (days or hours or minutes):
        return f"{left} s"
    clock = f"{hours}:{minutes:02}:{left:02}" if days or hours else f"{minutes}:{left:02}"
    return f"{days} d {clock}" if days else clock


def size(count: float) -> str:
    """Return a number of bytes in the largest unit that it fills, as `23.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _STEP:
            return f"{count:.3g} {unit}"
        count /= _STEP
    return f"{count:.3g} TiB"


def values_shown(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as text by name; numbers are exact."""
    shown = json.loads(canonical_json(parameters), parse_float=str)
    return {name: value_text(value) for name, value in shown.items()}


def value_text(value: object) -> str:
    """Return a parameter's value as written in a pipeline, text without quotes."""
    return json.dumps(value) if isinstance(value, bool) else str(value)
