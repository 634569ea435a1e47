"""The project folder: the strategy's own files and their names."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH100, PTH118, PTH120, PTH206

from __future__ import annotations

import os
from dataclasses import dataclass

#: The folder of Python's library.
LIBRARY = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
# Python's library and this harness: described by their versions, never the project's own.
_SHARED = (LIBRARY, os.path.join(os.path.dirname(os.path.abspath(__file__)), ""))
_LIBRARIES = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Project:
    """A strategy's entry (`file`, absolute, and `function`) and the `folder` that it belongs to.

    `by_code` identifies Python files by their code, without comments and docstrings.
    """

    folder: str
    file: str
    function: str
    by_code: bool = False

    @classmethod
    def of(cls, entry: str, folder: str | None = None, *, by_code: bool = False) -> Project:
        """Return the project of `entry` (`path/strategy.py:run`), by default the file's folder.

        Raises ValueError if `entry` has another form or is outside `folder`.
        """
        path, colon, function = entry.rpartition(":")
        if not (colon and path.endswith(".py") and function.isidentifier()):
            raise ValueError(f'entry "{entry}": expected FILE.py:FUNCTION, as in strategy.py:run')
        file = os.path.abspath(path)
        root = os.path.dirname(file) if folder is None else os.path.abspath(folder)
        if not file.startswith(os.path.join(root, "")):
            raise ValueError(f'entry "{entry}" is not in the project folder {folder}')
        return cls(root, file, function, by_code)

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders that imports start from: the project's, then the entry file's own."""
        return tuple(dict.fromkeys((self.folder, os.path.dirname(self.file))))

    @property
    def module(self) -> str:
        """The dotted name under which the entry file is imported, from the project folder."""
        inside = self.file[len(os.path.join(self.folder, "")) : -len(".py")]
        return inside.replace(os.sep, ".")

    def relative(self, path: str) -> str | None:
        """Return an absolute path as seen from the project folder, None if it is not its own.

        The parts are joined with `/`. Installed packages in an environment inside the folder, and
        this harness, do not belong to the project.
        """
        prefix = os.path.join(self.folder, "")
        if not path.startswith(prefix) or path.startswith(_SHARED):
            return None
        parts = path[len(prefix) :].split(os.sep)
        return None if _LIBRARIES.intersection(parts) else "/".join(parts)

    def is_foreign(self, path: str) -> bool:
        """Return whether an absolute path is neither the project's, nor installed, nor Python's."""
        return not installed(path) and self.relative(path) is None


def installed(path: str) -> bool:
    """Return whether an absolute path is Python's, this harness's or a distribution's."""
    return path.startswith(_SHARED) or not _LIBRARIES.isdisjoint(path.split(os.sep))
