"""Which files of a data folder count: patterns that each must fit a file of it."""

from __future__ import annotations

import fnmatch
import glob
import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from leanopt_core.errors import StrategyError
from leanopt_core.suggest import did_you_mean, nearest

_SHOWN = 6


def selected(folder: Path, patterns: Sequence[str] | None) -> list[tuple[str, Path]]:
    """Return the files below `folder` that match a pattern, sorted by name; without patterns, all.

    A folder means all files below it. Raises StrategyError with every pattern that matches nothing.
    """
    if not patterns:
        return sorted(_walk(folder))
    fits = {pattern: _fits(folder, pattern) for pattern in patterns}
    found, met = [], set[str]()
    for name, file in _walk(folder):
        fitting = {pattern for pattern, fit in fits.items() if fit(name)}
        met |= fitting
        if fitting:
            found.append((name, file))
    if wrong := [_mistake(folder, pattern) for pattern in fits if pattern not in met]:
        raise StrategyError("\n".join(wrong))
    return sorted(found)


def present(folder: Path, patterns: Sequence[str]) -> list[tuple[str, Path]]:
    """Return the files below `folder` that match a pattern, sorted by name.

    Unlike in `selected`, a pattern may match nothing, and one that leaves the folder does so. Only
    the folders that patterns name are read.
    """
    below = defaultdict[str, list[str]](list)
    inside = (pattern for pattern in patterns if not outside(pattern))
    for pattern in map(posixpath.normpath, inside):
        parts = takewhile(lambda part: not glob.has_magic(part), pattern.split("/"))
        below[posixpath.normpath("/".join(parts))].append(pattern)
    found: dict[str, Path] = {}
    for fixed, some in below.items():
        fits = re.compile("|".join(fnmatch.translate(one) for one in some)).match
        # Unlike pathlib, this accepts text that cannot be a file name.
        if os.path.isfile(folder / fixed):  # noqa: PTH113
            found[fixed] = folder / fixed
        for name, file in _walk(folder / fixed):
            path = posixpath.normpath(f"{fixed}/{name}")
            if fixed in some or fits(path):
                found[path] = file
    return sorted(found.items())


def pattern_errors(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Return an error for each pattern that matches no file; stops searching at the first match."""
    if not patterns:
        return []
    left = {
        pattern: _fits(folder, pattern)
        for pattern in patterns
        if outside(pattern) or not os.path.isfile(folder / pattern)  # noqa: PTH113 - see _fits
    }
    for name, _ in _walk(folder):
        left = {pattern: fit for pattern, fit in left.items() if not fit(name)}
        if not left:
            break
    return [_mistake(folder, pattern) for pattern in left]


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file with its name relative to `folder`; follow links, but no cycles.

    Data folders are often symbolic links; a link to a parent folder would never end.
    """
    chains = {str(folder): {folder.resolve()}}
    for here, folders, files in os.walk(folder, followlinks=True):
        chain = chains.pop(here)
        for name in list(folders):
            below = os.path.join(here, name)  # noqa: PTH118 - as os.walk names it
            real = Path(below).resolve()
            if real in chain:
                folders.remove(name)
            else:
                chains[below] = {*chain, real}
        for file in map(Path(here).joinpath, files):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file


def _fits(folder: Path, pattern: str) -> Callable[[str], object]:
    """Return a function that matches names; a pattern that leaves the folder matches nothing."""
    if outside(pattern):
        return lambda _: False
    plain = posixpath.normpath(pattern)
    # Unlike pathlib, these accept text that cannot be a file name.
    if os.path.isdir(folder / plain):  # noqa: PTH112
        plain = "*" if plain == "." else f"{glob.escape(plain)}/*"
    elif os.path.isfile(folder / plain):  # noqa: PTH113
        plain = glob.escape(plain)
    return re.compile(fnmatch.translate(plain)).match


def outside(pattern: str) -> bool:
    """Return whether a pattern is empty or leaves the data folder."""
    plain = posixpath.normpath(pattern)
    return not pattern or plain.startswith("/") or plain.split("/")[0] == ".."


def _mistake(folder: Path, pattern: str) -> str:
    what = f"strategy.data_files: found {pattern!r}, expected a pattern"
    if outside(pattern):
        return f"{what} relative to {folder}, such as 'equity/usa/daily/*.zip'"
    hint = _hint(folder, posixpath.normpath(pattern).split("/"))
    return f"{what} that matches a file in {folder}" + (f" ({hint})" if hint else "")


def _hint(folder: Path, parts: Sequence[str]) -> str:
    """Return the nearest existing path, or the names where the pattern's path ends."""
    here, way = folder, list(parts)
    for depth, part in enumerate(parts):
        names = sorted(one.name for one in here.iterdir()) if here.is_dir() else []
        if part not in names and fnmatch.filter(names, part):
            break
        close = part if part in names else nearest(part, names)
        if close is None:
            below = "/".join(way[:depth]) or folder
            there = did_you_mean(part, names[:_SHOWN]) or "it is empty"
            return f"in {below}: {there}" + (", ..." if len(names) > _SHOWN else "")
        way[depth], here = close, here / close
    return f"did you mean {'/'.join(way)!r}?" if way != list(parts) else ""
