"""Check the command line that an engine gave, and the statistics that a program printed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leanopt_core.shown import shown
from leanopt_core.suggest import did_you_mean

_PLACEHOLDER = re.compile(r"\{[a-z][a-z0-9_]*\}")


def checked_command(command: object, known: Sequence[str]) -> list[str]:
    """Return a command line; `known` are the placeholders that have a meaning.

    Raises ValueError for what is no list of texts that a program can be given.
    """
    listed = list(command) if isinstance(command, list | tuple) else []
    if not listed or not all(isinstance(part, str) for part in listed):
        raise ValueError(f"command() returned {shown(command)}, expected a list of texts")
    for part in listed:
        if not part.isprintable() and (wrong := _unfit(part)):
            raise ValueError(f"command() returned the argument {shown(part)}, which has {wrong}")
        for placeholder in _PLACEHOLDER.findall(part):
            if placeholder not in known:
                hint = did_you_mean(placeholder, known)
                what = f"command() returned the argument {shown(part)}"
                raise ValueError(f"{what} with the unknown placeholder {placeholder}: {hint}")
    return listed


def _unfit(part: str) -> str:
    """Return what keeps a text from being an argument, empty if nothing does."""
    if "\0" in part:
        return "a NUL"
    return "a lone surrogate" if any("\ud800" <= one <= "\udfff" for one in part) else ""


def checked_statistics(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return statistics; raises ValueError that names one that is neither number nor text."""
    for name, value in _flat(found):
        if isinstance(value, bool):
            raise ValueError(f"statistic '{name}' is {str(value).lower()}, expected a number")  # noqa: TRY004 - about data
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"statistic '{name}' is {value}, expected a finite number")
    return dict(found)


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
