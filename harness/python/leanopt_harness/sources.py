"""Imports the project's files from bytes that are read once, so that the hashed code runs."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH112, PTH118, PTH123

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
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import CodeType

from leanopt_harness.project import Project


class Sources:
    """The project's source files, each with the content of the first read.

    Compiled files (`__pycache__`) are neither read nor written: they detect edits by a time in
    whole seconds, and a stale one would run under the new file's hash.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._held: dict[str, bytes] = {}
        self._sealed = False

    def read(self, path: str) -> bytes:
        """Return the bytes of `path`. Raises OSError; ImportError for a new file once sealed."""
        held = self._held.get(path)
        if held is None:
            if self._sealed:
                raise ImportError(
                    f"{self._project.relative(path)} is not part of the strategy's identity, for "
                    "no import statement names it: import it at the top of a strategy file"
                )
            with open(path, "rb") as file:
                held = self._held[path] = file.read()
        return held

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
        return FileFinder(
            folder,
            (ExtensionFileLoader, EXTENSION_SUFFIXES),
            # Typed as a class, called as a factory.
            (partial(_Loader, self), SOURCE_SUFFIXES),  # type: ignore[arg-type]
            (SourcelessFileLoader, BYTECODE_SUFFIXES),
        )


class _Loader(SourceFileLoader):
    """Loads one source file from `Sources`."""

    def __init__(self, sources: Sources, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._sources = sources

    def get_data(self, path: str) -> bytes:
        """Return a file's bytes: for a source those of the first read, else the current ones."""
        if path.endswith(tuple(SOURCE_SUFFIXES)):
            return self._sources.read(path)
        return super().get_data(path)

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the compiled module, from its source and nothing else."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)
