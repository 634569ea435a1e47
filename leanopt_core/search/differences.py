"""What differs between two plans, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


def differences(before: Any, now: Any, most: int | None = 8) -> list[str]:
    """Return where two JSON values differ, such as `stages.0.trials: 128, now 64`.

    At most `most` differences are listed (None: all); a last line counts the others.
    """
    found = list(_walk("", before, now))
    more = 0 if most is None else len(found) - most
    return found if more <= 0 else [*found[:most], f"and {more} more"]


def files_changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return which files have changed, are new or gone, by their hashes by name.

    Without one of the two, that is unknown, and nothing says it.
    """
    if not before or not now:
        return []
    changed = [f"{name} has changed" for name in now if now[name] != before.get(name, now[name])]
    new = [f"{name} is new" for name in now if name not in before]
    return [*changed, *new, *(f"{name} is gone" for name in before if name not in now)]


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
