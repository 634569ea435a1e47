"""The content of LEAN's object store when a backtest begins: a snapshot of a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from attrs import frozen

from leanopt_core.api import STATE, UNFINISHED_BUILD, StrategyError, build_turn
from leanopt_lean.snapshot import copy_files, hash_files

_KEY = "strategy.object_store"
#: The most files that a message names.
_MOST = 5


@frozen
class Store:
    """The copy in `path` that workers see, and the hash of its names and bytes."""

    path: Path
    content: str


def freeze(folder: Path, builds: Path) -> Store:
    """Return the copy of a folder in the folder `builds`; make it if it is not there yet.

    As with the project, edits made meanwhile take effect in the next run. Raises StrategyError for
    a missing folder, and for links, whose content could change.
    """
    if builds.resolve().is_relative_to(folder.resolve()):
        raise StrategyError(
            f"{_KEY}: {folder} also holds leanopt's own files ({STATE}); "
            "expected a folder with the store's objects only"
        )
    files = _files(folder)
    content = hash_files(files)
    target = builds / f"store-{content}"
    if not target.is_dir():
        with build_turn(builds):
            work = Path(mkdtemp(prefix=UNFINISHED_BUILD, dir=builds))
            copy_files(files, work / "store")
            content = hash_files(_files(work / "store"))
            target = builds / f"store-{content}"
            if not target.is_dir():
                (work / "store").rename(target)
            shutil.rmtree(work)
    return Store(target, content)


def _files(folder: Path) -> dict[str, Path]:
    """Return all files below a folder by relative name, hidden ones too: each is an object."""
    if not folder.is_dir():
        raise StrategyError(
            f"{_KEY}: {folder} is not a folder; expected one whose files are objects"
        )
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    odd = [path for path in found if path.is_symlink() or not path.is_file()]
    if odd:
        lines = [
            f"{_KEY}: {path} is not a regular file; replace it by a copy" for path in odd[:_MOST]
        ]
        more = len(odd) - len(lines)
        raise StrategyError("\n".join([*lines, *([f"{_KEY}: and {more} more"] if more else [])]))
    return {path.relative_to(folder).as_posix(): path for path in found}
