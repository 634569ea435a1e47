"""Copies of a strategy's sources: what is saved during a run does not reach its workers."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from leanopt_core.canonical import digest
from leanopt_core.content import hash_file
from leanopt_core.engines.builds import UNFINISHED_BUILD, build_turn
from leanopt_core.errors import StrategyError


def take_snapshot(folder: Path, names: Iterable[str], builds: Path) -> Path:
    """Return a folder in `builds` with copies of these files; make it if it is not there.

    `names` are relative to `folder`, with `/`. Raises StrategyError if one cannot be copied. One
    that has been saved since it was described is found by the identity that workers report.
    """
    try:
        content = {name: (folder / name).read_bytes() for name in names}
        hashes = {name: sha256(one).hexdigest() for name, one in content.items()}
        target = builds / f"python-{digest(hashes)}"
        if not _holds(target, hashes):
            with build_turn(builds):
                # Another process may have made it while this one waited for its turn.
                if not _holds(target, hashes):
                    _make(content, builds, target)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        raise StrategyError(f"the strategy's sources cannot be copied: {why}") from None
    return target


def _make(content: Mapping[str, bytes], builds: Path, target: Path) -> None:
    # Beside the target, on one file system, so that it can be published by a rename.
    work = Path(mkdtemp(prefix=UNFINISHED_BUILD, dir=builds))
    try:
        for name, text in content.items():
            file = work / "source" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        # A container may run as another user.
        for path in (work / "source", *(work / "source").rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        (work / "source").rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _holds(target: Path, hashes: Mapping[str, str]) -> bool:
    """Return whether a folder has these files and no others."""
    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*")}
    found = {name: hash_file(path) for name, path in there.items() if path.is_file()}
    return found == dict(hashes)
