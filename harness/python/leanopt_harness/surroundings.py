"""Restores what a strategy may change in its process, before the next backtest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from leanopt_harness.folder import Folder
from leanopt_harness.settings import Setting, settings


def standard_error() -> TextIO:
    """Return a new line-buffered text stream on descriptor 2."""
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


class Surroundings:
    """The state of the process: streams, settings, random generator, decimal context and `folder`.

    Not restored, since checking is slow or impossible: NumPy's global generator, descriptors, files
    elsewhere, state in modules.
    """

    def __init__(self, folder: Folder) -> None:
        self._process = os.getpid()
        self._folder = folder
        self._settings: list[Setting] = settings()
        self._modules = _modules()
        self._mask = os.umask(0)
        os.umask(self._mask)

    def restore(self) -> str | None:
        """Restore everything; return what cannot be restored, or None."""
        if os.getpid() != self._process:
            return None  # a forked child of the strategy returned here: not its job
        os.umask(self._mask)
        _open_streams()
        for put in self._modules:
            put()
        for name, read, saved, put_back in self._settings:
            if read() != saved:
                try:
                    put_back(saved)
                except (OSError, ValueError) as error:
                    return f"{name} cannot be restored: {error}"
        return self._folder.restore()


def _open_streams() -> None:
    """Reopen the two output streams if they were closed or replaced."""
    if sys.stderr is None or sys.stderr.closed:
        sys.stderr = standard_error()
    if sys.stdout is None or sys.stdout.closed:
        sys.stdout = sys.stderr


def _modules() -> list[Callable[[], object]]:
    """Return functions that restore the state of modules that the import has loaded."""
    put: list[Callable[[], object]] = []
    if (decimal := sys.modules.get("decimal")) is not None:
        context = decimal.getcontext().copy()
        put.append(lambda: decimal.setcontext(context.copy()))
    if (random := sys.modules.get("random")) is not None:
        state = random.getstate()
        put.append(lambda: random.setstate(state))
    return put
