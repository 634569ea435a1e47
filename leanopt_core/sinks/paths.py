"""The placeholders in the paths of sinks: `{run}`, `{search}` and `{symbol}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import attrs

#: The run's name, the search's number, a scenario's symbol.
PLACEHOLDERS: Final = ("run", "search", "symbol")

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
# A value is part of one name: without separators, without what some file systems refuse, and not
# a name for a folder itself. `%` is escaped too, so different values stay different.
_UNSAFE: Final = re.compile(r'[%/\\:*?"<>|\x00-\x1f]|^\.+$|[. ]$')
# Names that Windows reserves for devices, with any ending: their first letter is escaped.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# A name has at most 255 bytes; a longer value is cut, and a hash tells it from others.
_LONGEST: Final = 100


def placeholders(path: Path, folder: Path) -> list[str]:
    """Return the placeholders' names in `path`, not counting those in the project's `folder`."""
    return _PLACEHOLDER.findall(str(_below(path, folder)))


def fill(path: Path, folder: Path, values: Mapping[str, str]) -> Path:
    """Return `path` with its placeholders replaced; a value never adds a folder or leaves one."""

    def value(match: re.Match[str]) -> str:
        return _name(values[match[1]])

    return folder / _PLACEHOLDER.sub(value, str(_below(path, folder)))


def paths(options: Any) -> Iterator[tuple[str, Path]]:
    """Yield key and value of the options that are paths."""
    for field in attrs.fields(type(options)):
        if field.init and isinstance(path := getattr(options, field.name), Path):
            yield field.alias, path


def fill_options(options: Any, folder: Path, values: Mapping[str, str]) -> Any:
    """Return a sink's options with the placeholders of their paths replaced."""
    changed = {key: fill(path, folder, values) for key, path in paths(options)}
    return attrs.evolve(options, **changed)


def _below(path: Path, folder: Path) -> Path:
    """Return the part of a path that the user wrote."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _name(value: str) -> str:
    """Return a value as part of a file's name."""
    text = _UNSAFE.sub(_escaped, value)
    if _RESERVED.match(text):
        text = f"%{ord(text[0]):02X}{text[1:]}"
    whole = text.encode()
    if len(whole) <= _LONGEST:
        return text
    return f"{whole[:_LONGEST].decode(errors='ignore')}%{sha256(whole).hexdigest()[:16]}"


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{ord(character):02X}" for character in match[0])
