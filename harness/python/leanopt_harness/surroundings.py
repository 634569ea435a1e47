"""What a strategy may change about its process, put right before the next backtest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from leanopt_harness.folder import Folder
from leanopt_harness.settings import Setting, settings


def standard_error() -> TextIO:
    """Return a new text stream onto descriptor 2, line by line."""
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


class Surroundings:
    """The process as it is now: streams, settings, the generator and decimals, and `folder`.

    What is dear to look at, or cannot be seen, is left: NumPy's global generator, descriptors,
    files elsewhere, what a module keeps.
    """

    def __init__(self, folder: Folder) -> None:
        self._process = os.getpid()
        self._folder = folder
        self._settings: list[Setting] = settings()
        self._modules = _modules()
        self._mask = os.umask(0)
        os.umask(self._mask)

    def restore(self) -> str | None:
        """Put everything back; return what cannot be, None where all is as it was."""
        if os.getpid() != self._process:
            return None  # a child that a strategy forked, and that came back: not its own to put
        os.umask(self._mask)
        _open_streams()
        for put in self._modules:
            put()
        for name, read, saved, put_back in self._settings:
            if read() != saved:
                try:
                    put_back(saved)
                except (OSError, ValueError) as error:
                    return f"{name} cannot be put back: {error}"
        return self._folder.restore()


def _open_streams() -> None:
    """Open again what was closed or taken away of the two output streams."""
    if sys.stderr is None or sys.stderr.closed:
        sys.stderr = standard_error()
    if sys.stdout is None or sys.stdout.closed:
        sys.stdout = sys.stderr


def _modules() -> list[Callable[[], object]]:
    """Return what puts back the state of modules, those of them that the import has loaded."""
    put: list[Callable[[], object]] = []
    if (decimal := sys.modules.get("decimal")) is not None:
        context = decimal.getcontext().copy()
        put.append(lambda: decimal.setcontext(context.copy()))
    if (random := sys.modules.get("random")) is not None:
        state = random.getstate()
        put.append(lambda: random.setstate(state))
    return put
