"""Restores what a strategy may change in its process, before the next backtest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from leanopt_harness.folder import Folder
from leanopt_harness.namespaces import Namespaces
from leanopt_harness.settings import Setting, settings


def standard_error() -> TextIO:
    """Return a new line-buffered text stream on descriptor 2."""
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


class Surroundings:
    """The state of the process: settings, names of Python's modules, streams and `folder`.

    Not restored, since checking is slow or impossible: state in modules, descriptors from 3, files
    elsewhere.
    """

    def __init__(self, folder: Folder) -> None:
        self._process = os.getpid()
        self._folder = folder
        self._settings: list[Setting] = settings()
        self._readers = [setting.read for setting in self._settings]
        self._saved = [setting.saved for setting in self._settings]
        self._namespaces = Namespaces()
        self._decimals = _decimals()
        self._mask = os.umask(0)
        os.umask(self._mask)

    def restore(self) -> str | None:
        """Restore everything; return what cannot be restored, or None."""
        if os.getpid() != self._process:
            return None  # a forked child of the strategy returned here: not its job
        os.umask(self._mask)
        self._namespaces.restore()
        self._open_streams()
        self._decimals()
        if (faults := sys.modules.get("faulthandler")) is not None:
            faults.cancel_dump_traceback_later()
        values = [read() for read in self._readers]
        if values != self._saved and (failed := self._put_back(values)) is not None:
            return failed
        return self._folder.restore()

    def _put_back(self, values: list[Any]) -> str | None:
        """Restore the settings whose values differ; return which cannot be, or None."""
        for (name, _, saved, put), value in zip(self._settings, values, strict=True):
            if value != saved:
                try:
                    put(saved)
                except (OSError, ValueError) as error:
                    return f"{name} cannot be restored: {error}"
        return None

    def _open_streams(self) -> None:
        """Reopen the two output streams if they were closed."""
        if sys.stderr is None or sys.stderr.closed:
            sys.stderr = standard_error()
            self._namespaces.keep("stderr")
        if sys.stdout is None or sys.stdout.closed:
            sys.stdout = sys.stderr
            self._namespaces.keep("stdout")


def _decimals() -> Callable[[], object]:
    """Return a function that restores the decimal context, if the import has loaded the module."""
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return lambda: None
    context = decimal.getcontext().copy()
    return lambda: decimal.setcontext(context.copy())
