"""The cache of builds, by everything that determines a build.

A build is in `<builds>/<key>`: `source` (a copy of the project), `bin` (the compiler's output) and
`build.json`. It is made in a temporary folder beside it and renamed when complete, under a lock.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, evolve, field, frozen

from leanopt_core.api import StrategyError, digest
from leanopt_lean.msbuild import Options
from leanopt_lean.snapshot import files_of, hash_files, open_to_readers

_VERSION = 1
_RECORD = "build.json"
_SOURCES = "source"


@frozen
class Recipe:
    """What determines a build besides the sources: runtime, harness version, compiler options."""

    runtime: Mapping[str, str]
    harness: str
    options: Options = field(factory=Options)

    def key(self, source: str) -> str:
        """Return the key of the build of sources with this content hash."""
        # Not the time limit, which changes no build.
        options = {"launcher": self.options.launcher, "network": self.options.network}
        parts = {"source": source, "place": dict(self.runtime), "harness": self.harness}
        return digest({"version": _VERSION, "options": options, **parts})


@frozen
class Built:
    """A build; `path` is the folder that workers see as `{build}`.

    `assembly` is the file name of the C# assembly in it, None for Python. `source` is the content
    hash of the sources, `key` the hash of everything that determines the build. `log` is what the
    compiler printed. `stale`: building was skipped, and the sources have changed since.
    """

    path: Path
    assembly: str | None
    source: str
    key: str
    log: str = ""
    stale: bool = False

    @property
    def sources(self) -> Path:
        """Return the folder of the copy of the sources."""
        return self.path.parent / _SOURCES


@frozen
class Record:
    """The content of `build.json`; `content` is the hash of the folder that workers see."""

    project: str
    source: str
    assembly: str | None
    content: str
    log: str


def load(builds: Path, recipe: Recipe, source: str) -> Built | None:
    """Return the build of sources with this hash; None if it is missing or damaged."""
    return _load(builds / recipe.key(source), recipe)


def last(builds: Path, project: Path, recipe: Recipe, source: str) -> Built:
    """Return the build of `project` that was used last; `source` is the sources' current hash.

    Raises StrategyError if there is no build.
    """
    for path in sorted(builds.glob(f"*/{_RECORD}"), key=_used, reverse=True):
        record = _read(path)
        if record is None or record.project != str(project.resolve()):
            continue
        if built := _load(path.parent, recipe):
            return evolve(built, stale=record.source != source)
    raise StrategyError(f"{project} has not been built yet; run once without --skip-build")


def publish(work: Path, builds: Path, recipe: Recipe, record: Record) -> Built:
    """Move the finished build in `work` into the cache by one rename; the caller holds the lock."""
    target = builds / recipe.key(record.source)
    # Everything is in place before the rename: others see a whole build or none.
    (work / _RECORD).write_text(json.dumps(asdict(record)), encoding="utf-8")
    open_to_readers(work)
    # What is there is damaged: `load` has refused it.
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return _built(target, record, recipe)


def _load(folder: Path, recipe: Recipe) -> Built | None:
    record = _read(folder / _RECORD)
    if record is None:
        return None
    built = _built(folder, record, recipe)
    try:
        # A build that was damaged since is made again.
        whole = hash_files(files_of(built.path)) == record.content
        # `last` finds the build that was used last by this time.
        os.utime(folder / _RECORD)
    except (OSError, StrategyError):
        return None
    return built if whole else None


def _read(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _built(folder: Path, record: Record, recipe: Recipe) -> Built:
    path = folder / ("bin" if record.assembly else "source")
    return Built(path, record.assembly, record.source, recipe.key(record.source), record.log)


def _used(record: Path) -> int:
    return record.stat().st_mtime_ns
