"""The files of a project: its identity is their hash, and a build is made from a copy."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from leanopt_core.api import StrategyError, digest, hash_file

# The compiler reads these; other hidden files belong to other tools, or are secret.
_KEPT = (".editorconfig", ".globalconfig")
_GENERATED = ("bin", "obj", "__pycache__")
# Folders of LEAN CLI's results, which hold copies of the code.
_RESULTS = ("backtests", "live", "optimizations")
_SOURCES = (".py", ".cs")


def files_of(project: Path, apart: Collection[Path] = ()) -> dict[str, Path]:
    """Return the project's files by name (relative, with `/`), sorted.

    Left out: hidden files, bin, obj, LEAN CLI's results, pipelines, and all paths in `apart`.
    Raises StrategyError naming every link and special file.
    """
    left_out = {path.resolve() for path in apart}
    found: dict[str, Path] = {}
    wrong: list[str] = []
    pending = [project]
    while pending:
        for path in _entries(pending.pop()):
            if _ignored(path, project) or path.resolve() in left_out:
                continue
            if problem := _problem(path, project):
                wrong.append(problem)
            elif path.is_dir():
                pending.append(path)
            else:
                found[path.relative_to(project).as_posix()] = path
    if wrong:
        raise StrategyError("\n".join(sorted(wrong)))
    return dict(sorted(found.items()))


def hash_files(files: Mapping[str, Path]) -> str:
    """Return the content hash of files: their names and bytes.

    Raises StrategyError if one cannot be read.
    """
    return digest(hashes_of(files))


def hashes_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by name; raises StrategyError if one cannot be read."""
    try:
        return {name: hash_file(path) for name, path in files.items()}
    except OSError as error:
        raise StrategyError(f"{error.filename} cannot be read: {error.strerror}") from None


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a new folder, links as their targets, readable for all users.

    Raises StrategyError if one cannot be read.
    """
    folder.mkdir()
    try:
        for name, path in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    except OSError as error:
        raise StrategyError(f"{error.filename} cannot be copied: {error.strerror}") from None
    open_to_readers(folder)


def open_to_readers(folder: Path) -> None:
    """Make a folder readable for all users: a container may run as another one."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError as error:
        raise StrategyError(f"{folder} cannot be read: {error.strerror}") from None


def _ignored(path: Path, project: Path) -> bool:
    if path.name.startswith("."):
        return path.name not in _KEPT
    if path.name in _GENERATED and path.is_dir():
        return True
    if path.parent != project:
        return False
    return _is_results(path) if path.is_dir() else _is_pipeline(path)


def _is_results(folder: Path) -> bool:
    """Return whether the folder holds LEAN CLI's results: then no source is directly in it."""
    return folder.name in _RESULTS and not any(
        one.suffix in _SOURCES for one in _entries(folder) if one.is_file()
    )


def _is_pipeline(path: Path) -> bool:
    """Return whether a file is a pipeline: editing one does not change the strategy."""
    if path.suffix != ".toml":
        return False
    try:
        return "strategy" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _problem(path: Path, project: Path) -> str | None:
    """Return why the path cannot be part of a project, None if it can."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return f"{os.fsencode(path)!r}: its name is not UTF-8; rename it"
    if path.is_symlink():
        if not path.exists():
            return f"{path} is a broken link; remove it"
        if not path.resolve().is_relative_to(project.resolve()):
            return f"{path} is a link out of the project; replace it by a copy"
        if path.is_dir():
            return f"{path} is a link to a folder; replace it by a copy"
    elif not (path.is_file() or path.is_dir()):
        return f"{path} is not a regular file; remove it"
    return None
