"""Restores the current folder after each backtest, and removes the files left in it."""

# Paths are strings here: conversions would count in a backtest of 0.1 ms.
# ruff: noqa: PTH102, PTH108, PTH109, PTH208

from __future__ import annotations

import os
import stat
from contextlib import suppress
from time import time_ns

# Two changes within one tick of a file system's clock leave the same time: most tick every 10 ms
# or less, and those that keep whole seconds every second or two.
_TICK, _SECONDS = 100_000_000, 2_000_000_000


class Folder:
    """The current folder as it is now.

    If it is empty, it is a scratch folder: files that a backtest leaves there are removed. Anywhere
    else, as when a user starts a harness manually, nothing is removed.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._scratch = False
        with suppress(OSError):  # it may have been removed
            self._path = os.getcwd()
            self._place = _place(self._path)
            self._scratch = not os.listdir(self._path)
        self._kept: set[str] = set()
        self._clean: tuple[int, ...] | None = None

    @property
    def scratch(self) -> str | None:
        """The path of a scratch folder, None anywhere else."""
        return self._path if self._scratch else None

    def keep(self) -> None:
        """Keep the files that are there now: the import's, or the client's."""
        if self._scratch:
            with suppress(OSError):
                self._kept = set(os.listdir())

    def restore(self) -> str | None:
        """Change back and remove new files; return why that failed, None if it worked."""
        if self._path is None:
            return None
        try:
            self._go_back(self._path)
            if self._scratch:
                self._remove_new(self._path)
        except OSError as error:
            return f"the current folder cannot be restored: {error}" if self._scratch else None
        return None

    def _go_back(self, path: str) -> None:
        # Unlike changing to it and listing it, looking at it calls no audit hook.
        if _current() == path:
            return
        try:
            os.chdir(path)
        except FileNotFoundError:
            if not self._scratch:
                raise
            os.mkdir(path, 0o700)
            os.chdir(path)
            self._place = _place(path)

    def _remove_new(self, path: str) -> None:
        status = os.lstat(path)
        state = status.st_dev, status.st_ino, status.st_ctime_ns
        if state == self._clean:
            return
        if not self._kept.issuperset(os.listdir(path)):
            self._empty(path)
        elif _is_past(status.st_ctime_ns):
            self._clean = state

    def _empty(self, path: str) -> None:
        import shutil  # most strategies do not need it

        if _place(path) != self._place:
            raise OSError("another folder has taken its place")
        for name in set(os.listdir()) - self._kept:
            if stat.S_ISDIR(os.lstat(name).st_mode):
                shutil.rmtree(name)
            else:
                os.unlink(name)


def _current() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it has been removed
        return None


def _is_past(changed: int) -> bool:
    """Return whether a change from now on has a later time than this one, in nanoseconds."""
    return changed + (_TICK if changed % 10**9 else _SECONDS) < time_ns()


def _place(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino
