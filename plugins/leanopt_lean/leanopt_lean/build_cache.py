"""Builds kept by what decides them.

A build lies in `<builds>/<key>`: `source` (a copy of the project), `bin` (what the compiler made of
it) and `build.json`. It is made in a folder beside it and renamed when it is whole, by whoever has
the turn.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, evolve, field, frozen

from leanopt_core.canonical import digest
from leanopt_core.errors import StrategyError
from leanopt_lean.msbuild import Options
from leanopt_lean.snapshot import files_of, hash_files, open_to_readers

_VERSION = 1
_RECORD = "build.json"
_SOURCES = "source"


@frozen
class Recipe:
    """What decides a build beside the sources: the executor's place, harness version, options."""

    runtime: Mapping[str, str]
    harness: str
    options: Options = field(factory=Options)

    def key(self, source: str) -> str:
        """Return the key of the build of sources with this content hash."""
        options = {"launcher": self.options.launcher, "network": self.options.network}
        parts = {"source": source, "place": dict(self.runtime), "harness": self.harness}
        return digest({"version": _VERSION, "options": options, **parts})


@frozen
class Built:
    """A build: `path` is the folder that workers are to see as `{build}`.

    `assembly` is the C# assembly's file name in it, None for Python. `source` is the content hash
    of the sources alone, `key` that of all that decides the build. `log` is what the compiler
    printed. `stale` says that the sources have changed since, where building was skipped.
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
    """What is written beside a build; `content` is the hash of the folder that workers see."""

    project: str
    source: str
    assembly: str | None
    content: str
    log: str


def load(builds: Path, recipe: Recipe, source: str) -> Built | None:
    """Return the build of sources with this hash, None where there is none or it is damaged."""
    return _load(builds / recipe.key(source), recipe)


def last(builds: Path, project: Path, recipe: Recipe, source: str) -> Built:
    """Return the build of `project` that was used last; `source` is the sources' hash now.

    Raises StrategyError where there is none.
    """
    for path in sorted(builds.glob(f"*/{_RECORD}"), key=_used, reverse=True):
        record = _read(path)
        if record is None or record.project != str(project.resolve()):
            continue
        if built := _load(path.parent, recipe):
            return evolve(built, stale=record.source != source)
    raise StrategyError(f"there is no build of {project} yet; run once without --skip-build")


def publish(work: Path, builds: Path, recipe: Recipe, record: Record) -> Built:
    """Put the finished build in `work` in its place at one stroke; for whoever has the turn."""
    target = builds / recipe.key(record.source)
    (work / _RECORD).write_text(json.dumps(asdict(record)), encoding="utf-8")
    open_to_readers(work)
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return _built(target, record, recipe)


def _load(folder: Path, recipe: Recipe) -> Built | None:
    record = _read(folder / _RECORD)
    if record is None:
        return None
    built = _built(folder, record, recipe)
    try:
        whole = hash_files(files_of(built.path)) == record.content
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
