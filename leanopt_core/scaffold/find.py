"""Finds the engine whose strategy a path names, and what it says of a first pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from leanopt_core.errors import UsageError
from leanopt_core.plugins import CORE, Registry
from leanopt_core.scaffold.asking import ask, offering
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.ranges import propose

_CLASS: Final = "QCAlgorithm"
_MAIN: Final = "main.py"


def draft_of(wish: InitWish, registry: Registry) -> Draft:
    """Return what a pipeline says of a strategy.

    The plugins' engines are asked first, in the order of their names; what none of them knows is
    taken for a strategy in Python. Raises UsageError where there is nothing to search.
    """
    for engine in offering(registry, "init"):
        if engine.distribution == CORE and is_lean(wish.strategy):
            raise UsageError(f"{wish.strategy} is a LEAN project: pip install leanopt-lean")
        if (draft := ask(engine, "init", Draft, wish)) is not None:
            _refuse_empty(draft)
            return draft
    raise UsageError(f"no engine knows what {wish.strategy} is")


def is_lean(path: Path) -> bool:
    """Say whether a file or a folder is a LEAN project, or of one."""
    if path.suffix in (".cs", ".csproj"):
        return True
    if not path.is_dir():
        return path.name == _MAIN and _says(path, _CLASS)
    return any(any(path.glob(f"*.{kind}")) for kind in ("cs", "csproj")) or _says(
        path / _MAIN, _CLASS
    )


def _refuse_empty(draft: Draft) -> None:
    """Raise UsageError where there is nothing to search."""
    if draft.unsure:
        return
    if not draft.parameters:
        raise UsageError(
            f"{draft.source} reads no parameter; write {draft.example} where a number is to be "
            "searched"
        )
    if all(propose(read).levels == 1 for read in draft.parameters):
        raise UsageError(
            f"{draft.source} reads only texts of one value: there is nothing to search"
        )


def _says(file: Path, word: str) -> bool:
    try:
        return word in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
