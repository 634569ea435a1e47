"""Imports the project's files from bytes that are read once, so that the hashed code runs."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH112, PTH113, PTH118, PTH123

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from leanopt_harness.project import Project

_SUFFIXES = tuple(SOURCE_SUFFIXES)


class Sources:
    """The project's source files, each with the content of the first read.

    With a `snapshot`, a folder with copies of them, the content is that of the copies, and a file
    without one is refused: what is saved during a run does not reach its workers.

    Compiled files (`__pycache__`) are neither read nor written: they detect edits by a time in
    whole seconds, and a stale one would run under the new file's hash.
    """

    def __init__(self, project: Project, snapshot: str | None = None) -> None:
        self._project = project
        self._snapshot = snapshot
        self._held: dict[str, bytes] = {}
        self._sealed = False

    def read(self, path: str) -> bytes:
        """Return the bytes of `path`. Raises OSError; ImportError for a file that is refused."""
        held = self._held.get(path)
        if held is None:
            place = self._copy(path) or path
            if self._sealed or not (place == path or os.path.isfile(place)):
                raise ImportError(
                    f"{self._project.relative(path)} is not part of the strategy's identity, for "
                    "no import statement names it: import it at the top of a strategy file"
                )
            with open(place, "rb") as file:
                held = self._held[path] = file.read()
        return held

    def exists(self, path: str) -> bool:
        """Return whether a file of the project exists, in the snapshot if there is one."""
        return os.path.isfile(self._copy(path) or path)

    def has_copy(self, path: str) -> bool:
        """Return whether the snapshot has a copy of a source file."""
        copy = self._copy(path)
        return copy is not None and os.path.isfile(copy)

    def copied(self) -> set[str] | None:
        """Return the paths of all files that the snapshot has copies of, None without one."""
        if self._snapshot is None:
            return None
        copies = (
            os.path.join(one, name) for one, _, names in os.walk(self._snapshot) for name in names
        )
        inside = (os.path.relpath(copy, self._snapshot) for copy in copies)
        return {os.path.join(self._project.folder, name) for name in inside}

    def _copy(self, path: str) -> str | None:
        """Return where the copy of a source file should be, None if its own file counts.

        A compiled file is loaded from where it is.
        """
        name = self._project.relative(path)
        if self._snapshot is None or name is None or not path.endswith(_SUFFIXES):
            return None
        return os.path.join(self._snapshot, *name.split("/"))

    def seal(self) -> None:
        """Refuse files that were not read so far: the identity is final."""
        self._sealed = True

    def install(self) -> None:
        """Put the project's folders first on `sys.path`; import their files from these bytes."""
        sys.path_hooks.insert(0, self._finder)
        for folder in list(sys.path_importer_cache):
            if os.path.join(folder, "").startswith(os.path.join(self._project.folder, "")):
                del sys.path_importer_cache[folder]
        sys.path[:0] = self._project.roots

    def _finder(self, folder: str) -> FileFinder:
        if self._project.relative(os.path.join(folder, "x")) is None or not os.path.isdir(folder):
            raise ImportError(f"{folder} is not in the project")
        return _Finder(folder, self)


class _Finder(FileFinder):
    """Finds the modules of a project's folder, those in the snapshot first."""

    def __init__(self, folder: str, sources: Sources) -> None:
        # Typed as a class, called as a factory.
        loader: Any = partial(_Loader, sources)
        super().__init__(
            folder,
            (ExtensionFileLoader, EXTENSION_SUFFIXES),
            (loader, SOURCE_SUFFIXES),
            (SourcelessFileLoader, BYTECODE_SUFFIXES),
        )
        self._sources = sources

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module under its own path, even if the file there is gone."""
        here = os.path.join(self.path, fullname.rpartition(".")[2])
        for path, inside in ((os.path.join(here, "__init__.py"), [here]), (f"{here}.py", None)):
            if self._sources.has_copy(path):
                loader = _Loader(self._sources, fullname, path)
                return spec_from_file_location(
                    fullname, path, loader=loader, submodule_search_locations=inside
                )
        return super().find_spec(fullname, target)


class _Loader(SourceFileLoader):
    """Loads one source file from `Sources`."""

    def __init__(self, sources: Sources, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._sources = sources

    def get_data(self, path: str) -> bytes:
        """Return a file's bytes: for a source those of the first read, else the current ones."""
        if path.endswith(_SUFFIXES):
            return self._sources.read(path)
        return super().get_data(path)

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the compiled module, from its source and nothing else."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)
