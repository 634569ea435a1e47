"""Fills `${NAME}` and `${NAME:-default}` in texts, from the environment and a `.env` file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.toml import KeyPath, toml_text

Lookup = Callable[[str], str | None]

_REFERENCE = re.compile(r"(\$\$\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\})?")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def lookup(environment: Mapping[str, str], folder: Path) -> Lookup:
    """Return what finds a variable: in `environment`, then in `.env` in `folder`, else None.

    The `.env` file is read only when a variable is not in the environment.
    """

    @cache
    def dotenv() -> Mapping[str, str]:
        return read_dotenv(folder / ".env")

    def find(name: str) -> str | None:
        return environment[name] if name in environment else dotenv().get(name)

    return find


def interpolate(value: object, find: Lookup, problems: Problems, at: KeyPath = ()) -> object:
    """Return `value` with every text in it filled in; an unset variable is a mistake.

    A default counts where the variable is unset or empty. `$${` stands for `${` itself; what is
    filled in is not looked at again.
    """
    match value:
        case str():
            return _filled(value, find, problems, at)
        case list():
            return [interpolate(v, find, problems, (*at, i)) for i, v in enumerate(value)]
        case dict():
            return {k: interpolate(v, find, problems, (*at, k)) for k, v in value.items()}
        case _:
            return value


def _filled(text: str, find: Lookup, problems: Problems, at: KeyPath) -> str:
    unset: list[str] = []
    malformed = False

    def fill(match: re.Match[str]) -> str:
        nonlocal malformed
        escaped, name, default = match.group(1), match.group(2), match.group(4)
        if escaped:
            return "${"
        if not name:
            malformed = True
            return match.group()
        found = find(name)
        if found is None and default is None:
            unset.append(name)
        return (found or default) if default is not None else (found or "")

    filled = _REFERENCE.sub(fill, text)
    if malformed:
        problems.add(at, toml_text(text), "expected ${NAME} or ${NAME:-default}", "$${ writes ${")
    elif unset:
        names = " and ".join(dict.fromkeys(unset))
        problems.add(at, toml_text(text), f"expected {names} in the environment or in .env")
    return text if malformed or unset else filled


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the assignments in a `.env` file; lines that are none are nobody's business here."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return {}
    matches = filter(None, map(_ASSIGNMENT.fullmatch, lines))
    return {match[1]: _unquoted(match[2]) for match in matches}


def _unquoted(text: str) -> str:
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
