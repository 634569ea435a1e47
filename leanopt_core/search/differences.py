"""What differs between two plans, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 8


_ABSENT = object()


def differences(before: Any, now: Any) -> list[str]:
    """Return where two JSON values differ, such as `stages.0.trials: 128, now 64`.

    At most eight differences are listed; a last line counts the others.
    """
    found = list(_walk("", before, now))
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], f"and {more} more"]


def _walk(path: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from _walk(_join(path, key), before.get(key, _ABSENT), now.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(now, list):
        for index in range(max(len(before), len(now))):
            yield from _walk(_join(path, str(index)), _at(before, index), _at(now, index))
    elif before is _ABSENT or now is _ABSENT or before != now:
        yield f"{path}: {_said(before)}, now {_said(now)}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else _ABSENT


def _said(value: Any) -> str:
    return "absent" if value is _ABSENT else repr(value)
