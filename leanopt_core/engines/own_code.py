"""Hash an engine's own code, and name its attributes: they decide results as its strategy does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path, PurePath
from types import NoneType
from typing import Any

import attrs

from leanopt_core.content import hash_file
from leanopt_core.errors import StrategyError

_CORE = "leanopt_core"
_PLAIN = (bool, int, float, str, Decimal, date, Enum, PurePath, NoneType)


def code_of(kind: type, loaded: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Return the hashes of the files behind a class and its bases, and the plugins' versions.

    `loaded` are these hashes when the class was made. Raises StrategyError if a file has changed
    since, ValueError for a class that was not read from a file.
    """
    now = hashes_of(kind)
    changed = sorted(name for name in {*now, *loaded} if now.get(name) != loaded.get(name))
    if changed:
        raise StrategyError(
            f"the code of {kind.__qualname__} was edited after this process had loaded it"
            f" ({', '.join(changed)}); start Python again"
        )
    return {"files": now, "distributions": _versions({_top(one) for one in _classes(kind)})}


def hashes_of(kind: type) -> Mapping[str, str]:
    """Return the hashes of the files behind a class and its bases, by name.

    A module in a package counts with all files of its package. Raises ValueError for a class that
    was not read from a file.
    """
    files = dict(named for one in _classes(kind) for named in _files(one))
    return {name: hash_file(file) for name, file in sorted(files.items())}


def attributes_of(engine: object, without: Iterable[str]) -> Mapping[str, Any]:
    """Return an engine's attributes as texts in JSON; of a value of another kind, its type."""
    kept = {name: value for name, value in vars(engine).items() if name not in without}
    return {name: _plain(value) for name, value in kept.items()}


def _classes(kind: type) -> list[type]:
    return [one for one in kind.__mro__ if _top(one) not in sys.stdlib_module_names]


def _top(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _files(kind: type) -> Iterator[tuple[str, Path]]:
    module = sys.modules.get(kind.__module__)
    path = getattr(module, "__file__", None)
    if path is None:
        raise ValueError(f"the code of {kind.__qualname__} is in no file, so it has no hash")
    file, package = Path(path), getattr(module, "__package__", "")
    yield f"{kind.__module__}:{file.name}", file
    # leanopt's own package is large, and little of it has to do with an engine.
    if package and _top(kind) != _CORE:
        for found in file.parent.rglob("*.py"):
            yield f"{package}:{found.relative_to(file.parent).as_posix()}", found


def _versions(packages: set[str]) -> dict[str, str]:
    """Return the versions of the plugins that packages are of; a folder on the path has none."""
    found = {point.module.partition(".")[0]: point.dist for point in entry_points(group="leanopt")}
    known = (found.get(package) for package in packages if package != _CORE)
    return {dist.name: dist.version for dist in known if dist is not None}


def _plain(value: object) -> Any:
    kind = type(value)
    if attrs.has(kind):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(kind)}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_plain(one)) for one in value)
    if isinstance(value, _PLAIN):
        return f"{kind.__qualname__} {value}"
    # Its text may name a place in memory.
    return f"{kind.__module__}.{kind.__qualname__}"
