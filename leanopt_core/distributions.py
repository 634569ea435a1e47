"""The installed distributions that a run involves, with their versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

# The whole metadata of a distribution includes its README and takes ten times as long to parse.
_HEADER: Final = re.compile(r"^(Name|Version|Requires-Dist): *(.+)$", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def involved(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of distributions and of all that they require, by normalised name.

    What is required for an extra only is left out, and what is not installed.
    """
    found: dict[str, str] = {}
    waiting = [_normalised(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found or (installed := _installed(name)) is None:
            continue
        for key, value in headers(installed):
            if key == "Version":
                found[name] = value.strip()
            elif key == "Requires-Dist":
                required, _, marker = value.partition(";")
                if "extra" not in marker and (match := _NAME.match(required)):
                    waiting.append(_normalised(match[0]))
    return dict(sorted(found.items()))


def headers(installed: Distribution) -> list[tuple[str, str]]:
    """Return a distribution's name, version and requirements, as its metadata has them."""
    text = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    return _HEADER.findall(text.partition("\n\n")[0])


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
