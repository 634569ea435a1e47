"""A strategy's identity by content: for caches, and to check that workers run what was prepared."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH100

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leanopt_harness.closure import closure
from leanopt_harness.code_form import code_form
from leanopt_harness.project import Project
from leanopt_harness.sources import Sources

if TYPE_CHECKING:  # slow to import, and only a description needs it
    from importlib.metadata import Distribution

_HEADER = re.compile(r"^(Name|Version):[ \t]*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Identity:
    """The content that determines what a strategy does, except installed distributions.

    The hash of a Python file is of its bytes, or of its code (`Project.by_code`).

    `files` are the project's (path from the project folder with `/`: sha256), `outside` the modules
    that the strategy imports from neither the project, nor Python's library, nor an installed
    distribution (dotted name: sha256), `python` the interpreter's implementation and version.
    """

    files: dict[str, str]
    outside: dict[str, str]
    python: dict[str, str]

    @property
    def digest(self) -> str:
        """The sha256 (hex) over the canonical JSON of the three."""
        return _digest({"files": self.files, "outside": self.outside, "python": self.python})


def identify(project: Project, sources: Sources, known: frozenset[str]) -> Identity:
    """Return the identity of a strategy that was just imported; `known` are the earlier modules.

    Its files are the imported ones and those that import statements lead to; with a snapshot, the
    ones that have copies. Unreadable ones are left out: their import has failed, or will.
    """
    loaded = {
        name: os.path.abspath(file)
        for name, module in sorted(sys.modules.items())
        if isinstance(file := getattr(module, "__file__", None), str)
    }
    own = {path for path in loaded.values() if project.relative(path) is not None}
    hashed = partial(_hash, sources=sources, by_code=project.by_code)
    hashes = {path: hashed(path) for path in own | _reached(project, sources)}
    files = {str(project.relative(path)): value for path, value in hashes.items() if value}
    outside = {
        name: value
        for name, path in loaded.items()
        if name not in known and project.is_foreign(path) and (value := hashed(path))
    }
    return Identity(dict(sorted(files.items())), dict(sorted(outside.items())), _python())


def distributions() -> dict[str, str]:
    """Return the versions of all installed distributions by normalised name, sorted."""
    from importlib.metadata import distributions as installed

    found: dict[str, str] = {}
    for distribution in installed():
        headers = _headers(distribution)
        name = headers.get("Name")
        if name:  # broken installations have none; of two, Python imports the first on the path
            version = headers.get("Version") or distribution.version
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(found.items()))


def harness_source() -> str:
    """Return the sha256 over this package's own sources, as for a strategy's files."""
    root = Path(__file__).parent
    files = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*.py")
    }
    return _digest(files)


def platform_text() -> str:
    """Return the platform, as `linux-x86_64`."""
    return f"{platform.system()}-{platform.machine()}".lower()


def _headers(distribution: Distribution) -> dict[str, str]:
    """Return a distribution's name and version.

    `Distribution.metadata` parses the README too, which takes ten times as long, at each access.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    return dict(_HEADER.findall(text.partition("\n\n")[0]))


def _python() -> dict[str, str]:
    return {"implementation": sys.implementation.name, "version": platform.python_version()}


def _reached(project: Project, sources: Sources) -> set[str]:
    if (copied := sources.copied()) is not None:
        return copied
    try:
        return closure(project, sources)
    except OSError:
        return set()


def _hash(path: str, sources: Sources, *, by_code: bool) -> str | None:
    try:
        content = sources.read(path)
    except OSError:
        return None
    if by_code and path.endswith(".py"):
        # What this Python cannot parse has its bytes; its import has failed, or will.
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            content = code_form(content)
    return hashlib.sha256(content).hexdigest()


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
