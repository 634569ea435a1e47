"""The files that a project is: what its identity is made of, and what a build is made from."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from leanopt_core.canonical import digest
from leanopt_core.content import hash_file
from leanopt_core.errors import StrategyError

# The compiler reads these; what else is hidden belongs to other tools, or is secret.
_KEPT = (".editorconfig", ".globalconfig")
_GENERATED = ("bin", "obj", "__pycache__")
# Where LEAN CLI leaves its results, with copies of the code.
_RESULTS = ("backtests", "live", "optimizations")
_SOURCES = (".py", ".cs")


def files_of(project: Path, apart: Collection[Path] = ()) -> dict[str, Path]:
    """Return the project's files by name (relative, with `/`), sorted.

    Left out: what is hidden, bin, obj, LEAN CLI's results, pipelines, and all paths in `apart`.
    Raises StrategyError that names every link and every odd file that cannot be a part.
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

    Raises StrategyError where one cannot be read.
    """
    try:
        return digest({name: hash_file(path) for name, path in files.items()})
    except OSError as error:
        raise StrategyError(f"{error.filename} cannot be read: {error.strerror}") from None


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a new folder, links as what they lead to, readable for everybody.

    Raises StrategyError where one cannot be read.
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
    """Let every user read what is in a folder: in a container it may be another who does."""
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
    """Say whether LEAN CLI keeps results in the folder: then no source lies right in it."""
    return folder.name in _RESULTS and not any(
        one.suffix in _SOURCES for one in _entries(folder) if one.is_file()
    )


def _is_pipeline(path: Path) -> bool:
    """Say whether this is a pipeline: an edit to one is none to the strategy."""
    if path.suffix != ".toml":
        return False
    try:
        return "strategy" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _problem(path: Path, project: Path) -> str | None:
    """Return why the path cannot be a part of a project, None where it can."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return f"{os.fsencode(path)!r}: its name is no UTF-8; rename it"
    if path.is_symlink():
        if not path.exists():
            return f"{path} is a link that leads nowhere; remove it"
        if not path.resolve().is_relative_to(project.resolve()):
            return f"{path} is a link out of the project; put a copy in its place"
        if path.is_dir():
            return f"{path} is a link to a folder; put a copy in its place"
    elif not (path.is_file() or path.is_dir()):
        return f"{path} is no plain file; remove it"
    return None
