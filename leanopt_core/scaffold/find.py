"""Finds what kind of strategy a path names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.scaffold.draft import Draft
from leanopt_core.scaffold.lean import lean_draft
from leanopt_core.scaffold.python import python_draft
from leanopt_core.scaffold.ranges import propose
from leanopt_core.scaffold.source import read_source

_LEAN: Final = "QCAlgorithm"
_MAIN: Final = "main.py"
_PYTHON: Final = 'parameters["fast"] or parameters.get("fast", 10)'
_WRITE: Final = {".py": 'self.get_parameter("fast", 10)', ".cs": 'GetParameter("fast", 10)'}


@frozen
class Strategy:
    """A strategy's folder, and its file where it is no LEAN project."""

    folder: Path
    file: Path | None = None


def find(path: Path) -> Strategy:
    """Return the strategy that a file or a folder is.

    Raises UsageError where a folder holds none, or more than one.
    """
    folder = path if path.is_dir() else path.parent
    if path.suffix in (".cs", ".csproj") or (path.name == _MAIN and _says(path, _LEAN)):
        return Strategy(folder)
    if not path.is_dir():
        return Strategy(folder, path)
    if any(folder.glob("*.csproj")) or any(folder.glob("*.cs")) or _says(folder / _MAIN, _LEAN):
        return Strategy(folder)
    return Strategy(folder, _only(folder))


def draft_of(strategy: Strategy, folder: Path, algorithm: str | None) -> Draft:
    """Return what a pipeline in `folder` says of a strategy.

    Raises UsageError where there is nothing to search.
    """
    if strategy.file is not None:
        if algorithm is not None:
            raise UsageError(f"--algorithm is for LEAN projects; {strategy.file} is none")
        source = read_source(strategy.file)
        draft, where, write = python_draft(source, folder), str(strategy.file), _PYTHON
    else:
        draft, where, write = _lean(strategy.folder, folder, algorithm)
    if not draft.parameters:
        raise UsageError(
            f"{where} reads no parameter; write {write} where a number is to be searched"
        )
    if all(propose(read).levels == 1 for read in draft.parameters):
        raise UsageError(f"{where} reads only texts of one value: there is nothing to search")
    return draft


def _lean(project: Path, folder: Path, algorithm: str | None) -> tuple[Draft, str, str]:
    from leanopt_core.engines.lean.source import scan

    source = scan(project, algorithm, key="--algorithm")
    write = _WRITE[Path(source.files[0]).suffix]
    draft = lean_draft(source, folder, named=algorithm is not None)
    return draft, f"{source.algorithm} ({project})", write


def _says(file: Path, word: str) -> bool:
    try:
        return word in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _only(folder: Path) -> Path:
    """Return the one strategy of a folder."""
    found = []
    for file in sorted(folder.glob("*.py")):
        try:
            read_source(file)
        except UsageError:
            continue
        found.append(file)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise UsageError(f"name one file in {folder}; with a function marked @backtest: {names}")
    return found[0]
